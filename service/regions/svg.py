"""A scene as SVG: exact outlines, and text that stays text."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import fields
from xml.sax.saxutils import escape

import numpy as np

from service.regions.bands import band_outlines, simplified
from service.regions.palette import DARK, LIGHT, Palette
from service.regions.scene import Marker, Scene, Stroke, Swatch, Text
from service.regions.shapes import shape_of
from service.softmax.arrays import Floats

FONTS = "DejaVu Sans, Verdana, Noto Sans, Helvetica, Arial, sans-serif"
TOLERANCE_PX = 0.04
_NOT_XML = re.compile("[\x00-\x1f\ud800-\udfff\ufffe\uffff]")


def paint_svg(scene: Scene) -> bytes:
    """Paint a scene.

    Parameters
    ----------
    scene : Scene
        The picture.

    Returns
    -------
    bytes
        The file, in UTF-8. It loads nothing, and its names and rules are its own, so that
        several pictures can stand in one page.
    """
    name = _own_name(scene)
    size = f'width="{scene.width}" height="{scene.height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{name}" {size}',
        f'viewBox="0 0 {scene.width} {scene.height}" font-family="{FONTS}"',
        f'role="img" aria-labelledby="{name}-t {name}-d">',
        f'<title id="{name}-t">{_safe(scene.title)}</title>',
        f'<desc id="{name}-d">{_safe(scene.description)}</desc>',
        f"<style>{''.join(_style(scene, name))}</style>",
        f"<defs>{''.join(_definitions(scene, name))}</defs>",
        f'<rect class="{name}paper" width="100%" height="100%"/>',
        *_regions(scene, name),
        *(_swatch(swatch, name) for swatch in scene.swatches),
        *(_stroke(stroke, name) for stroke in scene.strokes),
        *_markers(scene, name),
        *(_text(text, name) for text in scene.texts),
        "</svg>\n",
    ]
    return "\n".join(lines).encode()


def _own_name(scene: Scene) -> str:
    numbers = np.column_stack([scene.field.slopes, scene.field.offsets]).tobytes()
    looks = repr((scene.width, scene.height, scene.theme, scene.levels, scene.texts))
    return f"r{zlib.crc32(looks.encode(), zlib.crc32(numbers)):08x}"


def _style(scene: Scene, name: str) -> Iterator[str]:
    """Give the colours of the theme; an automatic one asks the reader's own settings."""
    yield from _rules(scene, name, DARK if scene.theme == "dark" else LIGHT)
    if scene.theme == "auto":
        yield "@media (prefers-color-scheme:dark){"
        yield from _rules(scene, name, DARK)
        yield "}"


def _rules(scene: Scene, name: str, palette: Palette) -> Iterator[str]:
    n_classes, n_bands = scene.field.n_classes, len(scene.levels) + 1
    for field in fields(palette):
        if field.name in {"ink", "soft", "faint", "paper"}:
            colour = _hex(getattr(palette, field.name))
            yield f".{name}{field.name}{{fill:{colour}}}"
            yield f".{name}{field.name}-line{{stroke:{colour}}}"
    for k, tints in enumerate(palette.tints(n_classes, n_bands)):
        for band, tint in enumerate(tints):
            yield f".{name}t{k}-{band}{{fill:{_hex(tint)}}}"
    if any(swatch.k is None for swatch in scene.swatches):
        for band in range(n_bands):
            colour = _hex(palette.neutral(band, n_bands))
            yield f".{name}n{band}{{fill:{colour}}}"
    for k, colour in enumerate(palette.points(n_classes)):
        yield f".{name}m{k}{{fill:{_hex(colour)}}}"


def _hex(colour: Floats | tuple[int, ...]) -> str:
    return "#" + bytes(np.rint(np.asarray(colour)).astype(np.uint8).tolist()).hex()


def _definitions(scene: Scene, name: str) -> Iterator[str]:
    for region in scene.partition.regions:
        path = _path(scene.frame.pixels(region.vertices))
        yield f'<clipPath id="{name}-c{region.winner}"><path d="{path}"/></clipPath>'
    drawn = {_marker_name(marker): marker for marker in scene.markers}
    for key, marker in drawn.items():
        yield f'<g id="{name}-{key}">{"".join(_shape(marker, name))}</g>'


def _marker_name(marker: Marker) -> str:
    kind = "ring" if marker.k is None else f"m{marker.k}"
    return f"{kind}-{_number(marker.radius_px)}{'-wrong' if marker.is_ringed else ''}"


def _shape(marker: Marker, name: str) -> Iterator[str]:
    if marker.is_ringed:
        ring = f'<circle r="{_number(1.8 * marker.radius_px)}" fill="none"'
        yield f'{ring} class="{name}paper-line" stroke-width="2.4" stroke-opacity=".7"/>'
        yield f'{ring} class="{name}ink-line" stroke-width="1.3"/>'
    if marker.k is not None:
        path = "".join(_path(marker.radius_px * part) for part in shape_of(marker.k))
        # The stroke lies under the fill, so that parts of a shape melt together.
        yield (
            f'<path class="{name}m{marker.k} {name}paper-line" stroke-width="1.9" '
            f'paint-order="stroke" d="{path}"/>'
        )


def _regions(scene: Scene, name: str) -> Iterator[str]:
    outlines = band_outlines(scene.field, scene.partition, scene.levels)
    for region in scene.partition.regions:
        k = region.winner
        path = _path(scene.frame.pixels(region.vertices))
        yield f'<g clip-path="url(#{name}-c{k})"><path class="{name}t{k}-0" d="{path}"/>'
        for outline in outlines:
            if outline.winner == k:
                vertices = simplified(scene.frame.pixels(outline.vertices), TOLERANCE_PX)
                yield f'<path class="{name}t{k}-{outline.level + 1}" d="{_path(vertices)}"/>'
        yield "</g>"


def _swatch(swatch: Swatch, name: str) -> str:
    kind = f"n{swatch.band}" if swatch.k is None else f"t{swatch.k}-{swatch.band}"
    # The key's boxes meet on whole pixels, as they do in the other painter.
    left, top = round(swatch.x), round(swatch.y)
    wide, high = round(swatch.x + swatch.width) - left, round(swatch.y + swatch.height) - top
    return f'<rect class="{name}{kind}" x="{left}" y="{top}" width="{wide}" height="{high}"/>'


def _stroke(stroke: Stroke, name: str) -> str:
    cap = ' stroke-linecap="round"' if stroke.between else ' shape-rendering="crispEdges"'
    return (
        f'<line class="{name}{stroke.ink}-line" stroke-width="{_number(stroke.width_px)}"{cap} '
        f'x1="{_number(stroke.x0)}" y1="{_number(stroke.y0)}" '
        f'x2="{_number(stroke.x1)}" y2="{_number(stroke.y1)}"/>'
    )


def _markers(scene: Scene, name: str) -> Iterator[str]:
    for marker in scene.markers:
        key = _marker_name(marker)
        yield f'<use href="#{name}-{key}" x="{_number(marker.x)}" y="{_number(marker.y)}"/>'


def _text(text: Text, name: str) -> str:
    x, y = _number(text.x), _number(text.y)
    looks = f'class="{name}{text.ink}{f" {name}paper-line" if text.has_halo else ""}"'
    looks += f' font-size="{_number(text.size_px)}"'
    if text.anchor != "start":
        looks += f' text-anchor="{text.anchor}"'
    if text.is_bold:
        looks += ' font-weight="bold"'
    if text.has_halo:
        looks += ' stroke-width="4" stroke-linejoin="round" paint-order="stroke"'
    if text.is_upright:
        looks += f' transform="rotate(-90 {x} {y})"'
    return f'<text {looks} x="{x}" y="{y}">{_safe(text.text)}</text>'


def _path(vertices: Floats) -> str:
    return "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in vertices.tolist()) + "Z"


def _number(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _safe(text: str) -> str:
    """Escape a text; what XML cannot hold at all becomes the replacement character."""
    lost = "\N{REPLACEMENT CHARACTER}"
    return escape(_NOT_XML.sub(lost, text))
