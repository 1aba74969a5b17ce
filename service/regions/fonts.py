"""Finding fonts, choosing one for each letter, and measuring with them."""

import threading
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import groupby
from typing import Literal

from PIL import ImageFont, features

Face = Literal["regular", "bold", "cjk"]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

# The first of each is what the container installs; the others come with common systems.
_FILES: dict[Face, tuple[str, ...]] = {
    "regular": (
        "DejaVuSans.ttf",
        "NotoSans-Regular.ttf",
        "LiberationSans-Regular.ttf",
        "Arial.ttf",
        "arial.ttf",
        "Helvetica.ttc",
    ),
    "bold": (
        "DejaVuSans-Bold.ttf",
        "NotoSans-Bold.ttf",
        "LiberationSans-Bold.ttf",
        "Arial Bold.ttf",
        "arialbd.ttf",
        "Helvetica.ttc",
    ),
    "cjk": (
        "DroidSansFallbackFull.ttf",
        "DroidSansFallback.ttf",
        "NotoSansCJK-Regular.ttc",
        "wqy-microhei.ttc",
        "ipaexg.ttf",
        "PingFang.ttc",
        "msyh.ttc",
        "YuGothM.ttc",
    ),
}
# Blocks of Chinese, Japanese and Korean, with their punctuation and full-width forms.
_CJK = ((0x1100, 0x11FF), (0x2E80, 0xA4CF), (0xAC00, 0xD7FF), (0xF900, 0xFAFF), (0xFE30, 0xFE4F),
        (0xFF00, 0xFFEF), (0x20000, 0x3FFFF))  # fmt: skip
# The font inside Pillow has basic Latin and few signs; these are the ones we use ourselves.
_PLAIN_SIGNS = str.maketrans({"−": "-", "×": "x", "–": "-", "⁻": "-", "≥": ">"})
_HELD = threading.local()
_HELD_MOST = 64

REMEDIES = {
    "cjk": "no Chinese and Japanese letters, boxes stand for them: install fonts-droid-fallback",
    "regular": "no font with accents, plain letters stand for them: install fonts-dejavu-core",
    "order": "Arabic letters are neither joined nor put in order: install libfribidi0",
}
"""What is missing on this machine, and what helps."""


@cache
def font_file(face: Face) -> str | None:
    """Find a sans-serif font among those of the system.

    Parameters
    ----------
    face : {"regular", "bold", "cjk"}
        Which letters are needed.

    Returns
    -------
    str or None
        The file, or None where the system has none of the fonts looked for.
    """
    for name in _FILES[face]:
        try:
            return str(ImageFont.truetype(name, 12).path)
        except OSError:
            continue
    return None


@lru_cache(maxsize=1024)
def is_rightward(text: str) -> bool:
    """Tell the direction of a line by its first letter that has one.

    Parameters
    ----------
    text : str
        One line.

    Returns
    -------
    bool
        True from left to right; False for Arabic and Hebrew.

    References
    ----------
    .. [1] Unicode Standard Annex 9, rules P2 and P3.

    Examples
    --------
    >>> is_rightward("3 of 5"), is_rightward("3 من 5")
    (True, False)
    """
    kinds = map(unicodedata.bidirectional, text)
    return next((kind for kind in kinds if kind in {"L", "R", "AL"}), "L") == "L"


def remedies(texts: Iterable[str]) -> list[str]:
    """Say what this machine lacks for some texts.

    Parameters
    ----------
    texts : iterable of str
        What a picture says.

    Returns
    -------
    list of str
        One line each; none where all can be drawn.
    """
    lacks: set[str] = set()
    for text in texts:
        if _is_shaped(text) and not features.check("fribidi"):
            lacks.add("order")
        for _, face in _by_face(text, bold=False):
            if font_file(face) is None and not text.translate(_PLAIN_SIGNS).isascii():
                lacks.add(face)
    return [REMEDIES[lack] for lack in sorted(lacks)]


@lru_cache(maxsize=1024)
def runs(text: str, *, bold: bool) -> tuple[tuple[str, Face], ...]:
    """Split a line into pieces of one font each, as they stand from left to right.

    Parameters
    ----------
    text : str
        One line.
    bold : bool
        Whether the letters are heavy.

    Returns
    -------
    tuple of (str, str)
        Letters that can be drawn, and their face. Without a font, letters lose their accents
        and what is then still missing becomes a box or a question mark.
    """
    pieces = [
        (letters if font_file(face) is not None else _plain(letters, face), face)
        for letters, face in _by_face(text, bold=bold)
    ]
    return tuple(pieces if is_rightward(text) else reversed(pieces))


def font(face: Face, size_px: float, *, shaped: bool = False) -> Font:
    """Give the letters of one size; each thread has its own.

    Parameters
    ----------
    face : {"regular", "bold", "cjk"}
        Which letters.
    size_px : float
        Height of the em square.
    shaped : bool
        Whether letters change with their neighbours, as in Arabic.

    Returns
    -------
    ImageFont
        A font of Pillow.
    """
    held: dict[tuple[str | None, float, bool], Font] = _HELD.__dict__.setdefault("fonts", {})
    file = font_file(face) or font_file("regular")
    key = (file, size_px, shaped)
    if key not in held:
        if len(held) >= _HELD_MOST:
            held.clear()
        engine = ImageFont.Layout.RAQM if shaped else ImageFont.Layout.BASIC
        held[key] = (
            ImageFont.load_default(size_px)
            if file is None
            else ImageFont.truetype(file, size_px, layout_engine=engine)
        )
    return held[key]


def font_of(letters: str, face: Face, size_px: float) -> Font:
    """Give the font that draws some letters.

    Parameters
    ----------
    letters : str
        A piece of a line, from `runs`.
    face : {"regular", "bold", "cjk"}
        Its face.
    size_px : float
        Height of the em square.

    Returns
    -------
    ImageFont
        A font of Pillow.
    """
    return font(face, size_px, shaped=_is_shaped(letters) and bool(features.check("fribidi")))


@lru_cache(maxsize=4096)
def text_width(text: str, size_px: float, *, bold: bool = False) -> float:
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
    return sum(
        font_of(letters, face, size_px).getlength(letters)
        for letters, face in runs(text, bold=bold)
    )


def _by_face(text: str, *, bold: bool) -> list[tuple[str, Face]]:
    face: Face = "bold" if bold else "regular"
    if text.isascii():
        return [(text, face)]
    far, is_far, leans = [], False, not is_rightward(text)
    for letter in text:
        # In a line from right to left, what has no direction stays with the letters before it.
        is_far = _is_cjk(letter) or (leans and is_far and not letter.isalpha())
        far.append(is_far)
    grouped = groupby(zip(far, text, strict=True), lambda pair: pair[0])
    return [
        ("".join(letter for _, letter in group), "cjk" if is_far else face)
        for is_far, group in grouped
    ]


def _is_cjk(letter: str) -> bool:
    code = ord(letter)
    return any(first <= code <= last for first, last in _CJK)


def _is_shaped(text: str) -> bool:
    return not text.isascii() and any(
        unicodedata.bidirectional(letter) in {"R", "AL", "AN", "NSM"} for letter in text
    )


def _plain(letters: str, face: Face) -> str:
    if face == "cjk" and font_file("regular") is not None:
        return "\N{WHITE SQUARE}" * len(letters)
    apart = unicodedata.normalize("NFKD", letters.translate(_PLAIN_SIGNS))
    return "".join(
        letter if letter.isascii() or letter in "·…«»±°©‘’“”" else "?"
        for letter in apart
        if not unicodedata.combining(letter)
    )
