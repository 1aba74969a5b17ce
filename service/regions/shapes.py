"""The shapes that tell the points of one class from those of another."""

import math

import numpy as np

from service.softmax.arrays import Floats

Shape = tuple[Floats, ...]
"""A union of convex polygons, counter-clockwise around the origin, y downwards."""


def _regular(corners: int, radius: float, turn: float = 0.0) -> Floats:
    angles = turn + 2.0 * math.pi * np.arange(corners) / corners
    polygon: Floats = radius * np.column_stack([np.cos(angles), np.sin(angles)])
    return polygon


def _bars(turn: float) -> Shape:
    """Two bars that cross."""
    long, short = 1.2, 0.42
    cosine, sine = math.cos(turn), math.sin(turn)
    rotation = np.array([[cosine, sine], [-sine, cosine]])
    corners = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    return tuple(corners * size @ rotation for size in ((long, short), (short, long)))


_UP, _DOWN, _LEFT = -math.pi / 2, math.pi / 2, math.pi
SHAPES: tuple[Shape, ...] = (
    (_regular(24, 1.0),),
    (_regular(4, 1.26, math.pi / 4),),
    (_regular(3, 1.4, _UP),),
    (_regular(4, 1.36),),
    _bars(0.0),
    (_regular(3, 1.4, _DOWN),),
    _bars(math.pi / 4),
    (_regular(5, 1.15, _UP),),
    (_regular(3, 1.4, _LEFT),),
    (_regular(3, 1.4, 0.0),),
)
"""Shapes of about equal weight, for a circle of radius one; classes take them in turn."""


def shape_of(k: int) -> Shape:
    """Give the shape of a class.

    Parameters
    ----------
    k : int
        Index of the class.

    Returns
    -------
    tuple of ndarray of shape (n_corners, 2)
        Convex polygons whose union is the shape.
    """
    return SHAPES[k % len(SHAPES)]


def distance(shape: Shape, points: Floats) -> Floats:
    """Measure how far points are outside a shape, with sharp corners.

    Parameters
    ----------
    shape : tuple of ndarray of shape (n_corners, 2)
        Convex polygons whose union is the shape.
    points : ndarray of shape (..., 2)
        Points.

    Returns
    -------
    ndarray of shape (...)
        Distance to the lines of the outline, in the shape's units; negative inside.
    """
    parts = []
    for polygon in shape:
        sides = np.roll(polygon, -1, axis=0) - polygon
        normals = np.column_stack([sides[:, 1], -sides[:, 0]])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        reach = np.einsum("ij,ij->i", normals, polygon)
        parts.append((points @ normals.T - reach).max(axis=-1))
    outside: Floats = np.min(parts, axis=0)
    return outside
