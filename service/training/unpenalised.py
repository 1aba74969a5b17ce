"""A fit without a penalty: Newton's method, its decrement, and whether there is an optimum."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from service.softmax.arrays import Floats
from service.training.conditioning import conditioner
from service.training.newton import conjugate_gradients, search
from service.training.problem import Point, Problem
from service.training.solvers import Solution, covariance_steps

STEEP = 30.0
"""Scores of one row this far apart, in nats, may be on their way to infinity."""

POLISHED = 1e-4
"""Steps go on to this share of the tolerance: near the optimum each squares the decrement."""

FORCING = 1e-4
"""Newton's equations are solved this far: the decrement is then right to eight digits."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Unpenalised:
    """Where Newton's method came to without a penalty.

    Parameters
    ----------
    solution : Solution
        The parameters.
    point : Point
        The objective there.
    decrement : float
        ``g H^-1 g / 2`` there, in nats.
    is_growing : bool
        Whether the scores of a row lie so far apart that there may be no optimum.
    """

    solution: Solution
    point: Point
    decrement: float
    is_growing: bool


def solve_unpenalised(
    problem: Problem,
    start: Floats | None = None,
    *,
    tol: float,
    max_iter: int,
    steep: float = STEEP,
) -> Unpenalised:
    """Minimise the loss alone.

    Parameters
    ----------
    problem : Problem
        Rows and classes; its penalty is none.
    start : ndarray of shape (n_rows, n_parameters), optional
        Where to begin.
    tol : float
        Bound on the decrement as a share of the objective.
    max_iter : int
        Bound on the steps of each stage.
    steep : float
        Distance of two scores of a row, in nats, at which to stop.

    Returns
    -------
    Unpenalised
        Where it ended: at the tolerance, where no step pays, or where scores grow beyond
        all bounds while the objective hardly changes.
    """
    bound = conditioner(problem)
    theta = np.zeros(problem.shape) if start is None else start
    first = covariance_steps(problem, theta, bound, max_iter=max_iter)
    point, steps = problem.at(first.theta), 0
    while True:
        product = partial(problem.curvature, point)
        step = conjugate_gradients(product, -point.gradient, bound.solve, forcing=FORCING)
        decrement = max(-float((point.gradient * step).sum()) / 2, 0.0)
        is_growing = problem.spread(point.theta) > steep
        if decrement <= POLISHED * tol * point.value or steps >= max_iter or is_growing:
            break
        following = search(problem, point, step, bound)
        if following is None:
            break
        point, steps = following, steps + 1
    engine = f"{first.engine}, Newton-CG" if steps else first.engine
    solution = Solution(theta=point.theta, engine=engine, iterations=first.iterations + steps)
    return Unpenalised(solution=solution, point=point, decrement=decrement, is_growing=is_growing)
