"""A scene as a PNG: shading and lines in numpy, shapes and letters through Pillow."""

import struct
import zlib

import numpy as np
from PIL import Image, ImageDraw

from service.regions.fonts import Font, Typeface
from service.regions.palette import DARK, LIGHT, Bytes, Palette
from service.regions.raster import shade
from service.regions.scene import Scene, Stroke, Swatch, Text
from service.regions.sprites import Sprites
from service.regions.strokes import cover

COMPRESSION = 3
"""zlib's level; 6 gains little on these pictures."""


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
        The file.
    """
    palette = DARK if scene.theme == "dark" else LIGHT
    canvas = np.empty((scene.height * scale, scene.width * scale, 3), dtype=np.uint8)
    canvas[0] = palette.paper
    canvas[1:] = canvas[0]
    frame = scene.frame
    view = canvas[
        frame.top * scale : frame.bottom * scale, frame.left * scale : frame.right * scale
    ]
    tints = palette.tints(scene.field.n_classes, len(scene.levels) + 1)
    shade(view, scene.field, scene.partition, tints, scene.levels)
    _draw_boundaries(view, scene, palette, scale)
    image = Image.fromarray(canvas)
    draw = ImageDraw.Draw(image)
    for swatch in scene.swatches:
        neutral = palette.neutral(swatch.band, swatch.n_bands)
        colour = neutral if swatch.k is None else tuple(tints[swatch.k, swatch.band].tolist())
        _draw_swatch(draw, swatch, colour, scale)
    for stroke in scene.strokes:
        if stroke.between is None:
            _draw_straight(draw, stroke, palette, scale)
    sprites = Sprites(palette, scene.field.n_classes)
    for marker in scene.markers:
        sprites.paste(image, marker, scale)
    typeface = Typeface()
    for text in scene.texts:
        font = typeface.font(text.size_px * scale, bold=text.is_bold)
        _draw_text(image, text, font, palette, scale)
    return encode(np.asarray(image))


def encode(pixels: Bytes) -> bytes:
    """Write pixels as a PNG file.

    Parameters
    ----------
    pixels : ndarray of shape (height, width, 3)
        Bytes of sRGB.

    Returns
    -------
    bytes
        The file: 8 bits a channel, unfiltered rows.

    References
    ----------
    .. [1] W3C, "Portable Network Graphics (PNG) Specification (Third Edition)".
    """
    height, width = pixels.shape[:2]
    rows = np.zeros((height, 1 + 3 * width), dtype=np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"sRGB", b"\0"),
        (b"IDAT", zlib.compress(rows.data, COMPRESSION)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def _draw_boundaries(view: Bytes, scene: Scene, palette: Palette, scale: int) -> None:
    cover_of = np.zeros(view.shape[:2], dtype=np.float32)
    for stroke in scene.strokes:
        if stroke.between is not None:
            cover(
                cover_of,
                (scale * (stroke.x0 - scene.frame.left), scale * (stroke.y0 - scene.frame.top)),
                (scale * (stroke.x1 - scene.frame.left), scale * (stroke.y1 - scene.frame.top)),
                scale * stroke.width_px,
            )
    rows, columns = np.nonzero(cover_of)
    share = cover_of[rows, columns, None]
    under = view[rows, columns]
    view[rows, columns] = np.rint(under + share * (np.array(palette.ink, np.float32) - under))


def _draw_swatch(
    draw: ImageDraw.ImageDraw, swatch: Swatch, colour: tuple[int, int, int], scale: int
) -> None:
    left, top = round(scale * swatch.x), round(scale * swatch.y)
    right = round(scale * (swatch.x + swatch.width))
    bottom = round(scale * (swatch.y + swatch.height))
    draw.rectangle((left, top, right - 1, bottom - 1), fill=colour)


def _draw_straight(draw: ImageDraw.ImageDraw, stroke: Stroke, palette: Palette, scale: int) -> None:
    """Draw a line along an axis, on whole pixels."""
    wide = max(1, round(scale * stroke.width_px))
    back = wide // 2
    left, right = sorted((round(scale * stroke.x0), round(scale * stroke.x1)))
    top, bottom = sorted((round(scale * stroke.y0), round(scale * stroke.y1)))
    if left == right:
        box = (left - back, top - back, left - back + wide - 1, bottom - back + wide - 1)
    else:
        box = (left - back, top - back, right - back + wide - 1, top - back + wide - 1)
    draw.rectangle(box, fill=getattr(palette, stroke.ink))


_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


def _draw_text(image: Image.Image, text: Text, font: Font, palette: Palette, scale: int) -> None:
    letters = Typeface.drawable(text.text, bold=text.is_bold)
    colour = getattr(palette, text.ink)
    x, y = scale * text.x, scale * text.y
    if text.is_upright:
        wide, high = round(font.getlength(letters)) + 2, round(2 * text.size_px * scale)
        mask = Image.new("L", (wide, high))
        ImageDraw.Draw(mask).text((wide / 2, 0.7 * high), letters, 255, font, anchor="ms")
        turned = mask.transpose(Image.Transpose.ROTATE_90)
        image.paste(colour, (round(x - 0.7 * high), round(y - wide / 2)), turned)
        return
    ImageDraw.Draw(image).text(
        (round(x), round(y)),
        letters,
        colour,
        font,
        anchor=_ANCHORS[text.anchor],
        stroke_width=2 * scale if text.has_halo else 0,
        stroke_fill=palette.paper if text.has_halo else None,
    )
