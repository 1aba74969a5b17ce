"""Letters to pixels."""

from functools import lru_cache

from PIL import Image, ImageDraw

from service.regions.fonts import font_of, is_rightward, runs, text_width
from service.regions.palette import Palette
from service.regions.scene import Text

HALO_PX = 2
"""How far the paper shows around letters that lie on a region."""

SHORT_PX = 4_000
"""Length times size up to which a line's pixels are kept for the next picture."""


def write(image: Image.Image, text: Text, palette: Palette, scale: int, top: int) -> None:
    """Write a line into a picture.

    Parameters
    ----------
    image : Image
        The picture, or a band of its rows; written to.
    text : Text
        The line, in CSS pixels.
    palette : Palette
        The theme.
    scale : int
        Device pixels along one CSS pixel.
    top : int
        The row of the picture with which `image` begins.
    """
    x, y, size = scale * text.x, scale * text.y - top, scale * text.size_px
    wide = text_width(text.text, size, bold=text.is_bold)
    reach = wide if text.is_upright else 2.0 * size
    if not -reach < y < image.height + reach:
        return
    render = _kept_mask if wide * size < SHORT_PX else _mask
    back = {"start": 0.0, "middle": wide / 2.0, "end": wide}[text.anchor]
    for paint, halo in ((palette.paper, HALO_PX * scale), (getattr(palette, text.ink), 0)):
        if halo and not text.has_halo:
            continue
        mask = render(text.text, size, text.is_bold, halo)
        edge = _edge(size, halo)
        if text.is_upright:
            mask = mask.transpose(Image.Transpose.ROTATE_90)
            place = (round(x - size) - edge, round(y + back) + edge - mask.height)
        else:
            place = (round(x - back) - edge, round(y - size) - edge)
        image.paste(paint, place, mask)


def _edge(size: float, halo: int) -> int:
    return round(0.25 * size) + halo


def _mask(line: str, size: float, bold: bool, halo: int) -> Image.Image:  # noqa: FBT001 - a key
    """Give the share of each pixel that letters cover; the baseline is one em below the edge."""
    edge, wide = _edge(size, halo), text_width(line, size, bold=bold)
    mask = Image.new("L", (round(wide) + 2 * edge + 1, round(1.5 * size) + 2 * edge))
    pen, x = ImageDraw.Draw(mask), float(edge)
    base = round(size) + edge
    for letters, face in runs(line, bold=bold):
        font = font_of(letters, face, size)
        is_shaped = getattr(font, "layout_engine", 0) == 1
        pen.text(
            (x, base),
            letters,
            255,
            font,
            anchor="ls",
            stroke_width=halo,
            direction=("ltr" if is_rightward(line) else "rtl") if is_shaped else None,
        )
        x += font.getlength(letters)
    return mask


_kept_mask = lru_cache(maxsize=512)(_mask)
