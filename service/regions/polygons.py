"""Decision regions as values: convex polygons that divide the view, and what lies between them."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from service.softmax.arrays import Floats

OUTSIDE = -1
"""Stands for a rival across the border of the view."""

ABSTAIN = -2
"""Stands for what is across an edge where nothing is decided."""


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


def _area(vertices: Floats) -> float:
    corners = vertices.tolist()
    # About a corner of its own, a small polygon far from zero keeps its digits.
    (u0, v0), twice = corners[0], 0.0
    for (u1, v1), (u2, v2) in pairwise(corners[1:]):
        twice += (u1 - u0) * (v2 - v0) - (v1 - v0) * (u2 - u0)
    return 0.5 * float(twice)


def _length(segment: Floats | None) -> float:
    return 0.0 if segment is None else float(np.hypot(*(segment[1] - segment[0])))
