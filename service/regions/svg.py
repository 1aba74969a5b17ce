"""A scene as SVG: exact outlines, and text that stays text."""

import re
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest
from xml.sax.saxutils import escape

import numpy as np

from service.regions.bands import Outlines, band_outlines
from service.regions.fonts import is_rightward
from service.regions.palette import DARK, LIGHT, Bytes, Palette
from service.regions.scene import HATCH_PX, Frame, Look, Scene, Stroke, Swatch, Text
from service.regions.shapes import shape_of
from service.softmax.arrays import Floats

FONTS = "DejaVu Sans,Verdana,Noto Sans,Helvetica,Arial,Droid Sans Fallback,sans-serif"

PARTS = 10
"""Curves are written in so many parts of a CSS pixel, regions in the square of it."""

_NOT_XML = re.compile("[\x00-\x1f\ud800-\udfff\ufffe\uffff]")
_NAME = "\x01"  # no text can hold it: see _safe
_INKS = ("ink", "soft", "faint", "paper", "blank", "hatch")


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
    size = f'width="{scene.width}" height="{scene.height}"'
    looks = _named_looks(scene)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{_NAME}" {size}',
        f'viewBox="0 0 {scene.width} {scene.height}" font-family="{FONTS}"',
        f'role="img" aria-labelledby="{_NAME}-t {_NAME}-d">',
        f'<title id="{_NAME}-t">{_safe(scene.title)}</title>',
        f'<desc id="{_NAME}-d">{_safe(scene.description)}</desc>',
        f"<style>{_style(scene)}</style>",
        f"<defs>{''.join(_definitions(scene, looks))}</defs>",
        '<rect class="\x01paper" width="100%" height="100%"/>',
        *_regions(scene),
        *_undecided(scene),
        *(_swatch(swatch) for swatch in scene.swatches),
        *_strokes(scene.strokes),
        *_points(scene, looks),
        *(_text(text) for text in scene.texts),
        "</svg>\n",
    ]
    content = "\n".join(lines).encode()
    # The contents name the picture, so that two in one page share a name only if they are one.
    return content.replace(_NAME.encode(), f"r{zlib.crc32(content):08x}".encode())


def _style(scene: Scene) -> str:
    first = _rules_of(scene, DARK if scene.theme == "dark" else LIGHT)
    if scene.theme != "auto":
        return first
    # An automatic theme asks the reader's own settings; paper is white also by night.
    return f"{first}@media screen and (prefers-color-scheme:dark){{{_rules_of(scene, DARK)}}}"


def _rules_of(scene: Scene, palette: Palette) -> str:
    winners = scene.partition.present
    has_neutral = any(swatch.k is None for swatch in scene.swatches)
    n_classes, n_bands = scene.field.n_classes, len(scene.levels) + 1
    return _rules(palette, n_classes, winners, n_bands, has_neutral=has_neutral)


@lru_cache(maxsize=16)
def _rules(
    palette: Palette, n_classes: int, winners: tuple[int, ...], n_bands: int, *, has_neutral: bool
) -> str:
    """Give the colours of a theme.

    Names of classes begin with the picture's own, since rules do not end at its borders.
    """
    rules = []
    for ink in _INKS:
        colour = _hex(getattr(palette, ink))
        rules.append(f".{_NAME}{ink}{{fill:{colour}}}.{_NAME}{ink}-l{{stroke:{colour}}}")
    tints = palette.tints(n_classes, n_bands)
    rules += [
        f".{_NAME}t{k}-{band}{{fill:{_hex(tints[k, band])}}}"
        for k in winners
        for band in range(n_bands)
    ]
    points = enumerate(palette.points(n_classes))
    rules += [f".{_NAME}p{k}{{fill:{_hex(colour)}}}" for k, colour in points]
    if has_neutral:
        neutral = [_hex(palette.neutral(band, n_bands)) for band in range(n_bands)]
        rules += [f".{_NAME}n{band}{{fill:{colour}}}" for band, colour in enumerate(neutral)]
    return "".join(rules)


def _hex(colour: Floats | Bytes | tuple[int, ...]) -> str:
    return "#" + bytes(np.rint(np.asarray(colour)).astype(np.uint8).tolist()).hex()


def _named_looks(scene: Scene) -> dict[Look, str]:
    looks = dict.fromkeys([*scene.marks.looks, *(marker.look for marker in scene.markers)])
    return {look: f"{_NAME}-{number}" for number, look in enumerate(looks)}


def _definitions(scene: Scene, looks: dict[Look, str]) -> Iterator[str]:
    # Of pieces, those that are not decided are hatched over.
    shown = scene.partition.regions
    if scene.kept is not None and not scene.partition.exact:
        shown = scene.kept
    for k in scene.partition.present:
        own = [region for region in shown if region.winner == k]
        path = _polygons([scene.frame.pixels(region.vertices) for region in own])
        yield f'<clipPath id="{_NAME}-c{k}"><path {path}/></clipPath>'
    many = {look for look, places in scene.marks.groups() if len(places) > 1}
    for look, key in looks.items():
        yield f'<g id="{key}">{_shape(look)}</g>'
        if look in many:
            yield (
                f'<marker id="{key}m" markerUnits="userSpaceOnUse" style="overflow:visible">'
                f'<use href="#{key}"/></marker>'
            )
    if scene.kept is not None:
        turn = f'patternTransform="rotate(45)" width="{HATCH_PX / 2**0.5:.3f}" height="9"'
        yield (
            f'<pattern id="{_NAME}-h" patternUnits="userSpaceOnUse" {turn}>'
            '<path class="\x01blank" d="M0 0h9v9H0z"/>'
            '<path class="\x01hatch" d="M0 0h.71v9H0z"/></pattern>'
        )


@lru_cache(maxsize=256)
def _shape(look: Look) -> str:
    parts = []
    if look.is_ringed:
        ring = f'<circle r="{_number(1.8 * look.radius_px)}" fill="none"'
        parts += [
            f'{ring} class="\x01paper-l" stroke-width="2.4" stroke-opacity=".7"/>',
            f'{ring} class="\x01ink-l" stroke-width="1.3"/>',
        ]
    if look.k is not None:
        path = "".join(
            "M"
            + "L".join(f"{_number(x)} {_number(y)}" for x, y in (look.radius_px * part).tolist())
            + "Z"
            for part in shape_of(look.k)
        )
        faint = f' opacity="{look.opacity:g}"' if look.opacity < 1.0 else ""
        # The stroke lies under the fill, so that parts of a shape melt together.
        parts.append(
            f'<path class="{_NAME}p{look.k} {_NAME}paper-l" stroke-width="1.9" paint-order="stroke"'
            f'{faint} d="{path}"/>'
        )
    return "".join(parts)


def _regions(scene: Scene) -> Iterator[str]:
    frame = scene.frame
    box = f'x="{frame.left}" y="{frame.top}" width="{frame.width}" height="{frame.height}"'
    boxes = scene.partition.boxes
    outlines = band_outlines(scene.field, boxes, scene.levels) if scene.levels else []
    for region, bands in zip_longest(boxes.regions, outlines):
        k = region.winner
        yield f'<g clip-path="url(#{_NAME}-c{k})">'
        yield f'<rect class="{_NAME}t{k}-0" {box}/>'
        if bands is not None and bands.levels:
            yield f'<g transform="scale({1 / PARTS:g})">'
            yield from _bands(scene.frame, bands)
            yield "</g>"
        yield "</g>"


def _bands(frame: Frame, bands: Outlines) -> Iterator[str]:
    both = np.concatenate([bands.controls, bands.vertices], axis=0)
    pixels = np.rint(PARTS * frame.pixels(both)).astype(np.intp).reshape(2, -1, 2)
    numbers = np.concatenate([pixels[1], pixels[0]], axis=1).ravel().tolist()
    # Of each vertex: the place itself, and the control point of the curve that leaves it.
    pieces = ("%d %dQ%d %d \n" * (len(numbers) // 4) % tuple(numbers)).split("\n")
    for level, place in bands.slices():
        first = pieces[place.start].partition("Q")[0]
        tint = f"{_NAME}t{bands.winner}-{level + 1}"
        yield f'<path class="{tint}" d="M{"".join(pieces[place])}{first}"/>'


def _undecided(scene: Scene) -> list[str]:
    """Hatch what the kept regions leave of the view."""
    if scene.kept is None:
        return []
    frame = scene.frame
    holes = "".join(_rings(frame.pixels(region.vertices)) for region in scene.kept)
    whole = f"M{frame.left} {frame.top}h{frame.width}v{frame.height}H{frame.left}Z"
    return [f'<path fill="url(#{_NAME}-h)" fill-rule="evenodd" d="{whole}{holes}"/>']


def _swatch(swatch: Swatch) -> str:
    # The key's boxes meet on whole pixels, as they do in the other painter.
    left, top = round(swatch.x), round(swatch.y)
    wide, high = round(swatch.x + swatch.width) - left, round(swatch.y + swatch.height) - top
    kind = (
        f'class="{_NAME}n{swatch.band}"'
        if swatch.k is None
        else f'class="{_NAME}t{swatch.k}-{swatch.band}"'
    )
    fill = f'fill="url(#{_NAME}-h)"' if swatch.is_hatched else kind
    return f'<rect {fill} x="{left}" y="{top}" width="{wide}" height="{high}"/>'


def _strokes(strokes: Sequence[Stroke]) -> Iterator[str]:
    """Write lines of one look as one path."""
    paths: dict[tuple[str, float, bool], list[str]] = {}
    for stroke in strokes:
        ends = (stroke.x0, stroke.y0, stroke.x1, stroke.y1)
        paths.setdefault((stroke.ink, stroke.width_px, stroke.between is not None), []).append(
            "M{} {}L{} {}".format(*map(_number, ends))
        )
    for (ink, width, is_boundary), parts in paths.items():
        end = ' stroke-linecap="round"' if is_boundary else ' shape-rendering="crispEdges"'
        yield (
            f'<path class="{_NAME}{ink}-l" fill="none" stroke-width="{_number(width)}"{end} '
            f'd="{"".join(parts)}"/>'
        )


def _points(scene: Scene, looks: dict[Look, str]) -> Iterator[str]:
    for look, places in scene.marks.groups():
        if len(places) == 1:
            yield _single(looks[look], *places[0].tolist())
            continue
        listed = ("%.1f,%.1f " * len(places)) % tuple(places.ravel().tolist())
        yield f'<polyline style="fill:none;marker:url(#{looks[look]}m)" points="{listed}"/>'
    for marker in scene.markers:
        yield _single(looks[marker.look], marker.x, marker.y)


def _single(key: str, x: float, y: float) -> str:
    return f'<use href="#{key}" x="{_number(x)}" y="{_number(y)}"/>'


_OTHER_END = {"start": "end", "end": "start"}


def _text(text: Text) -> str:
    x, y, anchor = _number(text.x), _number(text.y), text.anchor
    looks = (
        f'class="{_NAME}{text.ink} {_NAME}paper-l"'
        if text.has_halo
        else f'class="{_NAME}{text.ink}"'
    )
    looks += f' font-size="{_number(text.size_px)}"'
    if not is_rightward(text.text):
        looks += ' direction="rtl"'
        anchor = _OTHER_END.get(anchor, anchor)
    if anchor != "start":
        looks += f' text-anchor="{anchor}"'
    if text.is_bold:
        looks += ' font-weight="bold"'
    if text.has_halo:
        looks += ' stroke-width="4" stroke-linejoin="round" paint-order="stroke"'
    if text.is_upright:
        looks += f' transform="rotate(-90 {x} {y})"'
    return f'<text {looks} x="{x}" y="{y}">{_safe(text.text)}</text>'


def _polygons(polygons: Sequence[Floats]) -> str:
    """Write polygons in hundredths of a pixel."""
    rings = "".join(_rings(PARTS**2 * pixels, "%d %d") for pixels in polygons)
    return f'transform="scale({1 / PARTS**2:g})" d="{rings}"'


def _rings(pixels: Floats, form: str = "%.2f %.2f") -> str:
    numbers = tuple(np.round(pixels, 2 if "f" in form else 0).ravel().tolist())
    return ("M" + "L".join([form] * len(pixels)) + "Z") % numbers


def _number(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _safe(text: str) -> str:
    """Escape a text; what XML cannot hold at all becomes the replacement character."""
    lost = "\N{REPLACEMENT CHARACTER}"
    return escape(_NOT_XML.sub(lost, text))
