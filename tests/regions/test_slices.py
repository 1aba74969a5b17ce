"""The plane that a picture shows."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from service.errors import InputError, PlaneError
from service.regions.options import PictureOptions
from service.regions.plane import Plane
from service.regions.slices import slice_plane
from service.softmax.contract import CategoricalFeature, FeatureContract, NumericFeature
from service.softmax.model import SoftmaxModel
from service.softmax.sample import Sample

Trained = tuple[SoftmaxModel, FeatureContract, Sample]

MIXED = FeatureContract(
    features=(
        NumericFeature(name="age", low=0.0, high=90.0, median=40.0),
        CategoricalFeature(name="colour", categories=("blue", "red"), mode="red"),
        NumericFeature(name="income", low=1.0, high=5.0, median=2.0),
        CategoricalFeature(name="smokes", categories=(False, True), mode=False),
        NumericFeature(name="height", low=1.0, high=2.0, median=1.7),
    )
)


def view(plane: Plane) -> tuple[float, float, float, float]:
    return plane.x.low, plane.x.high, plane.y.low, plane.y.high


def faults_of(options: PictureOptions, contract: FeatureContract) -> list[tuple[str, object]]:
    with pytest.raises(InputError) as caught:
        slice_plane(contract, None, options)
    return [(fault.code, fault.location) for fault in caught.value.faults]


def test_the_view_of_the_demo_is_the_sample_and_one_unit_around_it(demo: Trained) -> None:
    _, contract, sample = demo

    plane = slice_plane(contract, sample, PictureOptions())

    low, high = sample.X.min(axis=0) - 1.0, sample.X.max(axis=0) + 1.0
    assert view(plane) == (low[0], high[0], low[1], high[1])


def test_without_a_sample_the_view_is_the_training_range() -> None:
    plane = slice_plane(MIXED, None, PictureOptions())

    assert view(plane) == (0.0, 90.0, 1.0, 5.0)


def test_a_given_end_replaces_only_that_end() -> None:
    plane = slice_plane(MIXED, None, PictureOptions(xmax=12.5, ymin=-3.0))

    assert view(plane) == (0.0, 12.5, -3.0, 5.0)


def test_other_features_are_held_at_their_median_or_mode_or_where_they_are_told() -> None:
    options = PictureOptions(at={"smokes": "true", "height": "1.5"})

    plane = slice_plane(MIXED, None, options)

    # Categories stand as their index: red is 1, true is 1.
    assert_array_equal(plane.base, [0.0, 1.0, 0.0, 1.0, 1.5])
    assert plane.held == (("smokes", "true"), ("height", "1.5"), ("colour", "red"))


def test_the_default_pair_fills_the_axes_that_the_caller_leaves_open() -> None:
    def names(options: PictureOptions) -> tuple[str, str]:
        plane = slice_plane(MIXED, None, options, default_pair=("height", "age"))
        return plane.x.name, plane.y.name

    assert names(PictureOptions()) == ("height", "age")
    assert names(PictureOptions(x="age")) == ("age", "height")
    assert names(PictureOptions(y="height")) == ("age", "height")
    assert names(PictureOptions(x="income")) == ("income", "age")


def test_scores_over_the_view_are_those_of_the_model_up_to_a_common_shift(iris: Trained) -> None:
    model, contract, sample = iris
    options = PictureOptions(x="petal_width", y="sepal_length", at={"sepal_width": 2.5})
    points = np.random.default_rng(0).random((1000, 2))

    plane = slice_plane(contract, sample, options)

    drawn, scores = plane.field(model).scores(points), model.scores(plane.rows(points))
    assert_allclose(
        drawn - drawn.mean(axis=1, keepdims=True),
        scores - scores.mean(axis=1, keepdims=True),
        atol=1e-12,
    )


def test_a_projected_row_comes_back_at_its_own_coordinates(iris: Trained) -> None:
    _, contract, sample = iris
    plane = slice_plane(contract, sample, PictureOptions(x="petal_length", y="petal_width"))

    back = plane.in_units(plane.project(sample.X))

    assert_allclose(back, sample.X[:, 2:], rtol=1e-13)


def test_a_model_of_one_numeric_feature_has_no_plane() -> None:
    contract = FeatureContract(features=MIXED.features[:2])

    with pytest.raises(PlaneError, match="two numeric features, this model has 1"):
        slice_plane(contract, None, PictureOptions())


def test_a_feature_is_held_fixed_or_an_axis_whether_chosen_or_by_default() -> None:
    numeric = [f.name for f in MIXED.features if f.levels == 0]

    chosen = PictureOptions(x=numeric[1], y=numeric[0], at={numeric[1]: 1.0})
    default = PictureOptions(at={numeric[0]: 1.0})

    assert faults_of(chosen, MIXED) == [("invalid_parameter", (f"at.{numeric[1]}",))]
    assert faults_of(default, MIXED) == [("invalid_parameter", (f"at.{numeric[0]}",))]


def test_every_parameter_that_does_not_fit_the_model_is_named_at_once() -> None:
    options = PictureOptions(
        x="colour", y="weight", at={"smokes": "perhaps", "height": "tall", "mood": "good"}
    )

    assert faults_of(options, MIXED) == [
        ("invalid_parameter", ("x",)),
        ("invalid_parameter", ("y",)),
        ("invalid_parameter", ("at.mood",)),
        ("invalid_parameter", ("at.smokes",)),
        ("invalid_parameter", ("at.height",)),
    ]


def test_a_view_in_which_scores_overflow_is_refused(demo: Trained) -> None:
    model, contract, sample = demo
    plane = slice_plane(contract, sample, PictureOptions(xmax=1e140))
    steep = replace(model, coef_=1e200 * model.coef_)

    with pytest.raises(InputError, match="within the numeric range"):
        plane.field(steep)


def test_a_constant_feature_still_has_a_view() -> None:
    still = NumericFeature(name="still", low=3.0, high=3.0, median=3.0)
    contract = FeatureContract(features=(still, MIXED.features[0]))

    plane = slice_plane(contract, None, PictureOptions())

    assert view(plane) == (2.0, 4.0, 0.0, 90.0)


@pytest.mark.parametrize(
    "options",
    [
        PictureOptions(xmin=90.0),  # above the default end
        PictureOptions(xmin=1e9, xmax=1e9 + 1e-6),  # only some doubles apart
        PictureOptions(xmin=-1.7e308, xmax=1.7e308),  # further apart than a double can say
    ],
)
def test_a_view_that_doubles_cannot_resolve_is_refused(options: PictureOptions) -> None:
    assert faults_of(options, MIXED) == [("invalid_parameter", ("xmax",))]
