"""What a picture is about: the facts that a layout needs, drawn together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.regions.field import ScoreField
from service.regions.plane import Plane
from service.regions.polygons import Partition
from service.softmax.arrays import Booleans, Floats, Integers
from service.softmax.model import SoftmaxModel
from service.softmax.sample import Sample


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
    """

    places: Floats
    y: Integers
    is_wrong: Booleans


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
    field : ScoreField
        Scores over the view.
    partition : Partition
        The regions.
    points : Points or None
        The stored rows, or None where there are none or none are wanted.
    """

    name: str
    class_texts: Sequence[str]
    plane: Plane
    field: ScoreField
    partition: Partition
    points: Points | None


def points_in_view(model: SoftmaxModel, sample: Sample, plane: Plane) -> Points:
    """Find the stored rows that fall into the view, and which of them the model gets wrong.

    Parameters
    ----------
    model : SoftmaxModel
        The model.
    sample : Sample
        Stored training rows.
    plane : Plane
        The slice.

    Returns
    -------
    Points
        In the order of the sample.
    """
    places = plane.project(sample.X)
    shown = ((places >= 0.0) & (places <= 1.0)).all(axis=1)
    predicted = model.scores(sample.X[shown]).argmax(axis=1)
    y = sample.y[shown]
    return Points(places=places[shown], y=y, is_wrong=np.asarray(predicted != y))
