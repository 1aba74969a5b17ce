"""Bands of three classes: one curve, placed again and again.

Let a and b be the scores of two rivals less that of a class. It has at least the probability
p where ``exp(a) + exp(b) <= (1 - p) / p``; with the logarithm of the right side taken off a
and b, where ``exp(a) + exp(b) <= 1``. Scores are affine, and three of them have just two
differences, so the edge of every band of every class is one and the same curve: each class
looks at it from its own side, and each level moves it by the same step along both axes.
"""

import math
from functools import cache

import numpy as np

from service.regions.field import ScoreField
from service.regions.scene import Frame
from service.softmax.arrays import Floats

N_CLASSES = 3

PARTS = 10_000
"""The curve is written in so many parts of a nat."""

STEP = 0.5
BENDS = 12.0
"""From one point of the curve to the next, and how far it is followed, in nats of a - b: it
leaves the true one by at most 2e-5 nats, and ends where it is as near to its asymptotes."""

FAR = 1000.0
"""How far its straight ends go on, in nats."""

NEAR = FAR - 10.0
"""Scores that differ by more than this in the view lead beyond the ends."""

COARSE_PX = 1000.0
"""More pixels a nat than this would show the curve's own error."""


@cache
def curve() -> str:
    """Write the outline of ``exp(a) + exp(b) <= 1``.

    Returns
    -------
    str
        The data of an SVG path in parts of a nat, a to the right and b downwards; each bend is
        a quadratic curve with the tangents of the true one.
    """
    lead = np.arange(-BENDS, BENDS + STEP, STEP)  # a - b, by which the points are known
    share = 1.0 / (1.0 + np.exp(-lead))
    points = np.column_stack([np.log(share), np.log1p(-share)])
    tangents = np.column_stack([1.0 - share, -share])
    side, onward = np.diff(points, axis=0), tangents[1:]
    turn = tangents[:-1, 0] * onward[:, 1] - tangents[:-1, 1] * onward[:, 0]
    reach = (side[:, 0] * onward[:, 1] - side[:, 1] * onward[:, 0]) / turn
    controls = points[:-1] + reach[:, None] * tangents[:-1]
    numbers = np.rint(PARTS * np.hstack([controls, points[1:]])).astype(np.intp)
    first = "{} {}".format(*np.rint(PARTS * points[0]).astype(np.intp))
    bends = "".join(f"Q{a} {b} {c} {d}" for a, b, c, d in numbers.tolist())
    far = round(PARTS * FAR)
    return f"M{-far} {-far}V0L{first}{bends}L0 {-far}Z"


def shift(level: float) -> int:
    """Say how far a level moves the curve.

    Parameters
    ----------
    level : float
        A probability in (0, 1).

    Returns
    -------
    int
        Along a and b alike, in parts of a nat.
    """
    return round(PARTS * (math.log1p(-level) - math.log(level)))


def placements(field: ScoreField, frame: Frame) -> Floats | None:
    """Say where each class sees the curve.

    Parameters
    ----------
    field : ScoreField
        Scores over the view.
    frame : Frame
        Where the view is shown.

    Returns
    -------
    ndarray of shape (3, 2, 3), or None
        For each class the map from parts of a nat to CSS pixels, its last column for the
        origin. None where there are not three classes, or they lie so that the view is too
        large or too small beside the curve.
    """
    if field.n_classes != N_CLASSES:
        return None
    rivals = np.array([[1, 2], [2, 0], [0, 1]])
    slopes = field.slopes[rivals] - field.slopes[:, None]
    offsets = field.offsets[rivals] - field.offsets[:, None]
    most = np.abs(offsets).max() + np.abs(slopes).sum(axis=2).max()
    (across_a, up_a), (across_b, up_b) = slopes[0].tolist()
    turn = abs(across_a * up_b - across_b * up_a)  # the same for every class
    steepest, side_px = float(np.abs(slopes).max()), max(frame.width, frame.height)
    if not (most < NEAR and side_px * steepest < COARSE_PX * turn):
        return None
    back = np.linalg.inv(slopes) * np.array([[frame.width], [-frame.height]])
    origins = (frame.left, frame.bottom) - np.einsum("kxa,ka->kx", back, offsets)
    return np.concatenate([back / PARTS, origins[:, :, None]], axis=2)
