"""Regions in an SVG: polygons that clip, and curves of equal probability that fill them."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import zip_longest

import numpy as np

from service.regions.bands import Outlines, band_outlines
from service.regions.markup import NAME, polygons, rings
from service.regions.scene import Frame, Scene
from service.regions.triple import curve, placements, shift
from service.softmax.arrays import Floats

PARTS = 10
"""Curves are written in so many parts of a CSS pixel, regions in the square of it."""


def paint_regions(scene: Scene) -> Iterator[str]:
    """Paint the tints of all regions, and hatch what is not decided.

    Parameters
    ----------
    scene : Scene
        The picture.

    Yields
    ------
    str
        Elements, definitions first.
    """
    frame, levels = scene.frame, scene.levels
    placed = placements(scene.field, frame) if levels else None
    yield f"<defs>{''.join(_clip_paths(scene))}"
    if placed is not None:
        yield f'<path id="{NAME}-e" d="{curve()}"/>'
    yield "</defs>"
    box = f'x="{frame.left}" y="{frame.top}" width="{frame.width}" height="{frame.height}"'
    outlines = list[Outlines]()
    if levels and placed is None:
        outlines = band_outlines(scene.field, scene.partition.boxes, levels)
    for k, bands in zip_longest(scene.partition.present, outlines):
        yield f'<g clip-path="url(#{NAME}-c{k})">'
        yield f'<rect class="{NAME}t{k}-0" {box}/>'
        if placed is not None:
            yield _same_curve(k, levels, placed[k])
        elif bands is not None and bands.levels:
            yield f'<g transform="scale({1 / PARTS:g})">'
            yield from _bands(frame, bands)
            yield "</g>"
        yield "</g>"
    if scene.kept is not None:
        holes = "".join(rings(frame.pixels(region.vertices)) for region in scene.kept)
        whole = f"M{frame.left} {frame.top}h{frame.width}v{frame.height}H{frame.left}Z"
        yield f'<path fill="url(#{NAME}-h)" fill-rule="evenodd" d="{whole}{holes}"/>'


def _clip_paths(scene: Scene) -> Iterator[str]:
    # Of pieces, those that are not decided are hatched over.
    shown = scene.partition.regions
    if scene.kept is not None and not scene.partition.exact:
        shown = scene.kept
    for k in scene.partition.present:
        own = [region for region in shown if region.winner == k]
        path = polygons([scene.frame.pixels(region.vertices) for region in own], PARTS**2)
        yield f'<clipPath id="{NAME}-c{k}"><path {path}/></clipPath>'


def _same_curve(k: int, levels: tuple[float, ...], placed: Floats) -> str:
    numbers = " ".join(f"{entry:.8g}" for entry in placed.T.ravel().tolist())
    return f'<g transform="matrix({numbers})">{_moves(k, levels)}</g>'


@lru_cache(maxsize=16)
def _moves(k: int, levels: tuple[float, ...]) -> str:
    """Place the curve of three classes once for each level, from where one of them sees it."""
    moves = [(band, shift(level)) for band, level in enumerate(levels, start=1)]
    return "\n".join(
        f'<use href="#{NAME}-e" class="{NAME}t{k}-{band}" x="{move}" y="{move}"/>'
        for band, move in moves
    )


def _bands(frame: Frame, bands: Outlines) -> Iterator[str]:
    both = np.concatenate([bands.controls, bands.vertices], axis=0)
    pixels = np.rint(PARTS * frame.pixels(both)).astype(np.intp).reshape(2, -1, 2)
    numbers = np.concatenate([pixels[1], pixels[0]], axis=1).ravel().tolist()
    # Of each vertex: the place itself, and the control point of the curve that leaves it.
    pieces = ("%d %dQ%d %d \n" * (len(numbers) // 4) % tuple(numbers)).split("\n")
    for level, place in bands.slices():
        first = pieces[place.start].partition("Q")[0]
        tint = f"{NAME}t{bands.winner}-{level + 1}"
        yield f'<path class="{tint}" d="M{"".join(pieces[place])}{first}"/>'
