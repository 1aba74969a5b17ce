"""One row without arrays."""

import math
import random

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from service.softmax.arrays import Floats
from service.softmax.one_row import MAX_CLASSES, MAX_SCORE, MAX_TERMS, row_softmax

EPS = float(np.finfo(np.float64).eps)
SHAPES = [(2, 1), (3, 4), (10, 20), (16, 16), (40, 2), (10, 64), (63, 30)]


def affine(n_classes: int, n_features: int, seed: int = 5) -> tuple[Floats, Floats, Floats]:
    draw = np.random.default_rng(seed)
    coef = draw.normal(size=(n_classes, n_features))
    return coef - coef.mean(axis=0), draw.normal(size=n_classes), draw.normal(size=n_features)


def exact(coef: Floats, constant: Floats, centre: Floats, row: list[float]) -> list[float]:
    with mpmath.workdps(60):
        centred = [mpmath.mpf(x) - mpmath.mpf(float(m)) for x, m in zip(row, centre, strict=True)]
        weights = [
            mpmath.exp(mpmath.fdot(map(float, slopes), centred) + float(offset))
            for slopes, offset in zip(coef, constant, strict=True)
        ]
        return [float(weight / mpmath.fsum(weights)) for weight in weights]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_row_agrees_with_exact_arithmetic(shape: tuple[int, int]) -> None:
    coef, constant, centre = affine(*shape)
    proba = row_softmax(coef, constant, centre)
    row = np.random.default_rng(6).normal(size=shape[1]).tolist()

    answer = proba(row) if proba else None

    assert answer is not None
    assert_allclose(answer, exact(coef, constant, centre, row), rtol=1e-13)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("spread", [0.0, 0.3, 3.0])
def test_probabilities_of_a_row_sum_to_one(shape: tuple[int, int], spread: float) -> None:
    coef, constant, _ = affine(*shape)
    proba = row_softmax(coef, constant, None)
    rows = spread * np.random.default_rng(7).standard_normal((50, shape[1]))

    answers = [proba(row) if proba else None for row in rows.tolist()]

    for answer in answers:
        assert answer is not None
        assert all(0.0 <= p <= 1.0 for p in answer)
        assert abs(math.fsum(answer) - 1.0) <= 8 * EPS


@pytest.mark.parametrize("n_features", [2, 200])
def test_without_a_centre_the_row_is_taken_as_it_is(n_features: int) -> None:
    coef, constant, _ = affine(3, n_features)
    free, held = (
        row_softmax(coef, constant, None),
        row_softmax(coef, constant, np.zeros(n_features)),
    )
    row = np.random.default_rng(8).normal(size=n_features).tolist()

    assert free is not None
    assert held is not None
    assert free(row) == held(row)


@given(
    row=st.lists(st.floats(-5, 5), min_size=3, max_size=3),
    order=st.randoms(use_true_random=False),
)
def test_permuting_classes_permutes_probabilities(row: list[float], order: random.Random) -> None:
    coef, constant, centre = affine(5, 3)
    classes = list(range(5))
    order.shuffle(classes)

    straight = row_softmax(coef, constant, centre)
    permuted = row_softmax(coef[classes], constant[classes], centre)

    assert straight is not None
    assert permuted is not None
    before, after = straight(row), permuted(row)
    assert before is not None
    assert after is not None
    # The sum is taken in another order; its rounding is all that may differ.
    assert_allclose(after, [before[k] for k in classes], rtol=8 * EPS)


@given(scores=st.lists(st.floats(-300, 300), min_size=2, max_size=12), rise=st.floats(1e-3, 50))
def test_a_class_that_gains_score_loses_no_probability(scores: list[float], rise: float) -> None:
    coef = np.zeros((len(scores), 1))
    coef[0] = 1.0  # the row's number is added to the first score
    proba = row_softmax(coef, np.array(scores), None)

    assert proba is not None
    before, after = proba([0.0]), proba([rise])
    assert before is not None
    assert after is not None
    assert after[0] >= before[0]
    assert all(low <= high for low, high in zip(after[1:], before[1:], strict=True))


def test_equal_scores_get_equal_probabilities() -> None:
    coef = np.array([[1.0, 2.0], [3.0, -1.0], [3.0, -1.0]])
    proba = row_softmax(coef, np.array([0.0, 0.1, 0.1]), np.array([0.3, 0.7]))

    answer = proba([2.0, 1.0]) if proba else None

    assert answer is not None
    assert answer[1] == answer[2] > answer[0]


@pytest.mark.parametrize("x", [MAX_SCORE, -MAX_SCORE, 1e308, -1e308, math.inf, math.nan])
def test_a_row_beyond_plain_exponentials_is_left_to_a_block(x: float) -> None:
    proba = row_softmax(np.array([[0.0], [1.0]]), np.zeros(2), None)

    assert proba is not None
    assert proba([x]) is None


def test_a_wide_row_whose_scores_overflow_is_left_to_a_block() -> None:
    proba = row_softmax(np.ones((2, MAX_TERMS)), np.zeros(2), np.full(MAX_TERMS, -1.0))

    assert proba is not None
    assert proba([1e308] * MAX_TERMS) is None


def test_gaps_that_underflow_are_probabilities_of_zero() -> None:
    coef = np.zeros((2, MAX_TERMS))
    coef[1, 0] = 1.0
    proba = row_softmax(coef, np.zeros(2), None)

    assert proba is not None
    assert proba([-1e308] + [0.0] * (MAX_TERMS - 1)) == [1.0, 0.0]


@pytest.mark.parametrize("length", [0, 3, 5])
def test_a_row_of_another_length_is_refused(length: int) -> None:
    proba = row_softmax(*affine(3, 4))

    assert proba is not None
    with pytest.raises(ValueError, match="unpack"):
        proba([1.0] * length)


@pytest.mark.parametrize(
    "coef",
    [np.zeros((3, 0)), np.zeros((MAX_CLASSES + 1, 2)), np.array([[np.inf], [0.0]])],
    ids=["no feature", "many classes", "divided by a temperature near zero"],
)
def test_some_models_have_nothing_faster_than_a_block(coef: Floats) -> None:
    assert row_softmax(coef, np.zeros(len(coef)), None) is None
