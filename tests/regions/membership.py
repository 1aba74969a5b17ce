"""Which points lie in which convex polygon."""

from collections.abc import Sequence

import numpy as np

from service.regions.polygons import Region
from service.softmax.arrays import Booleans, Floats


def holds(vertices: Floats, points: Floats) -> Booleans:
    """Whether a convex polygon, given counter-clockwise, holds each point."""
    inside = np.ones(len(points), dtype=np.bool_)
    for (u0, v0), (u1, v1) in zip(vertices, np.roll(vertices, -1, axis=0), strict=True):
        inside &= (u1 - u0) * (points[:, 1] - v0) - (v1 - v0) * (points[:, 0] - u0) >= 0.0
    return inside


def membership(regions: Sequence[Region], n_classes: int, points: Floats) -> Booleans:
    """Whether each class's region holds each point; shape (n_points, n_classes)."""
    inside = np.zeros((len(points), n_classes), dtype=np.bool_)
    for region in regions:
        inside[:, region.winner] = holds(region.vertices, points)
    return inside
