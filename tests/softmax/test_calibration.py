"""The temperature, against closed forms, SciPy and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import minimize_scalar
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator  # type: ignore[import-untyped]  # not in the stubs yet
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from service.softmax.arrays import Floats, Integers
from service.softmax.calibration import HIGHEST, LOWEST, fit_temperature
from service.softmax.loss import log_loss

SCORES = np.array([[2.0, 0.0, -1.0], [0.5, 1.0, 0.0], [0.0, 0.1, 3.0], [1.0, 0.9, 0.0]])
Y = np.array([0, 1, 2, 1])


def drawn(seed: int, sharpness: float) -> tuple[Floats, Integers]:
    """Scores, and labels drawn from the probabilities that the scores divided by T give."""
    random = np.random.default_rng(seed)
    scores = random.normal(scale=2.0, size=(200, 4))
    noise = random.gumbel(size=scores.shape)
    return sharpness * scores, (scores + noise).argmax(axis=1)


@pytest.mark.parametrize(("margin", "right"), [(0.7, 90), (3.0, 60), (20.0, 99)])
def test_two_classes_with_one_margin_get_the_share_that_is_right(margin: float, right: int) -> None:
    scores = np.tile([margin, 0.0], (100, 1))
    y = (np.arange(100) >= right).astype(np.intp)

    found = fit_temperature(scores, y, np.ones(100))

    # softmax(margin / T) is the share, so T = margin / logit(share).
    assert_allclose(found.value, margin / np.log(right / (100 - right)), rtol=1e-13)
    assert found.outcome == "minimum"


@pytest.mark.parametrize("sharpness", [0.01, 0.5, 1.0, 4.0, 100.0])
def test_the_log_loss_is_the_least_that_scipy_finds(sharpness: float) -> None:
    scores, y = drawn(3, sharpness)
    weight = np.random.default_rng(4).uniform(0.0, 3.0, len(y))

    found = fit_temperature(scores, y, weight)

    reference = minimize_scalar(
        lambda log_t: log_loss(scores * np.exp(-log_t), y, weight),
        bounds=(np.log(LOWEST), np.log(HIGHEST)),
        options={"xatol": 1e-10},
    )
    # A minimum is flat: the search sees it to the root of the rounding of the loss.
    assert_allclose(np.log(found.value), reference.x, atol=1e-6)
    # The loss is a sum of 200 terms.
    assert log_loss(scores / found.value, y, weight) <= reference.fun * (1 + 1e-14)


def test_the_temperature_is_scikit_learn_s_own() -> None:
    X, y = load_digits(return_X_y=True)
    X_fit, X_rest, y_fit, y_rest = train_test_split(X, y, random_state=0, stratify=y)
    estimator = LogisticRegression(C=1000.0, max_iter=5000).fit(X_fit[:300], y_fit[:300])
    calibrated = CalibratedClassifierCV(
        FrozenEstimator(estimator),
        method="temperature",  # type: ignore[arg-type]  # not in the stubs yet
    )
    expected = calibrated.fit(X_rest, y_rest).predict_proba(X_rest)

    found = fit_temperature(estimator.decision_function(X_rest), y_rest, np.ones(len(y_rest)))

    scores = estimator.decision_function(X_rest) / found.value
    proba = np.exp(scores - scores.max(axis=1, keepdims=True))
    proba /= proba.sum(axis=1, keepdims=True)
    # It searches by function values, which see a minimum to the root of their rounding.
    assert_allclose(proba, expected, atol=1e-6)
    assert found.value > 1.5  # far too sure of itself


@given(scale=st.floats(0.05, 20.0), seed=st.integers(0, 50))
def test_scores_twice_as_large_have_a_temperature_twice_as_high(scale: float, seed: int) -> None:
    scores, y = drawn(seed, 1.0)

    plain = fit_temperature(scores, y, np.ones(200)).value

    # The slope is a sum of 200 terms that cancel at the minimum.
    assert_allclose(
        fit_temperature(scale * scores, y, np.ones(200)).value, scale * plain, rtol=1e-11
    )


def test_a_weight_of_two_is_a_row_twice() -> None:
    twice = fit_temperature(np.vstack([SCORES, SCORES[3:]]), np.append(Y, 1), np.ones(5))

    weighted = fit_temperature(SCORES, Y, np.array([1.0, 1.0, 1.0, 2.0]))

    assert_allclose(weighted.value, twice.value, rtol=1e-12)


def test_rows_that_are_all_right_leave_the_temperature_alone() -> None:
    for scores in (SCORES[:3], 1e3 * SCORES[:3], np.zeros((3, 3))):
        found = fit_temperature(scores, Y[:3], np.ones(3))

        assert (found.value, found.outcome, found.n_samples) == (1.0, "separated", 3)


def test_a_wrong_row_without_weight_counts_for_nothing() -> None:
    found = fit_temperature(SCORES, Y, np.array([1.0, 1.0, 1.0, 0.0]))

    assert found.outcome == "separated"


def test_scores_worse_than_chance_stop_at_the_highest_temperature() -> None:
    found = fit_temperature(-SCORES, Y, np.ones(4))

    assert (found.value, found.outcome) == (HIGHEST, "bound")


def test_tiny_scores_stop_at_the_lowest_temperature() -> None:
    found = fit_temperature(1e-9 * SCORES, Y, np.ones(4))

    assert (found.value, found.outcome) == (LOWEST, "bound")


def test_scores_at_the_end_of_the_doubles_are_survived() -> None:
    scores = np.array([[1e308, -1e308, 0.0], [1e308, 0.0, -1e308], [1.0, 0.0, 0.5]])

    found = fit_temperature(scores, np.array([0, 1, 1]), np.ones(3))

    assert (found.value, found.outcome) == (HIGHEST, "bound")
