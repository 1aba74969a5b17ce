"""A scene as a PNG: shading and lines in numpy, shapes and letters through Pillow."""

import struct
import sys
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from service.regions.palette import DARK, LIGHT, Bytes, Palette
from service.regions.raster import shade, undecided
from service.regions.scene import HATCH_PX, Scene, Stroke, Swatch
from service.regions.sprites import stamp
from service.regions.strokes import cover
from service.regions.writing import write
from service.softmax.arrays import Booleans, Integers

COMPRESSION = 3
"""zlib's level; 6 gains little on these pictures."""

STRIP_PIXELS = 1 << 19
"""Pictures are painted in strips of rows of about this many pixels: a poster needs no more
memory."""

_Canvas = NDArray[np.uint32]


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
    deflate = zlib.compressobj(COMPRESSION)
    step = max(1, STRIP_PIXELS // width)
    content = []
    for top in range(0, height, step):
        strip = _paint_strip(scene, scale, range(top, min(top + step, height)))
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


def _paint_strip(scene: Scene, scale: int, rows: range) -> Bytes:
    """Paint some rows of pixels, red, green, blue and nothing; shape (n_rows, 4 * width)."""
    palette = DARK if scene.theme == "dark" else LIGHT
    tints = _tints(scene, palette)
    canvas = np.full((len(rows), scene.width * scale), _packed(palette.paper), dtype=np.uint32)
    _draw_regions(canvas, scene, palette, scale, rows)
    size = (canvas.shape[1], len(rows))
    image = Image.frombuffer("RGBX", size, canvas.view(np.uint8), "raw", "RGBX", 0, 1)
    image.readonly = 0  # its pixels are the canvas itself, which is ours to write to
    pen = ImageDraw.Draw(image)
    top, n_classes = rows.start, scene.field.n_classes
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


def _packed(colour: tuple[int, int, int] | Bytes) -> int:
    red, green, blue = map(int, colour)
    return int.from_bytes(bytes([red, green, blue, 255]), sys.byteorder)


def _draw_regions(canvas: _Canvas, scene: Scene, palette: Palette, scale: int, rows: range) -> None:
    frame, tints = scene.frame, _tints(scene, palette)
    top, bottom = frame.top * scale, frame.bottom * scale
    shown = range(max(rows.start, top) - top, min(rows.stop, bottom) - top)
    if not shown:
        return
    view = canvas[
        shown.start + top - rows.start : shown.stop + top - rows.start,
        frame.left * scale : frame.right * scale,
    ]
    size = (view.shape[1], bottom - top)
    flat = np.full((tints.shape[0] * tints.shape[1], 4), 255, dtype=np.uint8)
    flat[:, :3] = tints.reshape(-1, 3)
    colours = flat.view(np.uint32)[:, 0]
    view[...] = colours.take(shade(scene.field, scene.partition, scene.levels, shown, size))
    if scene.kept is not None:
        blank = undecided(scene.kept, shown, size)
        row, column = np.nonzero(blank)
        line = is_hatch(column, row + shown.start, scale)
        view[row, column] = np.where(line, _packed(palette.hatch), _packed(palette.blank))
    cover_of = np.zeros(view.shape, dtype=np.float32)
    left, start = scale * frame.left, top + shown.start
    for stroke in scene.strokes:
        if stroke.between is not None:
            cover(
                cover_of,
                (scale * stroke.x0 - left, scale * stroke.y0 - start),
                (scale * stroke.x1 - left, scale * stroke.y1 - start),
                scale * stroke.width_px,
            )
    row, column = np.divmod(np.flatnonzero(cover_of), size[0])
    share = cover_of[row, column, None]
    under = view[row, column].view(np.uint8).reshape(-1, 4)
    under[:, :3] = np.rint(
        under[:, :3] + share * (np.array(palette.ink, np.float32) - under[:, :3])
    )
    view[row, column] = under.view(np.uint32)[:, 0]


def is_hatch(x: Integers, y: Integers, scale: int) -> Booleans:
    """Say which pixels belong to the lines of a hatching.

    Parameters
    ----------
    x, y : ndarray of shape (n_pixels,)
        Device pixels.
    scale : int
        Device pixels along one CSS pixel.

    Returns
    -------
    ndarray of shape (n_pixels,)
        True on a line.
    """
    return np.asarray((x + y) % (HATCH_PX * scale) < scale)


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
