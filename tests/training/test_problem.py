"""Values, gradients and curvature, against differences and against our own loss."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.optimize import approx_fprime

from service.softmax.arrays import Floats
from service.softmax.loss import log_loss
from service.softmax.objective import Penalty
from service.training.conditioning import conditioner
from service.training.problem import Problem


def problem(n_classes: int, *, fit_intercept: bool = True, thin: bool = False) -> Problem:
    random = np.random.default_rng(8)
    X = random.normal(size=(60, 4))
    return Problem(
        matrix=sparse.csr_array(X) if thin else X,
        y=np.arange(60) % n_classes,
        weight=random.uniform(0, 2, size=60),
        n_classes=n_classes,
        penalty=Penalty(C=2.0, l1_ratio=0.25),
        fit_intercept=fit_intercept,
    )


CASES = [(2, True, False), (2, False, True), (5, True, True), (5, False, False)]


@pytest.mark.parametrize(("n_classes", "fit_intercept", "thin"), CASES)
def test_the_gradient_is_that_of_finite_differences(
    n_classes: int, *, fit_intercept: bool, thin: bool
) -> None:
    mine = problem(n_classes, fit_intercept=fit_intercept, thin=thin)
    theta = np.random.default_rng(1).normal(size=mine.shape)

    def value(flat: Floats) -> float:
        return mine.at(flat.reshape(mine.shape)).value

    numeric = approx_fprime(theta.ravel(), value, 1e-7)

    # Forward differences of a function near 100: 1e-7 of curvature 10, and 1e-14 / 1e-7.
    assert_allclose(mine.at(theta).gradient.ravel(), numeric, atol=1e-5)


@pytest.mark.parametrize(("n_classes", "fit_intercept", "thin"), CASES)
def test_the_curvature_is_the_change_of_the_gradient(
    n_classes: int, *, fit_intercept: bool, thin: bool
) -> None:
    mine = problem(n_classes, fit_intercept=fit_intercept, thin=thin)
    random = np.random.default_rng(2)
    theta, direction = random.normal(size=(2, *mine.shape))

    ahead, behind = (mine.at(theta + step * direction).gradient for step in (1e-5, -1e-5))

    # Central differences of a gradient near 10: 1e-10 of its third derivative.
    product = mine.curvature(mine.at(theta), direction)
    assert_allclose(product, (ahead - behind) / 2e-5, atol=1e-7)


@pytest.mark.parametrize("n_classes", [2, 5])
def test_the_value_is_our_own_loss_and_the_ridge(n_classes: int) -> None:
    mine = problem(n_classes)
    theta = np.random.default_rng(3).normal(size=mine.shape)
    scores = np.asarray(mine.matrix) @ theta[:, :4].T + theta[:, 4]
    if n_classes == 2:
        scores = np.column_stack([np.zeros(60), scores])

    value = mine.at(theta).value

    ridge = 0.75 / 2.0 / 2 * np.square(theta[:, :4]).sum()
    assert_allclose(value, log_loss(scores, mine.y, mine.weight) + ridge, rtol=1e-13)


@pytest.mark.parametrize("n_classes", [2, 5])
def test_blocks_of_rows_add_up(n_classes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    theta = np.random.default_rng(4).normal(size=problem(n_classes).shape)
    whole = problem(n_classes).at(theta)
    monkeypatch.setattr("service.training.problem.BLOCK_ENTRIES", 1)
    monkeypatch.setattr("service.training.problem.LEAST_ROWS", 7)

    mine = problem(n_classes)

    assert len(list(mine.blocks())) == 9
    assert_allclose(mine.at(theta).gradient, whole.gradient, rtol=1e-11)
    assert_allclose(conditioner(mine).bound, conditioner(problem(n_classes)).bound, rtol=1e-12)


@pytest.mark.parametrize("thin", [False, True])
def test_the_conditioner_bounds_the_hessian_and_its_factor_is_one(*, thin: bool) -> None:
    mine = problem(5, thin=thin)
    bound = conditioner(mine)
    theta, direction = np.random.default_rng(5).normal(size=(2, *mine.shape))

    curved = mine.curvature(mine.at(theta), direction)

    assert (direction * curved).sum() <= (direction @ bound.bound * direction).sum()
    assert_allclose(bound.factor @ bound.factor.T, bound.bound, rtol=1e-9, atol=1e-9)
    assert_allclose(bound.solve(direction @ bound.bound), direction, rtol=1e-9)
    assert_allclose(bound.to_theta(bound.to_variables(theta)), theta, rtol=1e-9)
    _check_slope(bound.to_slope(direction), direction, bound.factor)


def _check_slope(slope: Floats, gradient: Floats, factor: Floats) -> None:
    assert_allclose(slope @ factor.T, gradient, rtol=1e-9, atol=1e-12)
