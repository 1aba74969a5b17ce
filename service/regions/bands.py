"""Outlines of confidence bands: where a class has at least a given probability.

Against its rivals a class has the log-odds ``-log sum_j exp(z_j - z_k)``, which is a concave
function of the point, so each such set is convex. Where its edge crosses the lines of a grid
is found by Newton's method; the tangents there come with it, and two neighbours with their
tangents make one quadratic curve.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from service.regions.field import ScoreField
from service.regions.polygons import Partition, Region
from service.softmax.arrays import Booleans, Floats, Integers

GRID = 20
"""Cells along each side of a region's own box."""

MARGIN = 0.01
"""The box reaches this share of itself beyond the region, where ends are not seen."""

NEGLIGIBLE = 40.0
"""A rival this many nats below another everywhere in the box changes no digit of the sum."""

ALONE = 1e9
"""A class without rivals is treated as if it were this many nats ahead of one."""

STRAIGHT = 1e-4
"""Tangents that turn less, in radians, are taken for one line."""

N_STEPS = 12
TOLERANCE = 1e-4
"""Newton's steps: at most so many, and the last no longer than this share of the box; its
error is about the square of that."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Outlines:
    """The edges of the sets where a class has at least the probability of each level.

    Parameters
    ----------
    winner : int
        Index of the class.
    levels : tuple of int
        Indices of the levels that it reaches.
    ends : tuple of int
        Where the vertices of each of those levels end, among all.
    vertices : ndarray of shape (n_vertices, 2)
        Points (u, v) on the edges, level after level, each level's counter-clockwise; edges
        close just beyond the region's box.
    controls : ndarray of shape (n_vertices, 2)
        Control points of the quadratic curves from each vertex to the next of its level.
    """

    winner: int
    levels: tuple[int, ...]
    ends: tuple[int, ...]
    vertices: Floats
    controls: Floats

    def slices(self) -> Iterator[tuple[int, slice]]:
        """Give the levels with their places among the vertices.

        Yields
        ------
        level : int
            Index of a level.
        place : slice
            Its vertices and controls.
        """
        for level, start, end in zip(self.levels, (0, *self.ends), self.ends, strict=False):
            yield level, slice(start, end)

    def flattened(self, place: slice, parts: int) -> Floats:
        """Replace the curves of a level by straight pieces.

        Parameters
        ----------
        place : slice
            The level's, from `slices`.
        parts : int
            Pieces a curve.

        Returns
        -------
        ndarray of shape (n_vertices * parts, 2)
            A closed polygon.
        """
        t = np.arange(parts)[:, None, None] / parts
        start, control = self.vertices[place], self.controls[place]
        following = np.roll(start, -1, axis=0)
        curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * following
        polygon: Floats = curve.transpose(1, 0, 2).reshape(-1, 2)
        return polygon


def band_outlines(
    field: ScoreField, regions: Partition, levels: tuple[float, ...], *, grid: int = GRID
) -> list[Outlines]:
    """Follow the edges of the bands in view.

    Parameters
    ----------
    field : ScoreField
        Scores over the view.
    regions : Partition
        The regions in whose boxes the edges are followed.
    levels : tuple of float
        Probabilities, ascending, each in (0, 1).
    grid : int
        Cells along each side of a box; sets smaller than a cell are not seen.

    Returns
    -------
    list of Outlines
        One for each region, in class order; levels that a class does not reach in its region
        are left out.
    """
    floors = np.array([math.log1p(-level) - math.log(level) for level in levels])
    return [_outlines_of(field, region, floors, grid) for region in regions.regions]


def _outlines_of(field: ScoreField, region: Region, floors: Floats, grid: int) -> Outlines:
    low, high = region.vertices.min(axis=0), region.vertices.max(axis=0)
    low, size = low - MARGIN * (high - low), (1.0 + 2.0 * MARGIN) * (high - low)
    slopes, offsets = _rivals(field, region.winner, low, size)
    points, levels = _crossings(slopes, offsets, floors, grid)
    points, tangents = _settle(slopes, offsets, points, floors[levels], grid)
    corners, at = _inner_corners(slopes, offsets, floors)
    points = np.concatenate([points[:, :2], corners])
    tangents = np.concatenate([tangents, np.zeros_like(corners)])
    levels = np.concatenate([levels, at])
    counts = np.bincount(levels, minlength=len(floors))
    with np.errstate(invalid="ignore"):
        centres = np.stack([np.bincount(levels, axis, len(floors)) / counts for axis in points.T])
    away = points - centres.T[levels]
    order = np.lexsort((np.arctan2(away[:, 1] * size[1], away[:, 0] * size[0]), levels))
    ends = np.cumsum(counts)
    starts = ends - counts
    is_reached = counts > 2  # noqa: PLR2004 - fewer points bound no area
    following = np.arange(1, len(points) + 1)
    following[ends[counts > 0] - 1] = starts[counts > 0]
    vertices = points[order]
    controls, is_needed = _controls(vertices, tangents[order], following)
    is_needed &= is_reached[levels[order]]
    kept_until = np.concatenate([[0], is_needed.cumsum()])[ends]
    return Outlines(
        winner=region.winner,
        levels=tuple(is_reached.nonzero()[0].tolist()),
        ends=tuple(kept_until[is_reached].tolist()),
        vertices=low + size * vertices[is_needed],
        controls=low + size * controls[is_needed],
    )


def _rivals(field: ScoreField, winner: int, low: Floats, size: Floats) -> tuple[Floats, Floats]:
    """Give the leads of those rivals that count, over the box as a unit square."""
    if field.n_classes == 1:
        return np.zeros((1, 2)), np.full(1, -ALONE)
    slopes = np.delete(field.slopes - field.slopes[winner], winner, axis=0)
    offsets = np.delete(field.offsets - field.offsets[winner], winner) + slopes @ low
    slopes = slopes * size
    least = offsets + np.minimum(slopes, 0.0).sum(axis=1)
    most = offsets + np.maximum(slopes, 0.0).sum(axis=1)
    counts = most >= least.max(initial=-np.inf) - NEGLIGIBLE
    return slopes[counts], offsets[counts]


def _log_odds(leads: Floats) -> tuple[Floats, Floats]:
    """Give the log-odds against the class, and each rival's share in them."""
    top = leads.max(axis=-1, keepdims=True)
    shares = np.exp(leads - top)
    total = shares.sum(axis=-1, keepdims=True)
    shares /= total
    return (top + np.log(total))[..., 0], shares


def _crossings(
    slopes: Floats, offsets: Floats, floors: Floats, grid: int
) -> tuple[Floats, Integers]:
    """Find about where the lines of a grid leave each set.

    Each row of the first array is a place, and the direction of its line.
    """
    ticks = np.linspace(0.0, 1.0, grid + 1)
    leads = ticks[:, None, None] * slopes[:, 1] + (ticks[:, None] * slopes[:, 0] + offsets)
    against, _ = _log_odds(leads)
    inside = against <= floors[:, None, None]
    level_a, row_a, column_a = np.nonzero(inside[:, :, 1:] != inside[:, :, :-1])
    level_b, row_b, column_b = np.nonzero(inside[:, 1:, :] != inside[:, :-1, :])
    levels = np.concatenate([level_a, level_b])
    row, column = np.concatenate([row_a, row_b]), np.concatenate([column_a, column_b])
    is_upright = np.arange(len(levels)) >= len(level_a)
    direction = np.column_stack([~is_upright, is_upright]).astype(np.float64)
    before = against[row, column]
    after = against[row + is_upright, column + ~is_upright]
    share = (floors[levels] - before) / (after - before)
    places = (np.column_stack([column, row]) + share[:, None] * direction) / grid
    return np.column_stack([places, direction]), levels


def _settle(
    slopes: Floats, offsets: Floats, lines: Floats, floors: Floats, grid: int
) -> tuple[Floats, Floats]:
    """Move each place along its line to where it meets its floor; give the tangents there."""
    points, direction = lines[:, :2], lines[:, 2:]
    along = np.arange(len(points)), direction[:, 1].astype(np.intp)
    for _ in range(N_STEPS):
        against, shares = _log_odds(points @ slopes.T + offsets)
        gradient = shares @ slopes
        rate = gradient[along]
        step = np.divide(floors - against, rate, out=np.zeros_like(rate), where=rate != 0.0)
        step = np.clip(step, -1.0 / grid, 1.0 / grid)
        points[along] = np.clip(points[along] + step, 0.0, 1.0)
        if np.abs(step).max(initial=0.0) < TOLERANCE:
            break
    # Turned a quarter from the outward normal: counter-clockwise.
    return points, np.column_stack([-gradient[:, 1], gradient[:, 0]])


def _inner_corners(slopes: Floats, offsets: Floats, floors: Floats) -> tuple[Floats, Integers]:
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    against, _ = _log_odds(corners @ slopes.T + offsets)
    level, corner = np.nonzero(against <= floors[:, None])
    return corners[corner], level


def _controls(vertices: Floats, tangents: Floats, following: Integers) -> tuple[Floats, Booleans]:
    """Let neighbouring tangents meet; say which vertices are more than the middle of a line."""
    onward, side = tangents[following], vertices[following] - vertices
    turn = tangents[:, 0] * onward[:, 1] - tangents[:, 1] * onward[:, 0]
    sizes = np.hypot(tangents[:, 0], tangents[:, 1])
    is_bent = turn > STRAIGHT * sizes * sizes[following]
    reach = side[:, 0] * onward[:, 1] - side[:, 1] * onward[:, 0]
    share = np.divide(reach, turn, out=np.zeros_like(turn), where=is_bent)
    meeting = vertices + share[:, None] * tangents
    # Outside the box two tangents belong to different curves.
    is_bent &= ((meeting >= 0.0) & (meeting <= 1.0)).all(axis=1) & (share > 0.0)
    is_bent &= ~((vertices == vertices[following]) & _on_border(vertices)).any(axis=1)
    controls = np.where(is_bent[:, None], meeting, vertices + 0.5 * side)
    is_needed = is_bent | (sizes == 0.0) | _on_border(vertices).any(axis=1)
    is_needed[following[is_bent]] = True
    return controls, is_needed


def _on_border(points: Floats) -> Booleans:
    return np.asarray((points <= 0.0) | (points >= 1.0))
