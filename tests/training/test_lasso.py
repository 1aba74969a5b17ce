"""Fits with a lasso reach their certificate, on real tables and where it is hard."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn import datasets
from sklearn.linear_model import LogisticRegression

from service.softmax.arrays import Floats, Integers
from service.softmax.duality import duality_gap
from service.softmax.objective import Penalty
from service.training.lasso import solve_lasso
from service.training.problem import Problem
from service.training.solvers import solve_ridge

TOL = 1e-10


def loaded(name: str) -> tuple[Floats, Integers]:
    bunch: Any = getattr(datasets, f"load_{name}")()
    return bunch.data, bunch.target


SETS = {name: loaded(name) for name in ("iris", "wine", "breast_cancer", "digits")}


def problem(
    X: Floats, y: Integers, C: float, l1_ratio: float, *, fit_intercept: bool = True
) -> Problem:
    return Problem(
        matrix=X - X.mean(axis=0),
        y=y,
        weight=np.random.default_rng(3).uniform(0.5, 2.0, size=len(y)),
        n_classes=int(y.max()) + 1,
        penalty=Penalty(C=C, l1_ratio=l1_ratio),
        fit_intercept=fit_intercept,
    )


def relative_gap(mine: Problem, theta: Floats) -> float:
    intercept = theta[:, -1] if mine.fit_intercept else np.zeros(len(theta))
    gap = duality_gap(
        *(mine.matrix, mine.y, mine.weight, theta[:, : mine.n_columns], intercept),
        n_classes=mine.n_classes,
        penalty=mine.penalty,
        fit_intercept=mine.fit_intercept,
    )
    return gap.duality_gap / gap.objective


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("l1_ratio", [0.5, 0.999, 1.0])
@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_raw_tables_reach_the_certificate(name: str, l1_ratio: float, C: float) -> None:
    mine = problem(*SETS[name], C, l1_ratio)

    solution = solve_lasso(mine, tol=TOL, max_iter=1000)

    assert relative_gap(mine, solution.theta) <= TOL


@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_digits_reach_the_certificate_with_most_coefficients_exactly_zero(l1_ratio: float) -> None:
    X, y = SETS["digits"]
    mine = problem(X / 16, y, 0.1, l1_ratio)

    theta = solve_lasso(mine, tol=TOL, max_iter=1000).theta

    assert relative_gap(mine, theta) <= TOL
    assert (theta == 0).mean() > 0.5


def test_a_weak_lasso_on_separated_classes_is_reached_from_the_interior() -> None:
    mine = problem(*SETS["wine"], 1e3, 1.0)

    solution = solve_lasso(mine, tol=TOL, max_iter=1000)

    assert "interior" in solution.engine
    assert relative_gap(mine, solution.theta) <= TOL


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_optimum_is_that_of_saga(n_classes: int, *, fit_intercept: bool) -> None:
    X, y = SETS["wine"]
    X = (X[y < n_classes] - X.mean(axis=0)) / X.std(axis=0)
    mine = problem(X, y[y < n_classes], 0.5, 0.7, fit_intercept=fit_intercept)

    theta = solve_lasso(mine, tol=1e-14, max_iter=1000).theta

    peer = LogisticRegression(
        C=0.5,
        l1_ratio=0.7,
        solver="saga",
        tol=1e-10,
        max_iter=100_000,
        fit_intercept=fit_intercept,
        random_state=0,
    ).fit(np.asarray(mine.matrix), mine.y, sample_weight=mine.weight)
    # saga stops when no coefficient moves by more than 1e-10 of the largest.
    assert_allclose(theta[:, : X.shape[1]], peer.coef_, atol=1e-7)


def test_a_strong_lasso_leaves_the_class_frequencies() -> None:
    X, y = SETS["iris"]
    mine = problem(X, y, 1e-4, 1.0)

    solution = solve_lasso(mine, tol=TOL, max_iter=100)

    assert not solution.theta[:, :-1].any()
    # The intercept still has the error that a gap of 1e-11 allows; the certificate solves it.
    shares = np.bincount(y, weights=mine.weight) / mine.weight.sum()
    assert_allclose(
        solution.theta[:, -1] - solution.theta[0, -1], np.log(shares / shares[0]), atol=1e-5
    )


def test_next_to_no_lasso_is_a_ridge() -> None:
    X, y = SETS["iris"]

    theta = solve_lasso(problem(X, y, 1.0, 1e-9), tol=1e-12, max_iter=1000).theta

    ridge = solve_ridge(problem(X, y, 1.0, 0.0), tol=1e-12, max_iter=1000).theta
    # A lasso of 1e-9 moves the optimum by as much, over curvatures of about one.
    assert_allclose(theta[:, :-1], ridge[:, :-1], atol=1e-6)


def test_a_start_at_the_optimum_stays_there() -> None:
    mine = problem(*SETS["wine"], 1.0, 1.0)
    first = solve_lasso(mine, tol=TOL, max_iter=1000)

    again = solve_lasso(mine, first.theta, tol=TOL, max_iter=1000)

    assert again.iterations == 0
