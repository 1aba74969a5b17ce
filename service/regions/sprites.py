"""Small images of the points' shapes, made once for each class and pasted many times."""

import math

import numpy as np
from PIL import Image

from service.regions.palette import Palette
from service.regions.scene import Marker
from service.regions.shapes import distance, shape_of
from service.softmax.arrays import Floats

STEPS = 2
"""Shapes are placed on halves of a pixel."""

_Key = tuple[int | None, float, bool, int]


class Sprites:
    """The sprites of one picture; not shared between threads.

    Parameters
    ----------
    palette : Palette
        The theme.
    n_classes : int
        Number of classes.
    """

    def __init__(self, palette: Palette, n_classes: int) -> None:
        self._palette = palette
        self._colours = palette.points(n_classes)
        self._made: dict[_Key, list[tuple[Image.Image, Image.Image]]] = {}

    def paste(self, image: Image.Image, marker: Marker, scale: int) -> None:
        """Paste a marker into the picture.

        Parameters
        ----------
        image : Image
            The picture; written to.
        marker : Marker
            What and where, in CSS pixels.
        scale : int
            Device pixels along one CSS pixel.
        """
        key = (marker.k, marker.radius_px, marker.is_ringed, scale)
        if key not in self._made:
            self._made[key] = self._make(marker, scale)
        across, left = _parts(scale * marker.x)
        down, top = _parts(scale * marker.y)
        colour, mask = self._made[key][down * STEPS + across]
        half = colour.width // 2
        image.paste(colour, (left - half, top - half), mask)

    def _make(self, marker: Marker, scale: int) -> list[tuple[Image.Image, Image.Image]]:
        radius = scale * marker.radius_px
        ring = 1.8 * radius
        half = math.ceil((ring if marker.is_ringed else 1.45 * radius) + 2.5 * scale)
        ticks = np.arange(-half, half + 1) + 0.5
        shifts = np.arange(STEPS) / STEPS
        # All placements in one go: (down, across, row, column, xy).
        x = np.broadcast_to(
            ticks[None, None, None, :] - shifts[None, :, None, None],
            (STEPS, STEPS, len(ticks), len(ticks)),
        )
        points = np.stack([x, x.transpose(1, 0, 3, 2)], axis=-1)
        colour = np.zeros((*points.shape[:-1], 3))
        alpha = np.zeros(points.shape[:-1])
        away = np.hypot(points[..., 0], points[..., 1])
        if marker.is_ringed:
            _lay(colour, alpha, self._palette.paper, 1.2 * scale - np.abs(away - ring), 0.7)
            _lay(colour, alpha, self._palette.ink, 0.65 * scale - np.abs(away - ring), 1.0)
        if marker.k is not None:
            outside = radius * distance(shape_of(marker.k), points / radius)
            _lay(colour, alpha, self._palette.paper, 0.95 * scale - outside, 1.0)
            _lay(colour, alpha, self._colours[marker.k], -outside, 1.0)
        return [
            (
                Image.fromarray(np.rint(one).astype(np.uint8)),
                Image.fromarray(np.rint(255.0 * mask).astype(np.uint8)),
            )
            for one, mask in zip(
                colour.reshape(-1, *colour.shape[2:]),
                alpha.reshape(-1, *alpha.shape[2:]),
                strict=True,
            )
        ]


def _parts(place: float) -> tuple[int, int]:
    """Split a place into the part of a pixel and the pixel."""
    parts = round(STEPS * place)
    return parts % STEPS, parts // STEPS


def _lay(
    colour: Floats, alpha: Floats, paint: tuple[int, int, int] | Floats, depth: Floats, share: float
) -> None:
    """Lay paint over what is there, where the depth below the paint's edge is positive."""
    above = share * np.clip(depth + 0.5, 0.0, 1.0)
    total = above + alpha * (1.0 - above)
    weight = np.divide(above, total, out=np.zeros_like(total), where=total > 0.0)
    colour += weight[..., None] * (np.asarray(paint) - colour)
    alpha[...] = total
