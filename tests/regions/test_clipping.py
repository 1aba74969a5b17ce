"""Polygons against what the model itself predicts."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from service.regions.clipping import partition
from service.regions.field import ScoreField
from service.regions.options import PictureOptions
from service.regions.polygons import OUTSIDE
from service.regions.slices import slice_plane
from service.softmax.contract import FeatureContract, NumericFeature
from service.softmax.model import SoftmaxModel
from tests.regions.membership import membership


def random_model(n_classes: int, rng: np.random.Generator) -> SoftmaxModel:
    return SoftmaxModel(
        classes_=tuple(range(n_classes)),
        levels_=(0, 0, 0),
        coef_=rng.normal(size=(n_classes, 3)),
        intercept_=rng.normal(size=n_classes),
        mean_=rng.normal(size=3),
        class_prior_=np.full(n_classes, 1.0 / n_classes),
    )


@pytest.mark.parametrize("n_classes", range(2, 21))
def test_each_point_lies_in_the_one_polygon_of_the_class_that_is_predicted(n_classes: int) -> None:
    rng = np.random.default_rng(n_classes)
    model = random_model(n_classes, rng)
    features = [NumericFeature(name=n, low=-2.0, high=3.0, median=0.3) for n in "abc"]
    plane = slice_plane(FeatureContract(features=tuple(features)), None, PictureOptions())
    points = rng.random((100_000, 2))

    inside = membership(partition(plane.field(model)).regions, n_classes, points)

    assert_array_equal(inside.sum(axis=1), 1)
    assert inside.argmax(axis=1).tolist() == model.predict(plane.rows(points))


def test_a_thousand_classes_are_divided_as_exactly_as_two() -> None:
    rng = np.random.default_rng(0)
    centres = 6.0 * rng.normal(size=(1000, 2))
    field = ScoreField(slopes=centres, offsets=-0.25 * (centres**2).sum(axis=1))
    points = rng.random((20_000, 2))

    regions = partition(field)

    inside = membership(regions.regions, field.n_classes, points)
    assert_array_equal(inside.sum(axis=1), 1)
    assert_array_equal(inside.argmax(axis=1), field.scores(points).argmax(axis=1))
    # Rounding of a few units in each of some hundred areas.
    assert_allclose(regions.area_shares.sum(), 1.0, rtol=1e-13)


@pytest.mark.parametrize("size", [1e-300, 1e-8, 1.0, 1e8, 1e300])
def test_the_size_of_the_weights_does_not_move_a_polygon(size: float) -> None:
    rng = np.random.default_rng(7)
    slopes, offsets = rng.normal(size=(6, 2)), rng.normal(size=6) / 3.0

    regions = partition(ScoreField(slopes=size * slopes, offsets=size * offsets))

    expected = partition(ScoreField(slopes=slopes, offsets=offsets))
    assert [region.winner for region in regions.regions] == [r.winner for r in expected.regions]
    assert_allclose(regions.area_shares, expected.area_shares, rtol=1e-12, atol=1e-15)


DEGENERATE = {
    "one class": ([[3.0, 1.0]], [2.0]),
    "all identical": ([[1.0, 2.0]] * 4, [0.5] * 4),
    "duplicates beside others": ([[4.0, 0.0], [4.0, 0.0], [-4.0, 1.0]], [-2.0, -2.0, 0.0]),
    "parallel boundaries": ([[0.0, 0.0], [6.0, 0.0], [12.0, 0.0]], [0.0, -2.0, -6.0]),
    "a class that only touches along a line": (
        [[0.0, 0.0], [6.0, 0.0], [12.0, 0.0]],
        [0.0, -3.0, -6.0],
    ),
    "a class below all others": ([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]], [0.0, 0.0, -9.0]),
    "same slopes, other offsets": ([[1.0, 1.0]] * 3, [0.0, 2.0, 1.0]),
    "four regions in one point": (
        [[4.0, 4.0], [-4.0, 4.0], [-4.0, -4.0], [4.0, -4.0]],
        [-4.0, 0.0, 4.0, 0.0],
    ),
    "a boundary along the border": ([[1.0, 0.0], [0.0, 0.0]], [0.0, 0.0]),
    "a boundary through two corners": ([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0]),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_ties_go_to_the_lowest_index_and_the_view_stays_covered(name: str) -> None:
    slopes, offsets = map(np.array, DEGENERATE[name])
    field = ScoreField(slopes=slopes, offsets=offsets)
    points = np.random.default_rng(1).random((50_000, 2))

    regions = partition(field)

    inside = membership(regions.regions, field.n_classes, points)
    assert_array_equal(inside.sum(axis=1), 1)
    assert_array_equal(inside.argmax(axis=1), (points @ slopes.T + offsets).argmax(axis=1))
    assert_allclose(regions.area_shares.sum(), 1.0, rtol=1e-14)


def test_a_class_that_wins_nowhere_is_said_to_be_absent() -> None:
    slopes = np.array([[1.0, 0.0], [0.0, 0.0], [-1.0, 0.0]])

    regions = partition(ScoreField(slopes=slopes, offsets=np.array([0.0, -5.0, 1.0])))

    assert regions.absent == (1,)
    assert regions.area_shares[1] == 0.0


def test_each_boundary_is_one_segment_on_which_its_two_classes_tie_and_lead() -> None:
    rng = np.random.default_rng(3)
    field = ScoreField(slopes=4.0 * rng.normal(size=(9, 2)), offsets=rng.normal(size=9))

    regions = partition(field)

    pairs = [boundary.between for boundary in regions.boundaries]
    rivals = {
        (min(region.winner, rival), max(region.winner, rival))
        for region in regions.regions
        for rival in region.rivals
        if rival != OUTSIDE
    }
    assert pairs == sorted(rivals)
    for boundary in regions.boundaries:
        scores = field.scores(boundary.ends.mean(axis=0))
        first, second = boundary.between
        assert_allclose(scores[[first, second]], scores.max(), atol=1e-13)
