"""Regions of policies whose borders are curves: found on a grid, followed between its nodes."""

import math
from dataclasses import dataclass

import numpy as np

from service.regions.clipping import NOISE_AREA
from service.regions.field import ScoreField
from service.regions.polygons import ABSTAIN, OUTSIDE, Partition, Region
from service.regions.rules import Decisions
from service.softmax.arrays import Booleans, Floats, Integers, Label
from service.softmax.decisions import Decider
from service.softmax.outcomes import class_of_actions

CELLS = (32, 80)
"""Cells along each side: at least so many, and so many where there are few classes."""

SCORES = 1 << 21
"""About as many scores are computed for the nodes at most."""

HALVINGS = 40
"""A border is found on a side of a triangle to 2**-40 of it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PolicyRule:
    """A policy as a picture shows it: each class it decides for, and the rest undecided.

    Parameters
    ----------
    decider : Decider
        The policy, bound to the model.
    classes : tuple of str, int or bool
        The model's classes.
    """

    decider: Decider
    classes: tuple[Label, ...]

    def posterior(self, scores: Floats) -> Floats:
        """Turn scores into those of the probabilities that the policy reads.

        Parameters
        ----------
        scores : ndarray of shape (..., n_classes)
            Scores in nats, divided by the temperature.

        Returns
        -------
        ndarray of shape (..., n_classes)
            Scores in nats.
        """
        return scores if self.decider.shift is None else scores + self.decider.shift

    def decide(self, scores: Floats) -> tuple[Integers, Booleans]:
        """Decide rows.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_classes)
            Scores in nats, divided by the temperature.

        Returns
        -------
        winners : ndarray of shape (n_samples,)
            Index of the class that is decided, else of the most probable one.
        is_decided : ndarray of shape (n_samples,)
            Whether a class is decided.
        """
        of_action = class_of_actions(self.decider.actions, self.classes)
        decided = of_action[self.decider.decide(scores).winners]
        likely = self.posterior(scores).argmax(axis=1)
        return np.where(decided >= 0, decided, likely), np.asarray(decided >= 0)


def trace_view(field: ScoreField, rule: PolicyRule) -> Decisions:
    """Apply a policy to a view.

    The view is cut into triangles. Where their corners are decided alike they belong to that
    decision; on a side whose ends are not, the border is found by halving, so that the corners
    of the polygons lie on it. What is smaller than a cell may be missed.

    Parameters
    ----------
    field : ScoreField
        Scores over the view.
    rule : PolicyRule
        The policy.

    Returns
    -------
    Decisions
        Convex pieces; a class has many. Where no class is decided, pieces are those of the most
        probable one, and are not kept.
    """
    cells = min(CELLS[1], max(CELLS[0], math.isqrt(SCORES // field.n_classes)))
    ticks = np.linspace(0.0, 1.0, cells + 1)
    nodes = np.stack(np.meshgrid(ticks, ticks), axis=-1)
    view = _View(field=field, rule=rule)
    marks = view.marks(nodes.reshape(-1, 2)).reshape(cells + 1, cells + 1)
    regions, kept, has_rest = list[Region](), list[Region](), False
    for mark, vertices, rivals in (*_rectangles(marks, ticks), *_triangles(view, marks, nodes)):
        region = Region(winner=mark if mark >= 0 else -1 - mark, vertices=vertices, rivals=rivals)
        if region.area <= NOISE_AREA:  # a border through a corner leaves slivers
            continue
        regions.append(region)
        if mark >= 0:
            kept.append(region)
        else:
            has_rest = True
    return Decisions(
        field=ScoreField(slopes=field.slopes, offsets=rule.posterior(field.offsets)),
        partition=Partition(
            n_classes=field.n_classes, regions=tuple(regions), leads=False, exact=False
        ),
        kept=tuple(kept) if has_rest else None,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _View:
    """What is decided at points of the view: k for class k, -1 - k where k is only likely."""

    field: ScoreField
    rule: PolicyRule

    def marks(self, points: Floats) -> Integers:
        winners, is_decided = self.rule.decide(self.field.scores(points))
        return np.where(is_decided, winners, -1 - winners)

    def crossing(self, start: Floats, end: Floats, mark: Integers) -> Floats:
        """Find where the mark of the start ends; shape (n_sides, 2)."""
        low, high = np.zeros(len(start)), np.ones(len(start))
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            is_same = self.marks(start + middle[:, None] * (end - start)) == mark
            low, high = np.where(is_same, middle, low), np.where(is_same, high, middle)
        place: Floats = start + low[:, None] * (end - start)
        return place


_Piece = tuple[int, Floats, tuple[int, ...]]


def _is_pure(marks: Integers) -> Booleans:
    first = marks[:-1, :-1]
    return np.asarray(
        (first == marks[:-1, 1:]) & (first == marks[1:, :-1]) & (first == marks[1:, 1:])
    )


def _rectangles(marks: Integers, ticks: Floats) -> list[_Piece]:
    """Join cells that are decided alike at every corner, along rows and then upwards."""
    pure = np.where(_is_pure(marks), marks[:-1, :-1], np.iinfo(np.intp).max)
    open_runs: dict[tuple[int, int, int], int] = {}
    found: list[_Piece] = []

    def close(run: tuple[int, int, int], bottom: int, top: int) -> None:
        left, right, mark = run
        (u0, u1), (v0, v1) = ticks[[left, right]], ticks[[bottom, top]]
        corners = np.array([[u0, v0], [u1, v0], [u1, v1], [u0, v1]])
        found.append((mark, corners, (OUTSIDE,) * 4))

    for row, cells in enumerate(pure):
        changes = np.flatnonzero(np.diff(cells)) + 1
        starts = [0, *changes.tolist()]
        runs = {
            (start, stop, int(cells[start]))
            for start, stop in zip(starts, [*starts[1:], len(cells)], strict=True)
            if cells[start] != np.iinfo(np.intp).max
        }
        for run in [run for run in open_runs if run not in runs]:
            close(run, open_runs.pop(run), row)
        for run in runs:
            open_runs.setdefault(run, row)
    for run, bottom in open_runs.items():
        close(run, bottom, len(pure))
    return found


def _triangles(view: _View, marks: Integers, nodes: Floats) -> list[_Piece]:
    """Cut the cells on borders into triangles, and those along the borders."""
    row, column = np.nonzero(~_is_pure(marks))
    corner = {
        "a": (row, column),
        "b": (row, column + 1),
        "c": (row + 1, column + 1),
        "d": (row + 1, column),
    }
    places = np.concatenate(
        [np.stack([nodes[corner[name]] for name in names], axis=1) for names in ("abc", "acd")]
    )
    labels = np.concatenate(
        [np.stack([marks[corner[name]] for name in names], axis=1) for names in ("abc", "acd")]
    )
    # The crossing of side i, from corner i to the next.
    crossings = np.empty_like(places)
    for i in range(3):
        following = (i + 1) % 3
        differs = np.flatnonzero(labels[:, i] != labels[:, following])
        # From the lesser mark, so that the two triangles of a side find one place.
        turn = labels[differs, i] > labels[differs, following]
        start = np.where(turn[:, None], places[differs, following], places[differs, i])
        end = np.where(turn[:, None], places[differs, i], places[differs, following])
        mark = np.minimum(labels[differs, i], labels[differs, following])
        crossings[differs, i] = view.crossing(start, end, mark)
    found: list[_Piece] = []
    for corners, own, cuts in zip(places, labels.tolist(), crossings, strict=True):
        found.extend(_pieces(corners, own, cuts))
    return found


def _pieces(corners: Floats, own: list[int], cuts: Floats) -> list[_Piece]:
    distinct = len(set(own))
    if distinct == 1:
        return [(own[0], corners, (OUTSIDE,) * 3)]
    if distinct == 3:  # noqa: PLR2004 - three decisions meet in the triangle
        middle = cuts.mean(axis=0)
        return [
            (
                own[i],
                np.array([corners[i], cuts[i], middle, cuts[i - 1]]),
                (OUTSIDE, _across(own[i], own[(i + 1) % 3]), _across(own[i], own[i - 1]), OUTSIDE),
            )
            for i in range(3)
        ]
    apex = next(i for i in range(3) if own[i - 1] == own[(i + 1) % 3])
    following, previous = (apex + 1) % 3, (apex + 2) % 3
    first, last = cuts[apex], cuts[previous]  # on the sides that leave and reach the apex
    other = own[following]
    return [
        (
            own[apex],
            np.array([corners[apex], first, last]),
            (OUTSIDE, _across(own[apex], other), OUTSIDE),
        ),
        (
            other,
            np.array([first, corners[following], corners[previous], last]),
            (OUTSIDE, OUTSIDE, OUTSIDE, _across(other, own[apex])),
        ),
    ]


def _across(own: int, other: int) -> int:
    """Give what a piece has across an edge; pieces that are not decided draw no edges."""
    if own < 0:
        return OUTSIDE
    return other if other >= 0 else ABSTAIN
