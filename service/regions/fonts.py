"""Finding a font, and measuring with it."""

import unicodedata
from functools import cache

from PIL import ImageFont

# The first is what the container installs; the others come with common systems.
_NAMES = {
    False: (
        "DejaVuSans.ttf",
        "NotoSans-Regular.ttf",
        "LiberationSans-Regular.ttf",
        "Arial.ttf",
        "arial.ttf",
        "Helvetica.ttc",
    ),
    True: (
        "DejaVuSans-Bold.ttf",
        "NotoSans-Bold.ttf",
        "LiberationSans-Bold.ttf",
        "Arial Bold.ttf",
        "arialbd.ttf",
        "Helvetica.ttc",
    ),
}
# The font inside Pillow has basic Latin and few signs; these are the ones we use ourselves.
_PLAIN_SIGNS = str.maketrans({"−": "-", "×": "x", "·": "·", "–": "-", "⁻": "-", "↳": ">"})

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@cache
def font_file(*, bold: bool) -> str | None:
    """Find a sans-serif font among those of the system.

    Parameters
    ----------
    bold : bool
        Whether the letters are heavy.

    Returns
    -------
    str or None
        The file, or None where the system has none of the fonts looked for.
    """
    for name in _NAMES[bold]:
        try:
            return str(ImageFont.truetype(name, 12).path)
        except OSError:
            continue
    return None


class Typeface:
    """The letters of one picture, at every size that it needs; not shared between threads."""

    def __init__(self) -> None:
        self._fonts: dict[tuple[float, bool], Font] = {}

    def font(self, size_px: float, *, bold: bool = False) -> Font:
        """Give the letters of one size.

        Parameters
        ----------
        size_px : float
            Height of the em square.
        bold : bool
            Whether the letters are heavy.

        Returns
        -------
        ImageFont
            A font of Pillow.
        """
        if (size_px, bold) not in self._fonts:
            file = font_file(bold=bold)
            self._fonts[size_px, bold] = (
                ImageFont.load_default(size_px)
                if file is None
                else ImageFont.truetype(file, size_px, layout_engine=ImageFont.Layout.BASIC)
            )
        return self._fonts[size_px, bold]

    def width(self, text: str, size_px: float, *, bold: bool = False) -> float:
        """Measure a line of text.

        Parameters
        ----------
        text : str
            One line.
        size_px : float
            Height of the em square.
        bold : bool
            Whether the letters are heavy.

        Returns
        -------
        float
            The width in pixels.
        """
        return self.font(size_px, bold=bold).getlength(self.drawable(text, bold=bold))

    def fit(self, text: str, size_px: float, room_px: float, *, bold: bool = False) -> str:
        """Shorten a text until it fits, with an ellipsis in place of what is lost.

        Parameters
        ----------
        text : str
            One line.
        size_px : float
            Height of the em square.
        room_px : float
            The width there is.
        bold : bool
            Whether the letters are heavy.

        Returns
        -------
        str
            The text, or as much of it as fits; perhaps nothing.
        """
        if self.width(text, size_px, bold=bold) <= room_px:
            return text
        for length in range(len(text) - 1, 0, -1):
            shorter = text[:length].rstrip(" ,;·") + "…"
            if self.width(shorter, size_px, bold=bold) <= room_px:
                return shorter
        return ""

    @staticmethod
    def drawable(text: str, *, bold: bool = False) -> str:
        """Give a text in the letters that there are.

        Parameters
        ----------
        text : str
            One line.
        bold : bool
            Whether the letters are heavy.

        Returns
        -------
        str
            The text itself; without a font of the system, letters lose their accents and
            what is then still missing becomes a question mark.
        """
        if font_file(bold=bold) is not None:
            return text
        apart = unicodedata.normalize("NFKD", text.translate(_PLAIN_SIGNS))
        letters = (letter for letter in apart if not unicodedata.combining(letter))
        return "".join(
            letter if letter.isascii() or letter in "·…«»±°©‘’“”" else "?" for letter in letters
        )
