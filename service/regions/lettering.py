"""How the texts of one picture are written."""

from dataclasses import dataclass

from service.regions.fonts import Typeface
from service.regions.words import Words


@dataclass(frozen=True, kw_only=True, eq=False)
class Lettering:
    """The language, the letters and their size.

    Parameters
    ----------
    words : Words
        The language.
    typeface : Typeface
        The letters, which measure texts.
    em : float
        Size of ordinary text in CSS pixels; every other length of a layout is a multiple.
    """

    words: Words
    typeface: Typeface
    em: float
