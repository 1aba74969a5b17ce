"""The duality gap bounds what it says it bounds."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mpmath import mp
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import rel_entr

from service.softmax.arrays import Floats, Integers
from service.softmax.duality import Columns, best_intercept, duality_gap
from service.softmax.objective import Penalty
from service.softmax.probability import log_softmax, softmax


def rows(n_classes: int, seed: int = 1, n_samples: int = 40) -> tuple[Floats, Integers, Floats]:
    random = np.random.default_rng(seed)
    y = np.arange(n_samples) % n_classes
    X = random.normal(size=(n_samples, 3)) + 0.5 * y[:, None] * [1.0, -1.0, 0.0]
    return X, y, random.uniform(0.2, 3.0, size=n_samples)


def objective(
    coef: Floats, intercept: Floats, data: tuple[Floats, Integers, Floats], penalty: Penalty
) -> float:
    """F from its formula alone, in one expression per term."""
    X, y, weight = data
    scores = X @ coef.T + intercept
    if len(coef) == 1:
        scores = np.column_stack([np.zeros(len(y)), scores])
    loss = float(-(weight * log_softmax(scores)[np.arange(len(y)), y]).sum())
    ridge = (1 - penalty.l1_ratio) / 2 * np.square(coef).sum()
    return loss + float(ridge + penalty.l1_ratio * np.abs(coef).sum()) / penalty.C


def optimum(
    n_rows: int, data: tuple[Floats, Integers, Floats], penalty: Penalty, *, fit_intercept: bool
) -> tuple[Floats, Floats]:
    """The optimum as SciPy finds it, W split into two parts above zero so that F is smooth."""
    n_columns = data[0].shape[1]
    size = n_rows * n_columns

    def split(flat: Floats) -> tuple[Floats, Floats]:
        coef = (flat[:size] - flat[size : 2 * size]).reshape(n_rows, n_columns)
        return coef, flat[2 * size :] if fit_intercept else np.zeros(n_rows)

    def smooth(flat: Floats) -> float:
        coef, intercept = split(flat)
        free = Penalty(C=penalty.C, l1_ratio=0.0)
        ridge = (1 - penalty.l1_ratio) * free.value(coef)
        loss = objective(coef, intercept, data, Penalty(C=np.inf))
        return loss + ridge + penalty.lasso * float(flat[: 2 * size].sum())

    bounds: list[tuple[float | None, float | None]] = [(0, None)] * (2 * size) + [(None, None)] * (
        n_rows * fit_intercept
    )
    result = minimize(
        smooth,
        np.zeros(len(bounds)),
        method="L-BFGS-B",
        bounds=bounds,
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 5000, "maxfun": 10**6},
    )
    return split(result.x)


CASES = [
    pytest.param(n_classes, l1_ratio, fit_intercept, id=f"{n_classes}-{l1_ratio}-{fit_intercept}")
    for n_classes in (2, 3)
    for l1_ratio in (0.0, 0.5, 1.0)
    for fit_intercept in (True, False)
]


@pytest.mark.parametrize(("n_classes", "l1_ratio", "fit_intercept"), CASES)
def test_the_gap_bounds_the_truth_and_closes_at_the_optimum(
    n_classes: int, l1_ratio: float, *, fit_intercept: bool
) -> None:
    data, penalty = rows(n_classes), Penalty(C=0.3, l1_ratio=l1_ratio)
    n_rows = 1 if n_classes == 2 else n_classes
    best, intercept = optimum(n_rows, data, penalty, fit_intercept=fit_intercept)
    least = objective(best, intercept, data, penalty)
    random = np.random.default_rng(0)
    for distance in (3.0, 1.0, 1e-1, 1e-2, 1e-3, 0.0):
        coef = best + distance * random.normal(size=best.shape)

        gap = duality_gap(
            *(*data, coef, intercept),
            n_classes=n_classes,
            penalty=penalty,
            fit_intercept=fit_intercept,
        )

        assert_allclose(gap.objective, objective(coef, gap.intercept, data, penalty), rtol=1e-13)
        # SciPy's own optimum is within 1e-7 of the least F, of size 10.
        assert gap.duality_gap >= gap.objective - least - 1e-7
    assert gap.duality_gap <= 1e-4


@pytest.mark.parametrize("n_classes", [2, 4])
def test_the_kl_divergence_from_the_optimum_is_within_the_gap(n_classes: int) -> None:
    data, penalty = rows(n_classes), Penalty(C=2.0)
    n_rows = 1 if n_classes == 2 else n_classes
    best, intercept = optimum(n_rows, data, penalty, fit_intercept=True)
    coef = best + 0.1 * np.random.default_rng(3).normal(size=best.shape)

    gap = duality_gap(
        *(*data, coef, intercept), n_classes=n_classes, penalty=penalty, fit_intercept=True
    )

    def proba(coef: Floats, intercept: Floats) -> Floats:
        scores = data[0] @ coef.T + intercept
        first = np.zeros((len(scores), n_classes - n_rows))
        return softmax(np.column_stack([first, scores]))

    mine, theirs = proba(coef, gap.intercept), proba(best, intercept)
    both = rel_entr(mine, theirs).sum(axis=1) + rel_entr(theirs, mine).sum(axis=1)
    assert 0 < data[2] @ both <= gap.duality_gap
    furthest = np.abs(mine - theirs).max(axis=1)
    assert (furthest <= np.sqrt(gap.duality_gap / (2 * data[2]))).all()


@given(
    seed=st.integers(0, 10**6),
    C=st.floats(1e-3, 1e3),
    l1_ratio=st.floats(0, 1),
    binary=st.booleans(),
    fit_intercept=st.booleans(),
)
@example(seed=0, C=1.0, l1_ratio=5e-324, binary=False, fit_intercept=False)  # once divided by 0
@settings(max_examples=60, deadline=None)
def test_no_point_has_an_objective_below_what_any_other_point_proves(
    *, seed: int, C: float, l1_ratio: float, binary: bool, fit_intercept: bool
) -> None:
    n_classes, n_rows = (2, 1) if binary else (3, 3)
    data, penalty = rows(n_classes, seed=seed % 7), Penalty(C=C, l1_ratio=l1_ratio)
    random = np.random.default_rng(seed)

    gaps = [
        duality_gap(
            *(*data, random.normal(size=(n_rows, 3)) * scale, np.zeros(n_rows)),
            n_classes=n_classes,
            penalty=penalty,
            fit_intercept=fit_intercept,
        )
        for scale in (0.0, 0.1, 1.0)
    ]

    lower = max(gap.objective - gap.duality_gap for gap in gaps)
    assert lower <= min(gap.objective for gap in gaps) * (1 + 1e-12)


def test_with_a_ridge_alone_the_gap_is_half_c_times_the_squared_gradient() -> None:
    data, penalty = rows(3), Penalty(C=5.0)
    coef = np.random.default_rng(2).normal(size=(3, 3))
    start = np.zeros(3)

    gap = duality_gap(*(*data, coef, start), n_classes=3, penalty=penalty, fit_intercept=True)

    def at(flat: Floats) -> float:
        return objective(flat.reshape(3, 3), gap.intercept, data, penalty)

    step = 1e-5
    slopes = [(at(coef.ravel() + e) - at(coef.ravel() - e)) / (2 * step) for e in np.eye(9) * step]
    # Central differences: 1e-10 of third derivatives, and 1e-15 F / 1e-5 of rounding.
    assert_allclose(gap.duality_gap, 5.0 / 2 * np.square(slopes).sum(), rtol=1e-6)


def test_the_gap_of_a_lasso_is_that_of_fifty_digits() -> None:
    (X, y, weight), penalty = rows(3, n_samples=9), Penalty(C=0.2, l1_ratio=1.0)
    coef = np.random.default_rng(4).normal(size=(3, 3))

    gap = duality_gap(
        *(X, y, weight, coef, np.zeros(3)), n_classes=3, penalty=penalty, fit_intercept=False
    )

    with mp.workdps(50):
        loss, entropy, slope, proba = mp.mpf(0), mp.mpf(0), mp.zeros(3, 3), []
        for x, label, w in zip(X, y, weight, strict=True):
            scores = [mp.fdot(map(mp.mpf, row), map(mp.mpf, x)) for row in coef]
            total = mp.fsum(map(mp.exp, scores))
            proba.append([mp.exp(score) / total for score in scores])
            loss -= w * mp.log(proba[-1][label])
            for k in range(3):
                for j in range(3):
                    slope[k, j] += w * (proba[-1][k] - (k == label)) * x[j]
        scale = 5 / max(abs(entry) for entry in slope)
        assert scale < 1
        for row, label, w in zip(proba, y, weight, strict=True):
            for k in range(3):
                q = scale * row[k] + (1 - scale) * (k == label)
                entropy -= w * q * mp.log(q)
        expected = float(loss + 5 * mp.mpf(float(np.abs(coef).sum())) - entropy)
    assert_allclose(gap.duality_gap, expected, rtol=1e-12)


def test_a_sparse_matrix_has_the_gap_of_a_dense_one() -> None:
    X, y, weight = rows(3)
    coef, penalty = np.ones((3, 3)) * [[1.0], [0.0], [-1.0]], Penalty(C=1.0, l1_ratio=0.3)

    def gap(matrix: Columns) -> float:
        rest = (y, weight, coef, np.zeros(3))
        found = duality_gap(matrix, *rest, n_classes=3, penalty=penalty, fit_intercept=True)
        return found.duality_gap

    thin: Any = sparse.csr_array(X)  # its stubs promise less of a product than it gives
    assert_allclose(gap(thin), gap(X), rtol=1e-12)


@pytest.mark.parametrize("far", [0.0, 30.0, 100.0])
def test_the_best_intercept_balances_every_class_from_wherever_it_starts(far: float) -> None:
    X, y, weight = rows(4)
    scores = X @ np.random.default_rng(5).normal(size=(3, 4))

    intercept, is_solved = best_intercept(scores, y, weight, np.array([far, -far, 0.0, far]))

    assert is_solved
    mass = weight @ softmax(scores + intercept)
    assert_allclose(mass, np.bincount(y, weights=weight), rtol=1e-10)
    assert_allclose(intercept.sum(), 0.0, atol=1e-9)
