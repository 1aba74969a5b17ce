"""Newton's method with conjugate gradients, preconditioned by the covariance."""

from collections.abc import Callable
from functools import partial

import numpy as np

from service.softmax.arrays import Floats
from service.training.conditioning import Conditioner
from service.training.problem import Point, Problem

FORCING = 0.1
"""Each step solves Newton's equations to this share of the gradient."""

MOST_PRODUCTS = 500
"""Hessian products a step."""

FLAT = 1e-9
"""Expected decreases below this share of the objective drown in its rounding."""


def newton(
    problem: Problem,
    start: Point,
    conditioner: Conditioner,
    *,
    is_done: Callable[[Point], bool],
    max_iter: int,
) -> tuple[Point, int]:
    """Minimise a smooth problem from a point that other engines may have reached.

    A step is accepted when the objective decreases as it should, or, once that is too flat
    to tell, when the gradient does, in the norm of the conditioner.

    Parameters
    ----------
    problem : Problem
        What is minimised; a lasso in its penalty is not seen.
    start : Point
        Where to begin.
    conditioner : Conditioner
        A bound on the Hessian.
    is_done : callable
        Says of a point whether it is good enough.
    max_iter : int
        Bound on the steps.

    Returns
    -------
    point : Point
        The last point accepted.
    iterations : int
        Steps taken.

    References
    ----------
    .. [1] J. Nocedal, S. J. Wright, *Numerical Optimization*, 2006, alg. 7.1.
    """
    point = start
    for iteration in range(max_iter):
        if is_done(point):
            return point, iteration
        product = partial(problem.curvature, point)
        step = conjugate_gradients(product, -point.gradient, conditioner.solve)
        following = search(problem, point, step, conditioner)
        if following is None:
            return point, iteration
        point = following
    return point, max_iter


def conjugate_gradients(
    product: Callable[[Floats], Floats],
    right: Floats,
    precondition: Callable[[Floats], Floats],
    *,
    forcing: float = FORCING,
) -> Floats:
    """Solve ``H S = R`` for symmetric positive semidefinite H, but roughly.

    Parameters
    ----------
    product : callable
        Multiplies H with an array.
    right : ndarray
        R, in the range of H.
    precondition : callable
        Multiplies an approximate inverse of H with an array of that shape.
    forcing : float
        Where to stop: the norm of the residual, in the preconditioner's terms, as a share
        of the first.

    Returns
    -------
    ndarray
        S; a direction of descent where R is minus a gradient.

    References
    ----------
    .. [1] J. Nocedal, S. J. Wright, *Numerical Optimization*, 2006, alg. 5.3.
    """
    solution, residual = np.zeros_like(right), right.copy()
    ready = precondition(residual)
    direction = ready.copy()
    size = first = float((residual * ready).sum())
    for _ in range(MOST_PRODUCTS):
        if size <= 0:
            break
        curved = product(direction)
        curvature = float((direction * curved).sum())
        if curvature <= 0:  # only rounding is left
            break
        solution += size / curvature * direction
        residual -= size / curvature * curved
        ready = precondition(residual)
        before, size = size, float((residual * ready).sum())
        if size <= forcing**2 * first:
            break
        direction = ready + size / before * direction
    return solution


def search(problem: Problem, point: Point, step: Floats, conditioner: Conditioner) -> Point | None:
    """Go along a step as far as pays.

    Parameters
    ----------
    problem : Problem
        What is minimised.
    point : Point
        Where the step begins.
    step : ndarray of shape (n_rows, n_parameters)
        A direction of descent.
    conditioner : Conditioner
        A bound on the Hessian.

    Returns
    -------
    Point or None
        The first of the halved steps that is accepted; None where none is.
    """
    slope = float((point.gradient * step).sum())
    is_flat = -slope <= FLAT * abs(point.value)
    size = 1.0
    for _ in range(30):
        trial = problem.at(point.theta + size * step)
        if is_flat:
            if merit(trial, conditioner) < merit(point, conditioner):
                return trial
        elif trial.value <= point.value + 1e-4 * size * slope:
            return trial
        size /= 2
    return None


def merit(point: Point, conditioner: Conditioner) -> float:
    """Give ``g B^-1 g`` for the bound B on the Hessian.

    Parameters
    ----------
    point : Point
        Where.
    conditioner : Conditioner
        B.

    Returns
    -------
    float
        Twice a lower bound on the decrease that Newton's method expects, in nats.
    """
    return float((point.gradient * conditioner.solve(point.gradient)).sum())
