"""Exact decision regions: each is a convex polygon, found by clipping."""

from dataclasses import dataclass
from functools import cached_property
from math import isqrt

import numpy as np

from service.regions.field import ScoreField
from service.softmax.arrays import Booleans, Floats, Integers

OUTSIDE = -1
"""Stands for a rival across the border of the view."""

ABSTAIN = -2
"""Stands for what is across an edge where nothing is decided."""

CELLS = (4, 32)
"""The view is first searched for contenders in about as many cells as there are classes, but at
least and at most this many a side."""

AT_ONCE = 8
"""So many rivals are tried one by one, before all that are left are looked through together."""

NOISE_AREA = 1e-14
"""Regions this small, as a share of the view, are rounding: classes that only touch."""

_Corner = tuple[float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Region:
    """Where one class wins: a convex polygon in the unit square.

    Parameters
    ----------
    winner : int
        Index of the class.
    vertices : ndarray of shape (n_vertices, 2)
        Corners (u, v), counter-clockwise.
    rivals : tuple of int, length n_vertices
        The class on the other side of the edge from vertex i to the next; -1 at the border
        of the view.
    """

    winner: int
    vertices: Floats
    rivals: tuple[int, ...]

    @cached_property
    def area(self) -> float:
        """Share of the view."""
        return _area(self.vertices)

    @property
    def edges(self) -> Floats:
        """The segment from each vertex to the next; shape (n_vertices, 2, 2)."""
        return np.stack([self.vertices, np.roll(self.vertices, -1, axis=0)], axis=1)

    @cached_property
    def centroid(self) -> Floats:
        """Centre of mass (u, v), inside since the region is convex; shape (2,)."""
        following = np.roll(self.vertices, -1, axis=0)
        crosses = self.vertices[:, 0] * following[:, 1] - following[:, 0] * self.vertices[:, 1]
        centroid: Floats = crosses @ (self.vertices + following) / (3.0 * crosses.sum())
        return centroid


@dataclass(frozen=True, kw_only=True, eq=False)
class Boundary:
    """The segment along which two classes tie.

    Parameters
    ----------
    between : tuple of (int, int)
        Indices of the two classes, ascending.
    ends : ndarray of shape (2, 2)
        The segment's ends (u, v).
    """

    between: tuple[int, int]
    ends: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Partition:
    """The view, divided among the classes without gap or overlap.

    Parameters
    ----------
    n_classes : int
        Number of classes of the model.
    regions : tuple of Region
        One for each class that wins somewhere in view, in class order.
    leads : bool
        Whether the winner is always the most probable class; mistakes of different cost can
        make another one win.
    exact : bool
        Whether the regions are whole; where borders are curves, they are cut into many convex
        pieces, in any order.
    """

    n_classes: int
    regions: tuple[Region, ...]
    leads: bool = True
    exact: bool = True

    @cached_property
    def area_shares(self) -> Floats:
        """Share of the view of each class, zero where it never wins; shape (n_classes,)."""
        shares = np.zeros(self.n_classes)
        for region in self.regions:
            shares[region.winner] += region.area
        return shares

    @cached_property
    def present(self) -> tuple[int, ...]:
        """Classes that win somewhere in view, ascending."""
        return tuple(sorted({region.winner for region in self.regions}))

    @cached_property
    def boxes(self) -> "Partition":
        """For each class that is present one region that holds all of its own."""
        if self.exact:
            return self
        boxes = []
        for k in self.present:
            corners = np.concatenate([r.vertices for r in self.regions if r.winner == k])
            (u0, v0), (u1, v1) = corners.min(axis=0), corners.max(axis=0)
            around = np.array([[u0, v0], [u1, v0], [u1, v1], [u0, v1]])
            boxes.append(Region(winner=k, vertices=around, rivals=(OUTSIDE,) * 4))
        return Partition(n_classes=self.n_classes, regions=tuple(boxes), leads=self.leads)

    @cached_property
    def absent(self) -> tuple[int, ...]:
        """Classes that win nowhere in view, ascending."""
        return tuple(k for k in range(self.n_classes) if k not in set(self.present))

    @cached_property
    def boundaries(self) -> tuple[Boundary, ...]:
        """Every segment between two classes, once."""
        if not self.exact:
            return tuple(
                Boundary(between=(region.winner, rival), ends=segment)
                for region in self.regions
                for rival, segment in zip(region.rivals, region.edges, strict=True)
                if rival > region.winner
            )
        longest: dict[tuple[int, int], Floats] = {}
        for region in self.regions:
            for rival, segment in zip(region.rivals, region.edges, strict=True):
                between = (min(region.winner, rival), max(region.winner, rival))
                # Both sides know the segment; where four regions meet one may see it as a point.
                if rival != OUTSIDE and _length(segment) > _length(longest.get(between)):
                    longest[between] = segment
        return tuple(Boundary(between=key, ends=longest[key]) for key in sorted(longest))


def partition(field: ScoreField) -> Partition:
    """Divide the view among the classes, exactly.

    The region of class k is the unit square cut by one half-plane per rival j,
    ``score k - score j >= 0``; ties belong to the lowest index, as in `argmax`.

    Parameters
    ----------
    field : ScoreField
        The scores over the view.

    Returns
    -------
    Partition
        Convex polygons that cover the view.

    References
    ----------
    .. [1] I. E. Sutherland and G. W. Hodgman, "Reentrant polygon clipping", Communications
       of the ACM 17 (1974), 32-42.

    Examples
    --------
    >>> slopes, offsets = np.array([[0.0, 0.0], [2.0, 0.0]]), np.array([0.0, -1.0])
    >>> partition(ScoreField(slopes=slopes, offsets=offsets)).area_shares
    array([0.5, 0.5])
    """
    contends, middles = _contenders(field)
    planes = np.column_stack([field.slopes, field.offsets])
    # A power of two changes no digit, and keeps huge and tiny weights in the middle of doubles.
    planes = np.ldexp(planes, -int(np.frexp(np.abs(planes).max())[1]))
    regions = []
    for k in np.flatnonzero(contends.any(axis=0)).tolist():
        cells = contends[:, k].nonzero()[0]
        rivals: Booleans = np.asarray(contends.take(cells, axis=0).any(axis=0))
        rivals[k] = False
        region = _clip(k, rivals.nonzero()[0], planes, middles[cells].mean(axis=0))
        if region is not None and region.area > NOISE_AREA:
            regions.append(region)
    return Partition(n_classes=field.n_classes, regions=tuple(regions))


def clip(region: Region, cuts: Floats) -> Region:
    """Cut a region further.

    Parameters
    ----------
    region : Region
        A region.
    cuts : ndarray of shape (n_cuts, 3)
        Half-planes ``a u + b v + c >= 0``; nothing is decided beyond them.

    Returns
    -------
    Region
        What is left, perhaps without any corner.
    """
    corners = [(u, v) for u, v in region.vertices.tolist()]
    across = list(region.rivals)
    for a, b, c in cuts.tolist():
        leads = [a * u + b * v + c for u, v in corners]
        if corners and min(leads) < 0.0:
            corners, across = _cut(corners, across, leads, ABSTAIN)
    return _region(region.winner, corners, across) or Region(
        winner=region.winner, vertices=np.empty((0, 2)), rivals=()
    )


def _contenders(field: ScoreField) -> tuple[Booleans, Floats]:
    """Say which classes may win in which cell of the view, and where its middle is.

    Scores are affine, so in a cell they lie between those at its corners: a class whose
    best corner is below another's worst wins nowhere in it.
    """
    ticks = np.linspace(0.0, 1.0, min(max(CELLS[0], isqrt(field.n_classes)), CELLS[1]) + 1)
    scores = field.scores(np.stack(np.meshgrid(ticks, ticks), axis=-1))
    corners = np.stack([scores[:-1, :-1], scores[:-1, 1:], scores[1:, :-1], scores[1:, 1:]])
    sure = corners.min(axis=0).max(axis=-1, keepdims=True)
    may_win: Booleans = corners.max(axis=0) >= sure
    middle = 0.5 * (ticks[:-1] + ticks[1:])
    middles = np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2)
    return may_win.reshape(-1, field.n_classes), middles


def _clip(k: int, rivals: Integers, planes: Floats, middle: Floats) -> Region | None:
    """Cut the unit square by ``a u + b v + c >= 0`` for each rival."""
    cuts = planes[k] - planes[rivals]
    is_flat = (cuts[:, 0] == 0.0) & (cuts[:, 1] == 0.0)
    if is_flat.any():
        if ((cuts[:, 2] < 0.0) | ((cuts[:, 2] == 0.0) & (rivals < k)))[is_flat].any():
            return None
        rivals, cuts = rivals[~is_flat], cuts[~is_flat]
    # A rival that leads in the middle cuts deepest; after a few, most others change nothing.
    order = (cuts[:, :2] @ middle + cuts[:, 2]).argsort(kind="stable")
    corners: list[_Corner] = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    across = [OUTSIDE] * 4
    while len(order):
        now, order = order[:AT_ONCE], order[AT_ONCE:]
        for rival, (a, b, c) in zip(rivals[now].tolist(), cuts[now].tolist(), strict=True):
            leads = [a * u + b * v + c for u, v in corners]
            if min(leads) >= 0.0:
                continue
            if max(leads) <= 0.0:
                return None
            corners, across = _cut(corners, across, leads, rival)
        if len(order):
            at_corners = cuts[order, :2] @ np.array(corners).T + cuts[order, 2:]
            order = order[at_corners.min(axis=1) < 0.0]
    return _region(k, corners, across)


def _region(k: int, corners: list[_Corner], across: list[int]) -> Region | None:
    kept = [i for i, corner in enumerate(corners) if corner != corners[(i + 1) % len(corners)]]
    if len(kept) < 3:  # noqa: PLR2004 - fewer corners span no area
        return None
    return Region(
        winner=k,
        vertices=np.array([corners[i] for i in kept]),
        rivals=tuple(across[i] for i in kept),
    )


def _cut(
    corners: list[_Corner], across: list[int], leads: list[float], rival: int
) -> tuple[list[_Corner], list[int]]:
    """Keep the part of a convex polygon where the lead is not negative."""
    kept: list[_Corner] = []
    kept_across: list[int] = []
    for i, lead in enumerate(leads):
        following = (i + 1) % len(corners)
        if lead >= 0.0:
            kept.append(corners[i])
            kept_across.append(across[i])
        if (lead >= 0.0) != (leads[following] >= 0.0):
            t = lead / (lead - leads[following])
            (u0, v0), (u1, v1) = corners[i], corners[following]
            kept.append((u0 + t * (u1 - u0), v0 + t * (v1 - v0)))
            kept_across.append(rival if lead >= 0.0 else across[i])
    return kept, kept_across


def _area(vertices: Floats) -> float:
    # About a corner of its own, a small polygon far from zero keeps its digits.
    u, v = (vertices - vertices[0]).T
    return 0.5 * float(u @ np.roll(v, -1) - v @ np.roll(u, -1))


def _length(segment: Floats | None) -> float:
    return 0.0 if segment is None else float(np.hypot(*(segment[1] - segment[0])))
