"""Texts and numbers as HTML and SVG take them."""

import html
import re

from service.regions.ticks import MINUS

DASH = "\N{EN DASH}"
"""Stands where there is no number."""

_NOT_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def text(value: object) -> str:
    """Write a value as text that means nothing else in HTML or SVG.

    Parameters
    ----------
    value : object
        Anything; a name or a label may hold any character at all.

    Returns
    -------
    str
        Its text, escaped, with a mark in place of characters that no document may hold.

    Examples
    --------
    >>> text('<b> & "x"')
    '&lt;b&gt; &amp; &quot;x&quot;'
    """
    return html.escape(_NOT_TEXT.sub("\N{REPLACEMENT CHARACTER}", str(value)))


def name(value: object) -> str:
    """Write a name that came with the table, set apart from the direction of its surroundings.

    Parameters
    ----------
    value : object
        A feature name, a label, a category.

    Returns
    -------
    str
        HTML.
    """
    return f"<bdi>{text(value)}</bdi>"


def number(value: float | None, places: int = 3) -> str:
    """Write a number for reading.

    Parameters
    ----------
    value : float or None
        The number; None where there is none.
    places : int
        Digits after the point.

    Returns
    -------
    str
        The number with a minus sign, or a dash.

    Examples
    --------
    >>> number(0.9167), number(None)
    ('0.917', '–')
    """
    return DASH if value is None else f"{value:.{places}f}".replace("-", MINUS)


def brief(value: float) -> str:
    """Write a number with two significant digits or so, for a small cell.

    Parameters
    ----------
    value : float
        The number.

    Returns
    -------
    str
        At most six characters within ±1e5.

    Examples
    --------
    >>> [brief(value) for value in (0.0, 0.012, -1.26, 12.6, 1234567.0)]
    ['0', '0.01', '−1.3', '13', '1.2e+06']
    """
    size = abs(value)
    if size >= 1e5:  # noqa: PLR2004 - beyond it the cell is too narrow
        written = f"{value:.1e}"
    elif size >= 9.95:  # noqa: PLR2004 - what would round to 10.0
        written = f"{value:.0f}"
    elif size >= 0.995:  # noqa: PLR2004 - what would round to 1.00
        written = f"{value:.1f}"
    else:
        written = f"{value:.2f}" if size >= 0.005 else "0"  # noqa: PLR2004 - what rounds to 0.00
    return written.replace("-", MINUS)


def plain(value: float) -> str:
    """Write a number from the table with up to six significant digits.

    Parameters
    ----------
    value : float
        The number.

    Returns
    -------
    str
        As short as it gets.

    Examples
    --------
    >>> plain(-0.25), plain(43.0), plain(1234567.8)
    ('−0.25', '43', '1.23457e+06')
    """
    return f"{value:.6g}".replace("-", MINUS)


def count(value: int, noun: str) -> str:
    """Write a number of things.

    Parameters
    ----------
    value : int
        How many.
    noun : str
        What one of them is called; the plural has an s.

    Returns
    -------
    str
        The phrase.

    Examples
    --------
    >>> count(1, "row"), count(12345, "row")
    ('1 row', '12,345 rows')
    """
    return f"{value:,} {noun}{'' if value == 1 else 's'}"
