"""Names, numbers, texts and polygons as an SVG writes them."""

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np

from service.softmax.arrays import Floats

NAME = "\x01"
"""Stands for the picture's own name, which its contents decide; no text can hold it."""

_NOT_XML = re.compile("[\x00-\x1f\ud800-\udfff\ufffe\uffff]")


def number(value: float) -> str:
    """Write a length to a hundredth of a pixel.

    Parameters
    ----------
    value : float
        CSS pixels, below 10,000.

    Returns
    -------
    str
        Without zeros at the end.

    Examples
    --------
    >>> number(12.3456), number(7.0)
    ('12.35', '7')
    """
    return f"{round(value, 2):g}"


def safe(text: str) -> str:
    """Escape a text.

    Parameters
    ----------
    text : str
        Anything.

    Returns
    -------
    str
        What XML cannot hold at all has become the replacement character.
    """
    return escape(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text))


def rings(pixels: Floats, form: str = "%.2f %.2f") -> str:
    """Write a closed polygon as the data of a path.

    Parameters
    ----------
    pixels : ndarray of shape (n_corners, 2)
        Its corners.
    form : str
        How a corner is written.

    Returns
    -------
    str
        Absolute commands.
    """
    numbers = tuple(np.round(pixels, 2 if "f" in form else 0).ravel().tolist())
    return ("M" + "L".join([form] * len(pixels)) + "Z") % numbers


def polygons(several: Sequence[Floats], parts: int) -> str:
    """Write polygons as attributes of a path.

    Parameters
    ----------
    several : sequence of ndarray of shape (n_corners, 2)
        Their corners, in pixels.
    parts : int
        Coordinates are whole numbers, so many to a pixel.

    Returns
    -------
    str
        The path's scale and data.
    """
    data = "".join(rings(parts * pixels, "%d %d") for pixels in several)
    return f'transform="scale({1 / parts:g})" d="{data}"'
