"""The loss and its gradient."""

import numpy as np
from numpy.testing import assert_allclose
from scipy.optimize import approx_fprime
from sklearn.metrics import log_loss as sklearn_log_loss

from service.softmax.loss import log_loss, log_loss_gradient
from service.softmax.probability import softmax

RANDOM = np.random.default_rng(11)
SCORES = RANDOM.normal(size=(40, 5))
Y = RANDOM.integers(0, 5, size=40)
WEIGHT = RANDOM.uniform(0, 3, size=40)


def test_the_loss_is_scikit_learn_s() -> None:
    expected = sklearn_log_loss(
        Y, softmax(SCORES), sample_weight=WEIGHT, normalize=False, labels=range(5)
    )

    assert_allclose(log_loss(SCORES, Y, WEIGHT), expected, rtol=1e-13)


def test_without_weights_every_row_weighs_one() -> None:
    assert_allclose(log_loss(SCORES, Y), log_loss(SCORES, Y, np.ones(40)), rtol=1e-14)
    assert_allclose(log_loss_gradient(SCORES, Y), log_loss_gradient(SCORES, Y, np.ones(40)))


def test_the_gradient_is_that_of_finite_differences() -> None:
    def loss(flat: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        return log_loss(flat.reshape(SCORES.shape), Y, WEIGHT)

    numeric = approx_fprime(SCORES.ravel(), loss, 1e-7).reshape(SCORES.shape)

    # A forward difference of step 1e-7 errs by half the curvature (at most 3/4) times it,
    # and by the rounding of a loss near 100: 1e-14 / 1e-7.
    assert_allclose(log_loss_gradient(SCORES, Y, WEIGHT), numeric, atol=1e-6)


def test_a_row_far_on_the_wrong_side_costs_what_its_scores_say() -> None:
    assert log_loss(np.array([[0.0, 1e6]]), np.array([0])) == 1e6
