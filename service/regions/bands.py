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
GRID_LEAST = 4
"""Cells along each side of a region's own box: so many where it is as large as the view, and at
least so many."""

MARGIN = 0.01
"""The box reaches this share of itself beyond the region, where ends are not seen."""

NEGLIGIBLE = 40.0
"""A rival this many nats below another everywhere in the box changes no digit of the sum."""

ALONE = 1e9
"""A class stands among its own rivals as if it were this many nats ahead of itself, so that one
without rivals needs no care."""

NODES = 1 << 17
"""Most nodes times rivals that are looked at together."""

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
    # Regions together are quicker; many at once would take much memory, and share few rivals.
    at_once = max(1, NODES // ((grid + 1) ** 2 * field.n_classes))
    starts = range(0, len(regions.regions), at_once)
    found = [_outlines(field, regions.regions[i : i + at_once], floors, grid) for i in starts]
    return [outlines for several in found for outlines in several]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Leads:
    """Leads of rivals over the boxes of some regions, each box a unit square."""

    slopes: Floats
    offsets: Floats

    def of(self, box: Integers) -> "_Leads":
        """Give those of one box a point."""
        return _Leads(slopes=self.slopes[box], offsets=self.offsets[box])

    def against(self, u: Floats, v: Floats) -> tuple[Floats, Floats]:
        """Give the log-odds against each class, and each rival's share in them."""
        leads = u[..., None] * self.slopes[..., 0] + v[..., None] * self.slopes[..., 1]
        leads += self.offsets
        top = leads.max(axis=-1, keepdims=True)
        shares = np.exp(np.subtract(leads, top, out=leads), out=leads)
        total = shares.sum(axis=-1, keepdims=True)
        shares /= total
        return (top + np.log(total))[..., 0], shares


def _outlines(
    field: ScoreField, regions: tuple[Region, ...], floors: Floats, grid: int
) -> list[Outlines]:
    boxes = np.array([[r.vertices.min(axis=0), r.vertices.max(axis=0)] for r in regions])
    low, size = boxes[:, 0], boxes[:, 1] - boxes[:, 0]
    # Small regions need no finer cells than large ones.
    grid = max(GRID_LEAST, min(grid, math.ceil(1.2 * grid * size.max())))
    low, size = low - MARGIN * size, (1.0 + 2.0 * MARGIN) * size
    leads = _leads(field, np.array([region.winner for region in regions]), low, size)
    points, direction, box, level = _crossings(leads, floors, grid)
    points, tangents = _settle(leads.of(box), points, direction, floors[level], grid)
    corners, corner_box, corner_level = _inner_corners(leads, floors)
    points = np.concatenate([points, corners])
    tangents = np.concatenate([tangents, np.zeros_like(corners)])
    box = np.concatenate([box, corner_box])
    curve = box * len(floors) + np.concatenate([level, corner_level])
    counts = np.bincount(curve, minlength=len(regions) * len(floors))
    sums = [np.bincount(curve, axis, len(counts)) for axis in points.T]
    away = (points - (np.stack(sums) / np.maximum(counts, 1)).T[curve]) * size[box]
    order = np.lexsort((np.arctan2(away[:, 1], away[:, 0]), curve))
    ends = np.cumsum(counts)
    following = np.arange(1, len(points) + 1)
    following[ends[counts > 0] - 1] = (ends - counts)[counts > 0]
    vertices, box = points[order], box[order]
    controls, is_needed = _controls(vertices, tangents[order], following)
    is_reached = counts > 2  # noqa: PLR2004 - fewer points bound no area
    is_needed &= is_reached[curve[order]]
    kept = np.concatenate([[0], is_needed.cumsum()])[np.concatenate([[0], ends])]
    box = box[is_needed]
    vertices = low[box] + size[box] * vertices[is_needed]
    controls = low[box] + size[box] * controls[is_needed]
    outlines = []
    for number, region in enumerate(regions):
        first, last = number * len(floors), (number + 1) * len(floors)
        reached = is_reached[first:last]
        place = slice(kept[first], kept[last])
        outlines.append(
            Outlines(
                winner=region.winner,
                levels=tuple(reached.nonzero()[0].tolist()),
                ends=tuple((kept[first + 1 : last + 1][reached] - kept[first]).tolist()),
                vertices=vertices[place],
                controls=controls[place],
            )
        )
    return outlines


def _leads(field: ScoreField, winners: Integers, low: Floats, size: Floats) -> _Leads:
    """Give the leads of those rivals that count in one of the boxes."""
    slopes = field.slopes - field.slopes[winners, None]
    offsets = field.offsets - field.offsets[winners, None]
    offsets += np.einsum("rka,ra->rk", slopes, low)
    slopes *= size[:, None]
    offsets[np.arange(len(winners)), winners] = -ALONE
    least = offsets + np.minimum(slopes, 0.0).sum(axis=2)
    most = offsets + np.maximum(slopes, 0.0).sum(axis=2)
    counts = (most >= least.max(axis=1, keepdims=True) - NEGLIGIBLE).any(axis=0)
    return _Leads(slopes=slopes[:, counts], offsets=offsets[:, counts])


def _crossings(
    leads: _Leads, floors: Floats, grid: int
) -> tuple[Floats, Floats, Integers, Integers]:
    """Find about where the lines of a grid leave each set.

    Gives places, the directions of their lines, and the box and the level of each.
    """
    ticks = np.linspace(0.0, 1.0, grid + 1)
    nodes = _Leads(slopes=leads.slopes[:, None, None], offsets=leads.offsets[:, None, None])
    against, _ = nodes.against(ticks[None, None], ticks[None, :, None])
    inside = against[:, None] <= floors[:, None, None]
    across = np.nonzero(inside[..., 1:] != inside[..., :-1])
    up = np.nonzero(inside[..., 1:, :] != inside[..., :-1, :])
    box, level, row, column = (np.concatenate(pair) for pair in zip(across, up, strict=True))
    is_upright = np.arange(len(box)) >= len(across[0])
    direction = np.column_stack([~is_upright, is_upright]).astype(np.float64)
    before = against[box, row, column]
    after = against[box, row + is_upright, column + ~is_upright]
    share = (floors[level] - before) / (after - before)
    places = (np.column_stack([column, row]) + share[:, None] * direction) / grid
    return places, direction, box, level


def _settle(
    leads: _Leads, points: Floats, direction: Floats, floors: Floats, grid: int
) -> tuple[Floats, Floats]:
    """Move each place along its line to where it meets its floor; give the tangents there."""
    along = np.arange(len(points)), direction[:, 1].astype(np.intp)
    gradient = np.zeros_like(points)
    for _ in range(N_STEPS):
        against, shares = leads.against(points[:, 0], points[:, 1])
        gradient = np.einsum("nk,nka->na", shares, leads.slopes)
        rate = gradient[along]
        step = np.divide(floors - against, rate, out=np.zeros_like(rate), where=rate != 0.0)
        step = np.clip(step, -1.0 / grid, 1.0 / grid)
        points[along] = np.clip(points[along] + step, 0.0, 1.0)
        if np.abs(step).max(initial=0.0) < TOLERANCE:
            break
    # Turned a quarter from the outward normal: counter-clockwise.
    return points, np.column_stack([-gradient[:, 1], gradient[:, 0]])


def _inner_corners(leads: _Leads, floors: Floats) -> tuple[Floats, Integers, Integers]:
    """Find the corners of boxes that lie inside a level; give them, the boxes, the levels."""
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    at = _Leads(slopes=leads.slopes[:, None], offsets=leads.offsets[:, None])
    against, _ = at.against(corners[None, :, 0], corners[None, :, 1])
    box, level, corner = np.nonzero(against[:, None] <= floors[:, None])
    return corners[corner], box, level


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
