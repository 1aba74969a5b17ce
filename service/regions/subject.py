"""What a picture is about: the facts that a layout needs, drawn together."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from service.regions.plane import Plane
from service.regions.polygons import Partition
from service.regions.rules import Decisions
from service.softmax.arrays import Booleans, Floats, Integers

CELLS = 1000
"""Rows share a mark if they fall into one of so many cells along a side of the view."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """The stored rows that fall into the view.

    Parameters
    ----------
    places : ndarray of shape (n_points, 2)
        Coordinates in the view, which is the unit square.
    y : ndarray of shape (n_points,)
        Index of the true class.
    is_wrong : ndarray of shape (n_points,)
        Whether the model predicts another class for the whole row; the region under the
        point cannot tell, since a row need not lie on the slice.
    depth : ndarray of shape (n_points,)
        Distance from the slice as the model sees it: the greatest change of a difference of
        two scores between the row and its shadow on the slice, in nats.
    """

    places: Floats
    y: Integers
    is_wrong: Booleans
    depth: Floats

    @cached_property
    def heaps(self) -> tuple[Integers, Integers, Integers]:
        """Rows that would share a mark: their order, where each heap begins in it, its size."""
        cells = np.rint(CELLS * self.places).astype(np.int64)
        kind = 2 * self.y + self.is_wrong
        kinds = 2 * int(self.y.max(initial=0)) + 2
        packed = (cells[:, 0] * (CELLS + 1) + cells[:, 1]) * kinds + kind
        order = np.argsort(packed, kind="stable")
        first = np.flatnonzero(np.diff(packed[order], prepend=-1))
        return order, first, np.diff(first, append=len(order))


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """The facts of a picture, without any choice of looks.

    Parameters
    ----------
    name : str
        The model's name, perhaps empty.
    class_texts : sequence of str, length n_classes
        How the classes are called.
    plane : Plane
        The slice.
    decisions : Decisions
        Who wins where, and where that is decided.
    points : Points or None
        The stored rows, or None where there are none or none are wanted.
    """

    name: str
    class_texts: Sequence[str]
    plane: Plane
    decisions: Decisions
    points: Points | None

    @property
    def partition(self) -> Partition:
        """The regions."""
        return self.decisions.partition
