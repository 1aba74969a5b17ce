"""The engines of a ridge fit: scikit-learn's, or SciPy's on preconditioned variables."""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from service.softmax.arrays import Floats
from service.training.conditioning import Conditioner, conditioner
from service.training.newton import newton
from service.training.problem import Point, Problem

WELL_CONDITIONED = 1e4
"""Condition of the covariance up to which scikit-learn's L-BFGS needs a few hundred steps."""

SMALL = 5_000_000
"""Rows times parameters up to which a step costs less than what a covariance saves in steps."""

SKLEARN_STEPS = 500
"""Steps after which it has shown that it does not get there."""

SAFETY = 0.01
"""The gap is brought to this share of what is asked, so that rounding cannot spoil it."""


POLISH = 1e-6
"""The same for a small problem: one Newton step more, and processors agree to ten digits."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """Parameters, and how they were found.

    Parameters
    ----------
    theta : ndarray of shape (n_rows, n_parameters)
        W, and behind it the intercept as a last column where there is one.
    engine : str
        What found it.
    iterations : int
        Of all stages together.
    """

    theta: Floats
    engine: str
    iterations: int


def solve_ridge(
    problem: Problem, start: Floats | None = None, *, tol: float, max_iter: int
) -> Solution:
    """Minimise a problem with a ridge and no lasso.

    scikit-learn's estimator comes first. Where columns are badly conditioned, where there
    are many rows and parameters, or where there is a start, which its stopping rule would
    not do justice, SciPy's L-BFGS on the variables of `Conditioner` takes its place.
    Newton steps finish either: L-BFGS stalls
    where the objective is too flat for its line search.

    Parameters
    ----------
    problem : Problem
        What is minimised.
    start : ndarray of shape (n_rows, n_parameters), optional
        Where to begin, such as the solution for another C.
    tol : float
        Bound on the relative duality gap.
    max_iter : int
        Bound on the steps of each stage.

    Returns
    -------
    Solution
        The parameters; whether they are good enough is for a certificate to say.
    """
    bound = conditioner(problem)
    is_small = problem.matrix.shape[0] * np.prod(problem.shape) <= SMALL

    def is_done(point: Point) -> bool:
        # C/2 |grad|^2 is the duality gap once the intercept is solved for.
        gap = float(np.square(point.gradient).sum()) / (2 * problem.penalty.ridge)
        return gap <= (POLISH if is_small else SAFETY) * tol * point.value

    if start is None and is_small and bound.condition <= WELL_CONDITIONED:
        first = _sklearn(problem, tol=tol, max_iter=min(max_iter, SKLEARN_STEPS))
    else:
        theta = np.zeros(problem.shape) if start is None else start
        first = covariance_steps(problem, theta, bound, max_iter=max_iter)
    point, steps = newton(
        problem, problem.at(first.theta), bound, is_done=is_done, max_iter=max_iter
    )
    return Solution(
        theta=point.theta,
        engine=f"{first.engine}, Newton-CG" if steps else first.engine,
        iterations=first.iterations + steps,
    )


def _sklearn(problem: Problem, *, tol: float, max_iter: int) -> Solution:
    total = float(problem.weight.sum())
    # Entries of a gradient this small make a gap of tol, if the fit explains nine tenths.
    allowed = 2 * tol * SAFETY * null_loss(problem) * problem.penalty.ridge
    entry = np.sqrt(allowed / np.prod(problem.shape)) / total
    estimator = LogisticRegression(
        C=problem.penalty.C,
        fit_intercept=problem.fit_intercept,
        solver="lbfgs",
        tol=float(np.clip(entry, 1e-12, 1e-4)),  # the largest entry, of the mean loss
        max_iter=max_iter,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # Newton goes on from there
        estimator.fit(problem.matrix, problem.y, sample_weight=problem.weight)
    theta: Floats = np.asarray(estimator.coef_, dtype=np.float64)
    if problem.fit_intercept:
        theta = np.column_stack([theta, estimator.intercept_])
    return Solution(
        theta=theta,
        engine="scikit-learn L-BFGS",
        iterations=int(np.max(estimator.n_iter_)),
    )


def covariance_steps(
    problem: Problem, start: Floats, bound: Conditioner, *, max_iter: int
) -> Solution:
    """Come near the optimum by L-BFGS on the variables of a conditioner.

    Parameters
    ----------
    problem : Problem
        What is minimised.
    start : ndarray of shape (n_rows, n_parameters)
        Where to begin.
    bound : Conditioner
        The covariance of the columns.
    max_iter : int
        Bound on the steps.

    Returns
    -------
    Solution
        Near enough for Newton steps.
    """

    def objective(flat: Floats) -> tuple[float, Floats]:
        point = problem.at(bound.to_theta(flat.reshape(problem.shape)))
        return point.value, bound.to_slope(point.gradient).ravel()

    # In these variables half the squared gradient is the decrease still to be had, to a
    # factor of the probabilities; from a ten-thousandth on, Newton steps are cheaper.
    entry = np.sqrt(2e-4 * SAFETY * null_loss(problem) / np.prod(problem.shape))
    result = minimize(
        objective,
        bound.to_variables(start).ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxcor": 10, "gtol": entry, "ftol": 0.0, "maxiter": max_iter, "maxls": 50},
    )
    return Solution(
        theta=bound.to_theta(result.x.reshape(problem.shape)),
        engine="SciPy L-BFGS on the covariance",
        iterations=int(result.nit),
    )


def null_loss(problem: Problem) -> float:
    """Give the log loss of always answering the class frequencies.

    Parameters
    ----------
    problem : Problem
        Rows of which every class has some weight.

    Returns
    -------
    float
        Weight times entropy, in nats.
    """
    mass = np.bincount(problem.y, weights=problem.weight, minlength=problem.n_classes)
    return float(-(mass * np.log(mass / mass.sum())).sum())
