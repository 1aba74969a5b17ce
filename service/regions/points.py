"""The stored rows of a picture: where they fall, how far from the slice, how they look."""

import numpy as np

from service.regions.plane import Plane
from service.regions.rules import Rule
from service.regions.scene import Frame, Look, Marks
from service.regions.subject import Points
from service.regions.traced import PolicyRule
from service.regions.words import Words
from service.softmax.model import SoftmaxModel
from service.softmax.sample import Sample

DEPTHS = (0.5, 2.0, 5.0)
"""Distances from the slice, in nats, at which points grow fainter."""

OPACITIES = (1.0, 0.75, 0.5, 0.3)
"""How opaque points are below, between and above the depths."""

STACKS = (1, 3, 10, 30)
"""Rows of one class at one place, from which on their one mark is larger."""

GROWTH = 1.35
"""How much wider a mark becomes with each step."""


def points_in_view(
    model: SoftmaxModel, sample: Sample, plane: Plane, rule: Rule | PolicyRule
) -> Points:
    """Find the stored rows that fall into the view, and which of them are decided wrongly.

    Parameters
    ----------
    model : SoftmaxModel
        The model.
    sample : Sample
        Stored training rows.
    plane : Plane
        The slice.
    rule : Rule or PolicyRule
        How decisions follow from probabilities.

    Returns
    -------
    Points
        In the order of the sample.
    """
    places = plane.project(sample.X)
    shown = ((places >= 0.0) & (places <= 1.0)).all(axis=1)
    X, y, places = sample.X[shown], sample.y[shown], places[shown]
    scores = model.scores(X)
    if X.shape[1] > 2:  # noqa: PLR2004 - with two features every row lies in the plane
        moved = scores - model.scores(plane.rows(places))
        depth = (moved.max(axis=1) - moved.min(axis=1)) / model.temperature_
    else:
        depth = np.zeros(len(y))
    winners, is_decided = rule.decide(scores / model.temperature_)
    return Points(places=places, y=y, is_wrong=np.asarray(is_decided & (winners != y)), depth=depth)


def lay_points(points: Points | None, frame: Frame, em: float) -> Marks:
    """Choose how each row looks; rows that would hide each other share a larger mark.

    Parameters
    ----------
    points : Points or None
        The rows, or None where none are wanted.
    frame : Frame
        Where the view is shown.
    em : float
        Size of ordinary text, in CSS pixels.

    Returns
    -------
    Marks
        Large ones first and wrong ones last, so that nothing is hidden.
    """
    if points is None or not len(points.y):
        return Marks(looks=(), counts=(), places=np.empty((0, 2)))
    places = frame.pixels(points.places)
    faint = np.searchsorted(DEPTHS, points.depth)
    order, first, counts = points.heaps
    stack = np.searchsorted(STACKS, counts, side="right") - 1
    # Of rows in one place the one nearest to the slice tells how faint the mark is.
    faint = np.minimum.reduceat(faint[order], first)
    one = order[first]
    crowd = (frame.width * frame.height / (600.0 * len(one))) ** 0.25
    radius = round(4.0 * em * min(0.36, max(0.2, 0.28 * crowd))) / 4.0
    is_wrong = points.is_wrong[one]
    n_stacks, n_faint, n_classes = len(STACKS), len(OPACITIES), int(points.y.max()) + 1
    # One number a look, in the order of drawing: wrong ones last, large ones first.
    kinds = (is_wrong * n_stacks + n_stacks - 1 - stack) * n_faint + n_faint - 1 - faint
    kinds = kinds * n_classes + points.y[one]
    order = np.argsort(kinds, kind="stable")
    kinds = kinds[order]
    starts = np.flatnonzero(np.diff(kinds, prepend=-1))
    looks = []
    for kind in kinds[starts].tolist():
        rest, k = divmod(kind, n_classes)
        rest, clear = divmod(rest, n_faint)
        wrong, small = divmod(rest, n_stacks)
        looks.append(
            Look(
                k=k,
                radius_px=round(radius * GROWTH ** (n_stacks - 1 - small), 2),
                is_ringed=bool(wrong),
                opacity=OPACITIES[n_faint - 1 - clear],
            )
        )
    counts = np.diff(starts, append=len(kinds))
    return Marks(looks=tuple(looks), counts=tuple(counts.tolist()), places=places[one][order])


def explain_looks(points: Points, words: Words) -> list[str]:
    """Say what faint and large marks mean, where there are any.

    Parameters
    ----------
    points : Points
        The rows.
    words : Words
        The language.

    Returns
    -------
    list of str
        At most two lines.
    """
    notes = [words.fainter] if (points.depth > DEPTHS[0]).any() else []
    return [*notes, words.larger] if points.heaps[2].max(initial=0) >= STACKS[1] else notes
