"""Scores to probabilities."""

import math
import random

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from service.softmax.arrays import Floats
from service.softmax.probability import log_softmax, softmax

EPS = float(np.finfo(np.float64).eps)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def rows(max_classes: int = 12) -> st.SearchStrategy[Floats]:
    return st.integers(2, max_classes).flatmap(
        lambda n_classes: arrays(np.float64, (3, n_classes), elements=FINITE)
    )


@given(scores=rows())
def test_any_finite_scores_give_probabilities_that_sum_to_one(scores: Floats) -> None:
    proba = softmax(scores)

    assert ((proba >= 0) & (proba <= 1)).all()
    for row in proba:
        assert abs(math.fsum(row) - 1.0) <= 8 * EPS


@pytest.mark.parametrize("n_classes", [2, 3, 10, 100, 129, 500, 1000])
@pytest.mark.parametrize("spread", [0.0, 1e-3, 1.0, 30.0, 700.0])
def test_rows_sum_to_one_for_every_number_of_classes(n_classes: int, spread: float) -> None:
    scores = spread * np.random.default_rng(7).standard_normal((200, n_classes))

    sums = np.array([math.fsum(row) for row in softmax(scores)])

    assert np.abs(sums - 1.0).max() <= 8 * EPS


def test_a_thousand_probabilities_of_one_size_sum_to_one() -> None:
    # The worst case for a running sum: every addition rounds the same way.
    scores = np.log(np.full((1, 1000), 0.1))
    scores[0, 0] = 0.0

    assert abs(math.fsum(softmax(scores)[0]) - 1.0) <= 8 * EPS


@pytest.mark.parametrize("n_classes", [2**15, 2**15 - 1, 20_001])
def test_rows_of_very_many_classes_sum_to_one(n_classes: int) -> None:
    scores = 3.0 * np.random.default_rng(8).standard_normal((3, n_classes))

    sums = np.array([math.fsum(row) for row in softmax(scores)])

    assert np.abs(sums - 1.0).max() <= 8 * EPS


@given(
    scores=arrays(np.float64, (1, 5), elements=st.floats(-1e3, 1e3)),
    winner=st.integers(0, 4),
    rise=st.floats(1e-3, 1e3),
)
def test_a_class_that_gains_score_loses_no_probability(
    scores: Floats, winner: int, rise: float
) -> None:
    raised = scores.copy()
    raised[0, winner] += rise
    others = np.arange(5) != winner

    before, after = softmax(scores)[0], softmax(raised)[0]

    assert after[winner] >= before[winner]
    assert (after[others] <= before[others]).all()


def test_scores_are_not_changed_by_what_is_made_of_them() -> None:
    scores = np.array([[0.3], [-1.2]]).T

    softmax(scores)

    assert_array_equal(scores, [[0.3, -1.2]])


@given(scores=rows(), order=st.randoms(use_true_random=False))
def test_permuting_classes_permutes_columns(scores: Floats, order: random.Random) -> None:
    columns = list(range(scores.shape[1]))
    order.shuffle(columns)

    permuted = softmax(scores[:, columns])

    # The sum is taken in another order; its rounding is all that may differ.
    assert_allclose(permuted, softmax(scores)[:, columns], rtol=8 * EPS, atol=0)


def test_adding_a_constant_to_every_score_changes_nothing() -> None:
    scores = np.array([[0.3, -1.2, 2.0]])

    shifted = log_softmax(scores + 700.0)

    # Next to 700, scores near one keep all but a dozen of their 53 bits.
    assert_allclose(shifted, log_softmax(scores), rtol=1e-12)


@pytest.mark.parametrize(
    "row",
    [
        [1e308, -1e308, 0.0],
        [-1e308, -1e308, -1e308],
        [1e308, 1e308, 1e308],
        [5e-324, -5e-324, 0.0],
        [0.0, -0.0, 0.0],
        [750.0, 0.0, -750.0],
        [1e308, 1e308 * (1 - 1e-15), -1e308],
    ],
)
def test_extreme_scores_agree_with_exact_arithmetic(row: list[float]) -> None:
    proba = softmax(np.array([row]))[0]
    log_proba = log_softmax(np.array([row]))[0]

    with mpmath.workdps(50):
        weights = [mpmath.exp(mpmath.mpf(z) - max(row)) for z in row]
        exact = [float(weight / sum(weights)) for weight in weights]
    assert_allclose(proba, exact, rtol=1e-13, atol=1e-300)
    assert proba.argmax() == np.argmax(exact)
    assert (log_proba <= 0).all()


def test_random_scores_agree_with_exact_arithmetic() -> None:
    scores = 20 * np.random.default_rng(3).standard_normal((300, 4))

    proba = softmax(scores)

    with mpmath.workdps(50):
        for row, got in zip(scores, proba, strict=True):
            weights = [mpmath.exp(mpmath.mpf(float(z))) for z in row]
            exact = [float(weight / sum(weights)) for weight in weights]
            assert_allclose(got, exact, rtol=1e-13)


def test_log_probabilities_stay_exact_where_probabilities_vanish() -> None:
    assert_array_equal(log_softmax(np.array([[0.0, -1e4]])), [[0.0, -1e4]])
