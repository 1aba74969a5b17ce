"""How the texts of one picture are written."""

from dataclasses import dataclass

from service.regions.fonts import text_width
from service.regions.words import Words


@dataclass(frozen=True, kw_only=True, eq=False)
class Lettering:
    """The language, and the size of the letters.

    Parameters
    ----------
    words : Words
        The language.
    em : float
        Size of ordinary text in CSS pixels; every other length of a layout is a multiple.
    """

    words: Words
    em: float

    @staticmethod
    def width(text: str, size_px: float, *, bold: bool = False) -> float:
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
        return text_width(text, size_px, bold=bold)

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
