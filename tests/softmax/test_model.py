"""The fitted model."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from service.errors import InputError, ValueRefusedError
from service.softmax.affine import BLOCK_ROWS
from service.softmax.arrays import Label
from service.softmax.model import SoftmaxModel


def model(**changes: object) -> SoftmaxModel:
    """A model of a number, a category with two levels, and another number."""
    fields: dict[str, object] = {
        "classes_": ("a", "b", "c"),
        "levels_": (0, 2, 0),
        "coef_": np.array([[1.0, 0.5, -0.5, 2.0], [0.0, 1.0, 0.0, -1.0], [-1.0, 0.0, 1.0, 0.0]]),
        "intercept_": np.array([0.1, 0.2, -0.3]),
        "mean_": np.array([2.0, 0.25, 0.75, -1.0]),
        "class_prior_": np.array([0.5, 0.25, 0.25]),
    }
    return SoftmaxModel(**{**fields, **changes})  # type: ignore[arg-type]  # changed on purpose


def test_scores_are_the_affine_map_of_the_one_hot_row_about_the_mean() -> None:
    fitted = model()
    X = np.array([[3.0, 1.0, 0.5]])
    one_hot = np.array([3.0, 0.0, 1.0, 0.5])

    scores = fitted.scores(X)

    expected = fitted.coef_ @ (one_hot - fitted.mean_) + fitted.intercept_
    assert_allclose(scores[0], expected, rtol=1e-15)


def test_an_unseen_category_adds_nothing_of_its_own() -> None:
    fitted = model()
    neither = np.array([3.0, 0.0, 0.0, 0.5])

    scores = fitted.scores(np.array([[3.0, 2.0, 0.5]]))

    assert_allclose(scores[0], fitted.coef_ @ (neither - fitted.mean_) + fitted.intercept_)


def test_a_column_far_from_zero_loses_no_digits() -> None:
    stamp = 1.7e9  # seconds; its spacing of doubles is 2.4e-7
    fitted = model(levels_=(0,), coef_=[[1.0], [0.0], [-1.0]], mean_=[stamp])

    near = fitted.predict_proba(np.array([[stamp + 0.5]]))
    same = model(levels_=(0,), coef_=[[1.0], [0.0], [-1.0]], mean_=[0.0])

    assert_allclose(near, same.predict_proba(np.array([[0.5]])), rtol=1e-15)


def test_many_rows_and_one_row_give_the_same_within_the_stated_tolerance() -> None:
    fitted = model()
    random = np.random.default_rng(1)
    X = np.column_stack(
        [random.normal(size=500), random.integers(0, 3, size=500), random.normal(size=500)]
    )

    together = fitted.predict_proba(X)
    alone = np.vstack([fitted.predict_proba(row[None, :]) for row in X])

    assert (np.abs(together - alone) <= fitted.tolerance(X)[:, None]).all()


@pytest.mark.parametrize("temperature", [1.0, 0.5, 3.0])
@pytest.mark.parametrize("shape", [(3, 4), (10, 20), (10, 64), (100, 2)], ids=str)
def test_a_row_alone_gets_what_it_gets_in_a_batch(
    shape: tuple[int, int], temperature: float
) -> None:
    n_classes, n_features = shape
    random = np.random.default_rng(2)
    fitted = model(
        classes_=tuple(range(n_classes)),
        levels_=(0,) * n_features,
        coef_=random.normal(size=shape),
        intercept_=random.normal(size=n_classes),
        mean_=np.where(np.arange(n_features) % 2, 1.7e9, 0.3),
        class_prior_=np.full(n_classes, 1 / n_classes),
        temperature_=temperature,
    )
    X = fitted.mean_ + random.normal(size=(200, n_features))

    alone = np.array([fitted.row_proba(row) for row in X.tolist()])

    assert (np.abs(fitted.predict_proba(X) - alone) <= fitted.tolerance(X)[:, None]).all()


def test_a_row_with_categories_alone_gets_what_it_gets_in_a_batch() -> None:
    X = np.array([[3.0, 1.0, 0.5], [0.1, 2.0, -7.0]])

    assert_allclose([model().row_proba(row) for row in X.tolist()], model().predict_proba(X))


@pytest.mark.parametrize("score", [800.0, 1e308])
def test_finite_scores_give_finite_answers_however_large(score: float) -> None:
    steep = model(levels_=(0,), coef_=[[1.0], [0.0], [-1.0]], intercept_=np.zeros(3), mean_=[0.0])

    assert steep.row_proba([score]) == [1.0, 0.0, 0.0]
    assert steep.row_proba([-score]) == [0.0, 0.0, 1.0]
    assert_array_equal(steep.predict_proba(np.array([[score]])), [[1.0, 0.0, 0.0]])


def test_a_row_alone_whose_scores_overflow_is_refused_as_in_a_batch() -> None:
    fitted = model(levels_=(0, 0), coef_=np.full((3, 2), 9.0), mean_=np.zeros(2))

    with pytest.raises(InputError) as refusal:
        fitted.row_proba([1e308, 1e308])

    assert [(f.code, f.location) for f in refusal.value.faults] == [("outside_domain", (0,))]


def test_rows_that_overflow_are_named_in_every_block() -> None:
    X = np.zeros((3 * BLOCK_ROWS, 3))
    overflowed = [5, BLOCK_ROWS - 1, BLOCK_ROWS, 3 * BLOCK_ROWS - 1]
    X[overflowed] = [1e308, 0.0, 1e308]

    with pytest.raises(InputError) as refusal:
        model().predict_proba(X)

    assert [fault.location for fault in refusal.value.faults] == [(row,) for row in overflowed]


def test_the_temperature_divides_the_scores() -> None:
    X = np.array([[3.0, 1.0, 0.5]])

    hot = model(temperature_=2.0).predict_log_proba(X)

    gap = model().scores(X)[0] / 2.0
    assert_allclose(hot[0] - hot[0, 0], gap - gap[0], rtol=1e-14)


def test_a_row_whose_scores_overflow_is_named() -> None:
    X = np.array([[0.0, 0.0, 0.0], [1e308, 0.0, 1e308]])

    with pytest.raises(InputError) as refusal:
        model().predict_proba(X)

    assert [(f.code, f.location) for f in refusal.value.faults] == [("outside_domain", (1,))]


@pytest.mark.parametrize(
    "classes", [("x", "y", "é"), (3, 1, 2), (False, True), (10**18, -1)], ids=str
)
def test_labels_keep_their_type(classes: tuple[Label, ...]) -> None:
    n_classes = len(classes)
    fitted = model(
        classes_=classes,
        levels_=(0,),
        coef_=np.arange(n_classes, dtype=float)[:, None],
        intercept_=np.zeros(n_classes),
        mean_=[0.0],
        class_prior_=np.full(n_classes, 1 / n_classes),
    )

    labels = fitted.predict(np.array([[1.0], [-1.0]]))

    assert labels == [classes[-1], classes[0]]
    assert [type(label) for label in labels] == [type(classes[0])] * 2


def test_ties_go_to_the_first_class() -> None:
    flat = model(coef_=np.zeros((3, 4)), intercept_=np.zeros(3))

    assert flat.predict(np.array([[1.0, 0.0, 1.0]])) == ["a"]


def test_the_label_is_that_of_the_largest_published_probability() -> None:
    # Scores that differ by less than a probability can show: the first class is the label.
    nearly = model(
        levels_=(0,), coef_=[[0.0], [0.0], [-1.0]], intercept_=[0.0, 1e-20, 0.0], mean_=[0.0]
    )

    assert nearly.predict(np.array([[0.0]])) == ["a"]


@pytest.mark.parametrize(
    "changes",
    [
        {"coef_": np.zeros((3, 3))},
        {"intercept_": np.zeros(2)},
        {"intercept_": np.array([0.0, math.nan, 0.0])},
        {"mean_": np.array([math.inf, 0.0, 0.0, 0.0])},
        {"classes_": ("a", "b", "b")},
        {"classes_": ("1", 1, "c")},
        {"class_prior_": np.zeros(4)},
        {"temperature_": 0.0},
        {"temperature_": math.nan},
    ],
    ids=str,
)
def test_a_model_in_a_wrong_state_cannot_exist(changes: dict[str, object]) -> None:
    with pytest.raises(ValueRefusedError):
        model(**changes)


def test_a_model_cannot_be_changed() -> None:
    fitted = model()

    with pytest.raises(ValueError, match="read-only"):
        fitted.coef_[0, 0] = 9.0
