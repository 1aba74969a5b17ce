"""A scene as SVG: exact outlines, and text that stays text."""

import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from service.regions.fonts import is_rightward
from service.regions.markup import NAME, number, safe
from service.regions.outlines import paint_regions
from service.regions.palette import DARK, LIGHT, Bytes, Palette
from service.regions.scene import HATCH_PX, Look, Scene, Stroke, Swatch, Text
from service.regions.shapes import shape_of
from service.softmax.arrays import Floats

FONTS = "DejaVu Sans,Verdana,Noto Sans,Helvetica,Arial,Droid Sans Fallback,sans-serif"

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
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{NAME}" {size}',
        f'viewBox="0 0 {scene.width} {scene.height}" font-family="{FONTS}"',
        f'role="img" aria-labelledby="{NAME}-t {NAME}-d">',
        f'<title id="{NAME}-t">{safe(scene.title)}</title>',
        f'<desc id="{NAME}-d">{safe(scene.description)}</desc>',
        f"<style>{_style(scene)}</style>",
        f"<defs>{''.join(_definitions(scene, looks))}</defs>",
        f'<rect class="{NAME}paper" width="100%" height="100%"/>',
        *paint_regions(scene),
        *(_swatch(swatch) for swatch in scene.swatches),
        *_strokes(scene.strokes),
        *_points(scene, looks),
        *(_text(text) for text in scene.texts),
        "</svg>\n",
    ]
    content = "\n".join(lines).encode()
    # The contents name the picture, so that two in one page share a name only if they are one.
    return content.replace(NAME.encode(), f"r{zlib.crc32(content):08x}".encode())


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
        rules.append(f".{NAME}{ink}{{fill:{colour}}}.{NAME}{ink}-l{{stroke:{colour}}}")
    tints = palette.tints(n_classes, n_bands)
    rules += [
        f".{NAME}t{k}-{band}{{fill:{_hex(tints[k, band])}}}"
        for k in winners
        for band in range(n_bands)
    ]
    points = enumerate(palette.points(n_classes))
    rules += [f".{NAME}p{k}{{fill:{_hex(colour)}}}" for k, colour in points]
    if has_neutral:
        neutral = [_hex(palette.neutral(band, n_bands)) for band in range(n_bands)]
        rules += [f".{NAME}n{band}{{fill:{colour}}}" for band, colour in enumerate(neutral)]
    return "".join(rules)


def _hex(colour: Floats | Bytes | tuple[int, ...]) -> str:
    return "#" + bytes(np.rint(np.asarray(colour)).astype(np.uint8).tolist()).hex()


def _named_looks(scene: Scene) -> dict[Look, str]:
    looks = dict.fromkeys([*scene.marks.looks, *(marker.look for marker in scene.markers)])
    return {look: f"{NAME}-{number}" for number, look in enumerate(looks)}


def _definitions(scene: Scene, looks: dict[Look, str]) -> Iterator[str]:
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
            f'<pattern id="{NAME}-h" patternUnits="userSpaceOnUse" {turn}>'
            f'<path class="{NAME}blank" d="M0 0h9v9H0z"/>'
            f'<path class="{NAME}hatch" d="M0 0h.71v9H0z"/></pattern>'
        )


@lru_cache(maxsize=256)
def _shape(look: Look) -> str:
    parts = []
    if look.is_ringed:
        ring = f'<circle r="{number(1.8 * look.radius_px)}" fill="none"'
        parts += [
            f'{ring} class="{NAME}paper-l" stroke-width="2.4" stroke-opacity=".7"/>',
            f'{ring} class="{NAME}ink-l" stroke-width="1.3"/>',
        ]
    if look.k is not None:
        path = "".join(
            "M"
            + "L".join(f"{number(x)} {number(y)}" for x, y in (look.radius_px * part).tolist())
            + "Z"
            for part in shape_of(look.k)
        )
        faint = f' opacity="{look.opacity:g}"' if look.opacity < 1.0 else ""
        # The stroke lies under the fill, so that parts of a shape melt together.
        parts.append(
            f'<path class="{NAME}p{look.k} {NAME}paper-l" stroke-width="1.9" paint-order="stroke"'
            f'{faint} d="{path}"/>'
        )
    return "".join(parts)


def _swatch(swatch: Swatch) -> str:
    # The key's boxes meet on whole pixels, as they do in the other painter.
    left, top = round(swatch.x), round(swatch.y)
    wide, high = round(swatch.x + swatch.width) - left, round(swatch.y + swatch.height) - top
    kind = (
        f'class="{NAME}n{swatch.band}"'
        if swatch.k is None
        else f'class="{NAME}t{swatch.k}-{swatch.band}"'
    )
    fill = f'fill="url(#{NAME}-h)"' if swatch.is_hatched else kind
    return f'<rect {fill} x="{left}" y="{top}" width="{wide}" height="{high}"/>'


def _strokes(strokes: Sequence[Stroke]) -> Iterator[str]:
    """Write lines of one look as one path."""
    paths: dict[tuple[str, float, bool], list[float]] = {}
    for stroke in strokes:
        look = (stroke.ink, stroke.width_px, stroke.between is not None)
        paths.setdefault(look, []).extend((stroke.x0, stroke.y0, stroke.x1, stroke.y1))
    for (ink, width, is_boundary), ends in paths.items():
        data = "M%.6g %.6gL%.6g %.6g" * (len(ends) // 4) % tuple(ends)
        end = ' stroke-linecap="round"' if is_boundary else ' shape-rendering="crispEdges"'
        yield (
            f'<path class="{NAME}{ink}-l" fill="none" stroke-width="{number(width)}"{end} '
            f'd="{data}"/>'
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
    return f'<use href="#{key}" x="{number(x)}" y="{number(y)}"/>'


_OTHER_END = {"start": "end", "end": "start"}


def _text(text: Text) -> str:
    x, y, anchor = number(text.x), number(text.y), text.anchor
    looks = (
        f'class="{NAME}{text.ink} {NAME}paper-l"' if text.has_halo else f'class="{NAME}{text.ink}"'
    )
    looks += f' font-size="{number(text.size_px)}"'
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
    return f'<text {looks} x="{x}" y="{y}">{safe(text.text)}</text>'
