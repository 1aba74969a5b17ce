"""Exact decision regions: each is found by clipping the view."""

from math import isqrt

import numpy as np

from service.regions.field import ScoreField
from service.regions.polygons import ABSTAIN, OUTSIDE, Partition, Region
from service.softmax.arrays import Booleans, Floats, Integers

CELLS = (4, 32)
"""The view is first searched for contenders in about as many cells as there are classes, but at
least and at most this many a side."""

FEW = 9
"""So few classes are not worth a search: all may win anywhere."""

AT_ONCE = 8
"""So many rivals are tried one by one, before all that are left are looked through together."""

NOISE_AREA = 1e-14
"""Regions this small, as a share of the view, are rounding: classes that only touch."""

_Corner = tuple[float, float]


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
        region = _clip(k, rivals.nonzero()[0], planes, middles[cells].sum(axis=0) / len(cells))
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
    if field.n_classes <= FEW:
        return np.ones((1, field.n_classes), dtype=np.bool_), np.array([[0.5, 0.5]])
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
    if (rivals[~cuts.any(axis=1)] < k).any():  # of classes that are alike the first one wins
        return None
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
