"""A scene as a PNG: shading and lines in numpy, shapes and letters through Pillow."""

import struct
import zlib

import numpy as np
from PIL import Image, ImageDraw

from service.regions.palette import DARK, LIGHT, Bytes, Palette
from service.regions.scene import Scene, Stroke, Swatch
from service.regions.sprites import stamp
from service.regions.view import View, is_hatch, packed
from service.regions.writing import write

COMPRESSION = 3
"""zlib's level; 6 gains little on these pictures."""

STRIP_PIXELS = 1 << 19
"""Pictures are painted in strips of rows of about this many pixels: a poster needs no more
memory."""


def paint_png(scene: Scene, scale: int) -> bytes:
    """Paint a scene.

    Parameters
    ----------
    scene : Scene
        The picture.
    scale : int
        Device pixels along one CSS pixel.

    Returns
    -------
    bytes
        The file: 8 bits a channel, unfiltered rows.

    References
    ----------
    .. [1] W3C, "Portable Network Graphics (PNG) Specification (Third Edition)".
    """
    width, height = scene.width * scale, scene.height * scale
    view = View(scene=scene, palette=DARK if scene.theme == "dark" else LIGHT, scale=scale)
    deflate = zlib.compressobj(COMPRESSION)
    step = max(1, STRIP_PIXELS // width)
    content = []
    for top in range(0, height, step):
        strip = _paint_strip(view, range(top, min(top + step, height)))
        lines = np.zeros((len(strip), 1 + 3 * width), dtype=np.uint8)  # 0: rows are not filtered
        for channel in range(3):
            lines[:, 1 + channel :: 3] = strip[:, channel::4]
        content.append(deflate.compress(lines.data))
    content.append(deflate.flush())
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"sRGB", b"\0"),
        (b"IDAT", b"".join(content)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(content, zlib.crc32(kind))
    return b"".join([struct.pack(">I", len(content)), kind, content, struct.pack(">I", checksum)])


def _paint_strip(view: View, rows: range) -> Bytes:
    """Paint some rows of pixels, red, green, blue and nothing; shape (n_rows, 4 * width)."""
    scene, palette, scale, frame = view.scene, view.palette, view.scale, view.scene.frame
    canvas = np.full((len(rows), scene.width * scale), packed(palette.paper), dtype=np.uint32)
    high, low = max(rows.start, frame.top * scale), min(rows.stop, frame.bottom * scale)
    if high < low:
        inside = canvas[high - rows.start : low - rows.start]
        inside = inside[:, frame.left * scale : frame.right * scale]
        view.paint(inside, range(high - frame.top * scale, low - frame.top * scale))
    size = (canvas.shape[1], len(rows))
    image = Image.frombuffer("RGBX", size, canvas.view(np.uint8), "raw", "RGBX", 0, 1)
    image.readonly = 0  # its pixels are the canvas itself, which is ours to write to
    pen = ImageDraw.Draw(image)
    top, n_classes = rows.start, scene.field.n_classes
    tints = palette.tints(n_classes, len(scene.levels) + 1)
    for swatch in scene.swatches:
        neutral = palette.neutral(swatch.band, swatch.n_bands)
        colour = neutral if swatch.k is None else tuple(tints[swatch.k, swatch.band].tolist())
        _draw_swatch(pen, swatch, colour, scale, top)
        if swatch.is_hatched:
            _hatch_swatch(image, swatch, palette, scale, top)
    for stroke in scene.strokes:
        if stroke.between is None:
            _draw_straight(pen, stroke, palette, scale, top)
    for look, places in scene.marks.groups():
        reach = scale * (4.0 * look.radius_px + 4.0)
        placed = scale * places - (0, top)
        shown = (placed[:, 1] > -reach) & (placed[:, 1] < len(rows) + reach)
        stamp(image, look, placed[shown], palette=palette, n_classes=n_classes, scale=scale)
    for marker in scene.markers:
        place = np.array([[scale * marker.x, scale * marker.y - top]])
        stamp(image, marker.look, place, palette=palette, n_classes=n_classes, scale=scale)
    for text in scene.texts:
        write(image, text, palette, scale, top)
    return canvas.view(np.uint8)


def _tints(scene: Scene, palette: Palette) -> Bytes:
    return palette.tints(scene.field.n_classes, len(scene.levels) + 1)


def _hatch_swatch(
    image: Image.Image, swatch: Swatch, palette: Palette, scale: int, top: int
) -> None:
    left, high = round(scale * swatch.x), round(scale * swatch.y)
    right, low = round(scale * (swatch.x + swatch.width)), round(scale * (swatch.y + swatch.height))
    y, x = np.mgrid[0 : low - high, 0 : right - left]
    box = np.where(is_hatch(x, y, scale)[..., None], palette.hatch, palette.blank)
    hatched = Image.fromarray(box.astype(np.uint8)).convert("RGBX")
    image.paste(hatched, (left, high - top))


def _draw_swatch(
    pen: ImageDraw.ImageDraw, swatch: Swatch, colour: tuple[int, int, int], scale: int, start: int
) -> None:
    left, top = round(scale * swatch.x), round(scale * swatch.y) - start
    right = round(scale * (swatch.x + swatch.width))
    bottom = round(scale * (swatch.y + swatch.height)) - start
    pen.rectangle((left, top, right - 1, bottom - 1), fill=colour)


def _draw_straight(
    pen: ImageDraw.ImageDraw, stroke: Stroke, palette: Palette, scale: int, start: int
) -> None:
    """Draw a line along an axis, on whole pixels."""
    wide = max(1, round(scale * stroke.width_px))
    back = wide // 2
    left, right = sorted((round(scale * stroke.x0), round(scale * stroke.x1)))
    top, bottom = (round(scale * y) - start for y in sorted((stroke.y0, stroke.y1)))
    if left == right:
        box = (left - back, top - back, left - back + wide - 1, bottom - back + wide - 1)
    else:
        box = (left - back, top - back, right - back + wide - 1, top - back + wide - 1)
    pen.rectangle(box, fill=getattr(palette, stroke.ink))
