"""Small images of the points' looks, made once for each and pasted many times."""

import math
from functools import lru_cache

import numpy as np
from PIL import Image

from service.regions.palette import Palette
from service.regions.scene import Look
from service.regions.shapes import distance, shape_of
from service.softmax.arrays import Floats

STEPS = 2
"""Shapes are placed on halves of a pixel."""

_Stamp = tuple[Image.Image, Image.Image]


def stamp(
    image: Image.Image, look: Look, places: Floats, *, palette: Palette, n_classes: int, scale: int
) -> None:
    """Put points of one look into a picture.

    Parameters
    ----------
    image : Image
        The picture, or a band of its rows; written to.
    look : Look
        What they look like.
    places : ndarray of shape (n_points, 2)
        Device pixels from the left and from the top of `image`.
    palette : Palette
        The theme.
    n_classes : int
        Number of classes.
    scale : int
        Device pixels along one CSS pixel.
    """
    stamps = _stamps(palette, n_classes, look, scale)
    half = stamps[0][0].width // 2
    steps = np.rint(STEPS * places).astype(np.intp)
    (left, top), (across, down) = (steps // STEPS - half).T.tolist(), (steps % STEPS).T.tolist()
    for x, y, i, j in zip(left, top, across, down, strict=True):
        colour, mask = stamps[j * STEPS + i]
        image.paste(colour, (x, y), mask)


@lru_cache(maxsize=256)
def _stamps(palette: Palette, n_classes: int, look: Look, scale: int) -> list[_Stamp]:
    """Draw a look at every placement within a pixel."""
    radius = scale * look.radius_px
    ring = 1.8 * radius
    half = math.ceil((ring if look.is_ringed else 1.45 * radius) + 2.5 * scale)
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
    if look.is_ringed:
        away = np.abs(np.hypot(points[..., 0], points[..., 1]) - ring)
        _lay(colour, alpha, palette.paper, 1.2 * scale - away, 0.7)
        _lay(colour, alpha, palette.ink, 0.65 * scale - away, 1.0)
    if look.k is not None:
        outside = radius * distance(shape_of(look.k), points / radius)
        shape, cover = np.zeros_like(colour), np.zeros_like(alpha)
        _lay(shape, cover, palette.paper, 0.95 * scale - outside, 1.0)
        _lay(shape, cover, palette.points(n_classes)[look.k], -outside, 1.0)
        _merge(colour, alpha, shape, look.opacity * cover)
    return [
        (
            Image.fromarray(np.rint(one).astype(np.uint8)).convert("RGBX"),
            Image.fromarray(np.rint(255.0 * mask).astype(np.uint8)),
        )
        for one, mask in zip(
            colour.reshape(-1, *colour.shape[2:]),
            alpha.reshape(-1, *alpha.shape[2:]),
            strict=True,
        )
    ]


def _lay(
    colour: Floats, alpha: Floats, paint: tuple[int, int, int] | Floats, depth: Floats, share: float
) -> None:
    """Lay paint over what is there, where the depth below the paint's edge is positive."""
    _merge(colour, alpha, np.asarray(paint), share * np.clip(depth + 0.5, 0.0, 1.0))


def _merge(colour: Floats, alpha: Floats, paint: Floats, above: Floats) -> None:
    """Lay paint that covers so much of each pixel over what is there."""
    total = above + alpha * (1.0 - above)
    weight = np.divide(above, total, out=np.zeros_like(total), where=total > 0.0)
    colour += weight[..., None] * (paint - colour)
    alpha[...] = total
