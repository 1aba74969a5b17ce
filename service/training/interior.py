"""An interior-point method for penalties with a lasso, for where faces are hard to find.

``|w| <= u`` with ``lasso * u`` in the objective, and a logarithmic barrier ``-log(u + w) - log(u
- w)`` that keeps every coefficient between its bounds: some dozens of Newton steps, whatever the
conditioning and however many coefficients are zero in the end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from service.softmax.arrays import Floats
from service.softmax.duality import least_gap
from service.training.conditioning import Conditioner
from service.training.newton import conjugate_gradients
from service.training.problem import Point, Problem
from service.training.solvers import null_loss

LARGEST_BLOCKS = 4_000_000
"""Numbers in the Hessians of all classes; beyond, their diagonals precondition."""

NEAREST = 0.99
"""Share of the way to the boundary that a step may go."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Iterate:
    """A point strictly inside its bounds, and the weight of the objective in the barrier."""

    point: Point
    bounds: Floats
    sharpness: float

    def slack(self) -> tuple[Floats, Floats]:
        """Give ``u + w`` and ``u - w``, both above zero inside."""
        coef = self.point.theta[:, : self.bounds.shape[1]]
        return self.bounds + coef, self.bounds - coef

    def barrier(self, lasso: float) -> float:
        """Give the function that a step must decrease."""
        above, below = self.slack()
        if above.min() <= 0 or below.min() <= 0:
            return np.inf
        objective = self.point.value + lasso * float(self.bounds.sum())
        return objective - float(np.log(above).sum() + np.log(below).sum()) / self.sharpness


def interior_point(
    problem: Problem, bound: Conditioner, *, goal: float, max_iter: int
) -> tuple[Floats, int]:
    """Come near the optimum from inside, and set to zero what the optimum has there.

    Parameters
    ----------
    problem : Problem
        What is minimised, with a lasso in its penalty.
    bound : Conditioner
        Tells how large coefficients are likely to be.
    goal : float
        Relative duality gap to stop at.
    max_iter : int
        Bound on the steps.

    Returns
    -------
    theta : ndarray of shape (n_rows, n_parameters)
        The parameters; a coefficient is zero where its distance from zero is less than the
        slack of its gradient, both in the units of its column.
    iterations : int
        Steps taken.

    References
    ----------
    .. [1] K. Koh, S.-J. Kim, S. Boyd, An interior-point method for large-scale l1-regularized
       logistic regression, *Journal of Machine Learning Research* 8, 2007, 1519-1555.
    """
    lasso, n_columns = problem.penalty.lasso, problem.n_columns
    curvature = bound.diagonal[:n_columns]
    size, scale = problem.n_rows * n_columns, null_loss(problem)
    iterate = _Iterate(
        point=problem.at(np.zeros(problem.shape)),
        bounds=np.tile(np.sqrt(scale / size / curvature), (problem.n_rows, 1)),
        sharpness=2 * size / scale,
    )
    iterations = 0
    while iterations < max_iter:
        sizes = float(np.abs(iterate.point.theta[:, :n_columns]).sum())
        if _gap(problem, iterate.point) <= goal * (iterate.point.value + lasso * sizes):
            break
        following, length = _step(problem, iterate, bound)
        if following is None:
            break
        iterate, iterations = following, iterations + 1
        if length >= 0.5:  # noqa: PLR2004 - the path is followed well enough to move on
            left = max(_gap(problem, iterate.point), np.finfo(np.float64).tiny)
            sharpness = max(iterate.sharpness, min(4 * size / left, 10 * iterate.sharpness))
            iterate = replace(iterate, sharpness=sharpness)
    theta = iterate.point.theta.copy()
    coef, gradient = theta[:, :n_columns], iterate.point.gradient[:, :n_columns]
    coef[np.abs(coef) * curvature < lasso - np.abs(gradient)] = 0.0
    return theta, iterations


def _gap(problem: Problem, point: Point) -> float:
    coef = point.theta[:, : problem.n_columns]
    slope = point.gradient[:, : problem.n_columns] - problem.penalty.ridge * coef
    return least_gap(coef, slope, point.own, problem.weight, problem.penalty)


def _step(problem: Problem, iterate: _Iterate, bound: Conditioner) -> tuple[_Iterate | None, float]:
    """Take a damped Newton step on the barrier function, the bounds eliminated."""
    n_columns, lasso = problem.n_columns, problem.penalty.lasso
    point, bounds, sharpness = iterate.point, iterate.bounds, iterate.sharpness
    coef = point.theta[:, :n_columns]
    above, below = iterate.slack()
    room, both = above * below, np.square(bounds) + np.square(coef)
    gradient, extra = point.gradient.copy(), np.zeros(problem.shape)
    gradient[:, :n_columns] += 2 * coef / room / sharpness
    bounds_gradient = lasso - 2 * bounds / room / sharpness
    own, cross = 2 * both / room**2 / sharpness, -4 * bounds * coef / room**2 / sharpness
    extra[:, :n_columns] = 2 / both / sharpness
    right = -gradient
    right[:, :n_columns] += cross / own * bounds_gradient

    def product(direction: Floats) -> Floats:
        return problem.curvature(point, direction) + extra * direction

    step = conjugate_gradients(product, right, _preconditioner(problem, point, extra, bound))
    bounds_step = (-bounds_gradient - cross * step[:, :n_columns]) / own
    slope = float((gradient * step).sum() + (bounds_gradient * bounds_step).sum())
    before = iterate.barrier(lasso)
    length = min(
        1.0,
        NEAREST * _room(above, bounds_step + step[:, :n_columns]),
        NEAREST * _room(below, bounds_step - step[:, :n_columns]),
    )
    for _ in range(40):
        trial = _Iterate(
            point=problem.at(point.theta + length * step),
            bounds=bounds + length * bounds_step,
            sharpness=sharpness,
        )
        if trial.barrier(lasso) <= before + 0.01 * length * slope + 1e-13 * abs(before):
            return trial, length
        length /= 2
    return None, 0.0


def _room(slack: Floats, change: Floats) -> float:
    """Give the length of step at which the first slack is used up."""
    shrinking = np.minimum(change, -np.finfo(np.float64).tiny)
    with np.errstate(over="ignore"):  # where it never is
        return float((-slack / shrinking).min())


def _preconditioner(
    problem: Problem, point: Point, extra: Floats, bound: Conditioner
) -> Callable[[Floats], Floats]:
    """Invert each class's own block of the barrier's Hessian, or its diagonal."""
    n_rows, n_parameters = problem.shape
    if n_rows * n_parameters**2 > LARGEST_BLOCKS:
        return lambda right: right / (bound.diagonal + extra)
    blocks, diagonal = problem.blocks_of_hessian(point), np.arange(n_parameters)
    blocks[:, diagonal, diagonal] += extra
    size = np.sqrt(np.maximum(blocks[:, diagonal, diagonal], np.finfo(np.float64).tiny))
    blocks /= size[:, :, None] * size[:, None, :]
    inverse = np.linalg.inv(blocks + 1e-13 * np.eye(n_parameters))
    return lambda right: (inverse @ (right / size)[:, :, None])[:, :, 0] / size
