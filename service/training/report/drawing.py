"""The few marks of which the pictures of the report are made."""

import unicodedata
import zlib
from collections.abc import Iterable
from typing import Literal

from service.training.report.markup import text

EM_PX = 12.0
"""Size of the letters in a picture, in CSS pixels."""

_NARROW, _WIDE = 0.58, 1.0
_SHRINKS_TO = 0.8

Anchor = Literal["start", "middle", "end"]


def picture(title: str, description: str, width: float, height: float, marks: Iterable[str]) -> str:
    """Put marks together to a picture that stands in an HTML page.

    Parameters
    ----------
    title, description : str
        What it is, and what it shows, in words; for who cannot see it.
    width, height : float
        Its size in CSS pixels; on a narrow page it shrinks a little, then it scrolls.
    marks : iterable of str
        SVG elements, in the order in which they are painted.

    Returns
    -------
    str
        An SVG element; the colours are classes of the page.
    """
    key = f"p{zlib.crc32((title + description).encode('utf-8', 'replace')):08x}"
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    return (
        f'<div class="scroll"><svg {size} style="min-width:{_SHRINKS_TO * width:.0f}px" role="img" '
        f'aria-labelledby="{key}-t {key}-d"><title id="{key}-t">{text(title)}</title>'
        f'<desc id="{key}-d">{text(description)}</desc>{"".join(marks)}</svg></div>'
    )


def label(
    x: float,
    y: float,
    words: object,
    *,
    anchor: Anchor = "start",
    css: str = "ink",
    size_px: float = EM_PX,
    room_px: float | None = None,
    turn: float = 0.0,
) -> str:
    """Write words.

    Parameters
    ----------
    x, y : float
        Where their base line begins, has its middle, or ends.
    words : object
        The text.
    anchor : {"start", "middle", "end"}
        What of it is at x.
    css : str
        Classes.
    size_px : float
        Size of the letters.
    room_px : float, optional
        Room there is; longer words are cut and come whole when pointed at.
    turn : float
        Degrees by which they are turned about (x, y), clockwise.

    Returns
    -------
    str
        An SVG element.
    """
    written = str(words)
    shown = written if room_px is None else fitted(written, room_px, size_px)
    tip = "" if shown == written else f"<title>{text(written)}</title>"
    turned = f' transform="rotate({turn:g} {x:.1f} {y:.1f})"' if turn else ""
    sized = f' font-size="{size_px:g}"' if size_px != EM_PX else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} class="{css}"{sized}{turned}>{tip}{text(shown)}</text>'


def box(
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    css: str = "ink",
    style: str = "",
    tip: object = "",
) -> str:
    """Fill a rectangle.

    Parameters
    ----------
    x, y, width, height : float
        Its upper left corner and its size.
    css : str
        Classes.
    style : str
        CSS declarations of our own making.
    tip : object
        What is told when it is pointed at.

    Returns
    -------
    str
        An SVG element.
    """
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    styled = f' style="{style}"' if style else ""
    told = f"<title>{text(tip)}</title>" if tip else ""
    return f'<rect {place} class="{css}"{styled}>{told}</rect>'


def line(x1: float, y1: float, x2: float, y2: float, *, css: str = "hair") -> str:
    """Draw a straight line.

    Parameters
    ----------
    x1, y1, x2, y2 : float
        Its ends.
    css : str
        Classes.

    Returns
    -------
    str
        An SVG element.
    """
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" class="{css}"/>'


def dot(x: float, y: float, radius: float, *, css: str, tip: object = "") -> str:
    """Draw a disc.

    Parameters
    ----------
    x, y, radius : float
        Its middle and its size.
    css : str
        Classes.
    tip : object
        What is told when it is pointed at.

    Returns
    -------
    str
        An SVG element.
    """
    told = f"<title>{text(tip)}</title>" if tip else ""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" class="{css}">{told}</circle>'


def text_width(words: object, size_px: float = EM_PX) -> float:
    """Estimate how wide words are; fonts differ from reader to reader.

    Parameters
    ----------
    words : object
        The text.
    size_px : float
        Size of the letters.

    Returns
    -------
    float
        CSS pixels, rather too many than too few.
    """
    return size_px * sum(map(_letter_width, str(words)))


def fitted(words: str, room_px: float, size_px: float = EM_PX) -> str:
    """Cut words to the room there is.

    Parameters
    ----------
    words : str
        The text.
    room_px : float
        Width in CSS pixels.
    size_px : float
        Size of the letters.

    Returns
    -------
    str
        The words, or their beginning and an ellipsis.

    Examples
    --------
    >>> fitted("flipper_length_mm", 60.0)
    'flipper…'
    """
    if text_width(words, size_px) <= room_px:
        return words
    kept = words
    while kept and text_width(kept + "…", size_px) > room_px:
        kept = kept[:-1]
    return kept + "…"


def _letter_width(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    return _WIDE if unicodedata.east_asian_width(letter) in "WF" else _NARROW
