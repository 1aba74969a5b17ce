"""Colours for classes, tints and ink, on light and on dark paper."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.softmax.arrays import Floats

Bytes = NDArray[np.uint8]

Ink = Literal["ink", "soft", "faint", "paper"]
"""Texts and axes; notes; hairlines; the background."""

# Petroff's ten, reordered so that every first n keep the widest least distance (OKLab) as
# seen with normal sight and without red, green or blue cones.
_CLASSES = (
    "3f90da", "ffa90e", "bd1f01", "92dadd", "832db6", "e76300", "717581", "94a4a2", "b9ac70",
    "a96b59",
)  # fmt: skip

GOLDEN_ANGLE = math.pi * (3.0 - math.sqrt(5.0))


@dataclass(frozen=True, kw_only=True)
class Palette:
    """The colours of one theme, each a triple of sRGB bytes.

    Parameters
    ----------
    ink, soft, faint, paper : tuple of (int, int, int)
        See `Ink`.
    blank, hatch : tuple of (int, int, int)
        Ground and lines where nothing is decided.
    tint_low, tint_high : float
        How much of a class's colour is mixed into the paper of its region where its
        probability is below every level, and where it is above all of them.
    point_shade : float
        How much of a point's colour is that of its class; the rest is black on light paper and
        white on dark paper.
    """

    ink: tuple[int, int, int]
    soft: tuple[int, int, int]
    faint: tuple[int, int, int]
    paper: tuple[int, int, int]
    blank: tuple[int, int, int]
    hatch: tuple[int, int, int]
    tint_low: float
    tint_high: float
    point_shade: float

    def tints(self, n_classes: int, n_bands: int) -> Bytes:
        """Mix the colours of regions.

        Parameters
        ----------
        n_classes : int
            Number of classes.
        n_bands : int
            Number of bands of probability.

        Returns
        -------
        ndarray of shape (n_classes, n_bands, 3)
            Bytes of sRGB; the last band is the strongest.
        """
        share = self.strengths(n_bands)[None, :, None]
        paper = np.array(self.paper, dtype=np.float64)
        mixed = paper + share * (class_colours(n_classes)[:, None, :] - paper)
        tints: Bytes = np.rint(mixed).astype(np.uint8)
        return tints

    def strengths(self, n_bands: int) -> Floats:
        """Say how much of a class's colour each band has.

        Parameters
        ----------
        n_bands : int
            Number of bands of probability.

        Returns
        -------
        ndarray of shape (n_bands,)
            Shares from 0 to 1, ascending.
        """
        if n_bands == 1:
            return np.full(1, 0.5 * (self.tint_low + self.tint_high))
        return np.linspace(self.tint_low, self.tint_high, n_bands)

    def points(self, n_classes: int) -> Floats:
        """Choose the colours of points, which must stand out from their own regions.

        Parameters
        ----------
        n_classes : int
            Number of classes.

        Returns
        -------
        ndarray of shape (n_classes, 3)
            Values of sRGB, 0 to 255.
        """
        rest = 0.0 if self.paper > self.ink else 255.0
        return rest + self.point_shade * (class_colours(n_classes) - rest)

    def neutral(self, band: int, n_bands: int) -> tuple[int, int, int]:
        """Give the tint that stands for a band of every class.

        Parameters
        ----------
        band : int
            The band of probability.
        n_bands : int
            How many there are.

        Returns
        -------
        tuple of (int, int, int)
            Bytes of sRGB.
        """
        share = self.tint_low + (self.tint_high - self.tint_low) * band / max(1, n_bands - 1)
        red, green, blue = (
            round(paper + share * (soft - paper))
            for paper, soft in zip(self.paper, self.soft, strict=True)
        )
        return red, green, blue


LIGHT = Palette(
    ink=(31, 35, 41),
    soft=(98, 105, 115),
    faint=(200, 204, 210),
    paper=(255, 255, 255),
    blank=(250, 250, 251),
    hatch=(206, 209, 214),
    tint_low=0.12,
    tint_high=0.58,
    point_shade=0.85,
)
DARK = Palette(
    ink=(232, 235, 239),
    soft=(158, 166, 177),
    faint=(66, 72, 82),
    paper=(17, 20, 25),
    blank=(24, 27, 33),
    hatch=(70, 76, 86),
    tint_low=0.16,
    tint_high=0.58,
    point_shade=0.7,
)


def class_colours(n_classes: int) -> Floats:
    """Choose a colour for every class.

    Up to ten classes have named colours that stay apart under every kind of colour
    blindness; beyond that hues run around the circle at the golden angle and lightness
    alternates, and it is the shapes, lines and names that tell classes apart.

    Parameters
    ----------
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray of shape (n_classes, 3)
        Values of sRGB, 0 to 255.

    References
    ----------
    .. [1] M. A. Petroff, "Accessible color sequences for data visualization", 2021,
       arXiv:2107.02270.
    """
    if n_classes <= len(_CLASSES):
        return np.array([list(bytes.fromhex(code)) for code in _CLASSES[:n_classes]], np.float64)
    index = np.arange(n_classes)
    lightness = np.array([0.62, 0.76, 0.48])[index % 3]
    hue = 4.4 + GOLDEN_ANGLE * index
    return _srgb(lightness, 0.12 * np.cos(hue), 0.12 * np.sin(hue))


def _srgb(lightness: Floats, a: Floats, b: Floats) -> Floats:
    """Turn OKLab into sRGB values from 0 to 255, clipped to the gamut."""
    lms = np.stack(
        [
            lightness + 0.3963377774 * a + 0.2158037573 * b,
            lightness - 0.1055613458 * a - 0.0638541728 * b,
            lightness - 0.0894841775 * a - 1.2914855480 * b,
        ]
    )
    to_linear = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    linear = np.clip(to_linear @ lms**3, 0.0, 1.0)
    curved = np.maximum(1.055 * linear ** (1 / 2.4) - 0.055, 0.0)
    srgb: Floats = 255.0 * curved.T
    return srgb
