"""Outlines of confidence bands: where a class has at least a given probability.

The logarithm of a class's probability is a concave function of the point, so each such set
is convex: a ray from its best point leaves it once, and Newton's method coming from outside
finds where without overshooting.
"""

import math
from dataclasses import dataclass

import numpy as np

from service.regions.field import ScoreField
from service.regions.polygons import Partition
from service.softmax.arrays import Booleans, Floats, Integers
from service.softmax.probability import log_softmax

MARGIN = 0.15
"""Outlines are followed this far beyond the view, where cut corners are not seen."""

N_RAYS = 64
"""Rays all around, to begin with."""

BEND = 0.0003
"""Where leaving out a vertex would move the outline by more, rays are added on both sides."""

N_REFINEMENTS = 6
"""Each halves the angle between rays where it adds any."""

GRID = 33
N_ZOOMS = 4
N_STEPS = 40
TOLERANCE = 1e-7


@dataclass(frozen=True, kw_only=True, eq=False)
class Outline:
    """The edge of the set where a class has at least the probability of a level.

    Parameters
    ----------
    winner : int
        Index of the class.
    level : int
        Index of the level.
    vertices : ndarray of shape (n_vertices, 2)
        Points (u, v) on the edge, counter-clockwise; it may reach beyond the view, and
        below one half beyond the region.
    """

    winner: int
    level: int
    vertices: Floats


def band_outlines(
    field: ScoreField, regions: Partition, levels: tuple[float, ...]
) -> tuple[Outline, ...]:
    """Follow the edges of the bands in view.

    Parameters
    ----------
    field : ScoreField
        Scores over the view.
    regions : Partition
        The regions of `field`.
    levels : tuple of float
        Probabilities, ascending, each in (0, 1).

    Returns
    -------
    tuple of Outline
        Class after class, each class's from the widest to the narrowest; levels that a class
        does not reach in view are left out.
    """
    winners = np.array([region.winner for region in regions.regions])
    centres, best = _best_points(field, winners)
    outlines = []
    for i, winner in enumerate(winners.tolist()):
        reached = [n for n, level in enumerate(levels) if math.log(level) < best[i] - TOLERANCE]
        if not reached:
            continue
        floors = np.log(np.array(levels)[reached])
        for n, vertices in zip(reached, _outlines(field, winner, centres[i], floors), strict=True):
            outlines.append(Outline(winner=winner, level=n, vertices=vertices))
    return tuple(outlines)


def simplified(vertices: Floats, tolerance: float) -> Floats:
    """Drop vertices of a convex outline that the line between their neighbours replaces.

    Parameters
    ----------
    vertices : ndarray of shape (n_vertices, 2)
        A closed outline.
    tolerance : float
        The greatest distance of a dropped vertex from that line.

    Returns
    -------
    ndarray of shape (n_kept, 2)
        What is left; neighbours are never dropped in one pass, so errors do not add up there.
    """
    dropped = True
    while dropped and len(vertices) > 8:  # noqa: PLR2004 - a shape of few corners stays
        keep: Booleans = _bend(vertices) > tolerance
        keep[::2] = True
        dropped = not keep.all()
        vertices = np.roll(vertices[keep], 1, axis=0) if dropped else vertices
    return vertices


def _best_points(field: ScoreField, winners: Integers) -> tuple[Floats, Floats]:
    """Find where in view each class is most probable, and the logarithm of how much."""
    ticks = np.linspace(-0.5, 0.5, GRID)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    centres, size = np.full((len(winners), 2), 0.5), 1.0
    best = np.full(len(winners), -np.inf)
    for _ in range(N_ZOOMS):
        points = np.clip(centres[:, None, :] + size * grid, 0.0, 1.0)
        found = np.empty((len(winners), len(grid)))
        for i, winner in enumerate(winners):
            found[i] = log_softmax(field.scores(points[i]))[:, winner]
        place = found.argmax(axis=1)
        centres = points[np.arange(len(winners)), place]
        best = found.max(axis=1)
        size *= 4.0 / (GRID - 1)
    return centres, best


def _outlines(field: ScoreField, winner: int, centre: Floats, floors: Floats) -> Floats:
    """Follow one class's outlines, closer where they bend; shape (n_levels, n_rays, 2)."""
    angles = np.linspace(-math.pi, math.pi, N_RAYS, endpoint=False)
    vertices = _follow(field, winner, centre, angles, floors)
    for _ in range(N_REFINEMENTS):
        bends = (_bend(vertices) > BEND).any(axis=0)
        halved = np.flatnonzero(bends | np.roll(bends, -1))  # the gap from a ray to the next
        if not len(halved):
            break
        gaps = np.diff(angles, append=angles[0] + 2.0 * math.pi)
        added = angles[halved] + 0.5 * gaps[halved]
        between = _follow(field, winner, centre, added, floors)
        angles = np.insert(angles, halved + 1, added)
        vertices = np.insert(vertices, halved + 1, between, axis=1)
    return vertices


def _bend(vertices: Floats) -> Floats:
    """Measure how far each vertex is from the line between its neighbours."""
    before, after = np.roll(vertices, 1, axis=-2), np.roll(vertices, -1, axis=-2)
    chord, offset = after - before, vertices - before
    length = np.maximum(np.hypot(chord[..., 0], chord[..., 1]), 1e-300)
    bend: Floats = np.abs(chord[..., 0] * offset[..., 1] - chord[..., 1] * offset[..., 0])
    return bend / length


def _follow(
    field: ScoreField, winner: int, centre: Floats, angles: Floats, floors: Floats
) -> Floats:
    """Find where each ray falls below each floor; shape (n_levels, n_rays, 2)."""
    directions = np.column_stack([np.cos(angles), np.sin(angles)])
    with np.errstate(divide="ignore"):
        exits = np.where(
            directions > 0.0,
            (1.0 + MARGIN - centre) / directions,
            np.where(directions < 0.0, (-MARGIN - centre) / directions, np.inf),
        ).min(axis=1)
    along = np.broadcast_to(exits, (len(floors), len(exits))).copy()
    at_centre, rates = field.scores(centre), directions @ field.slopes.T
    for _ in range(N_STEPS):
        log_proba = log_softmax((at_centre + along[..., None] * rates).reshape(-1, field.n_classes))
        log_proba = log_proba.reshape(*along.shape, -1)
        lead = log_proba[..., winner] - floors[:, None]
        fall = np.einsum("lrk,rk->lr", np.exp(log_proba), rates) - rates[:, winner]
        moves = (lead < 0.0) & (fall > 0.0)
        step = np.divide(lead, fall, out=np.zeros_like(lead), where=moves)
        along = np.maximum(along + step, 0.0)
        if np.abs(step).max() < TOLERANCE:
            break
    places: Floats = centre + along[..., None] * directions
    return places
