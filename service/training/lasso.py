"""Newton's method for penalties with a lasso: on the coefficients that are free to move.

At a point W every coefficient that is not zero, and every zero whose gradient exceeds the
lasso's slope, is free; each keeps to its side of zero for one step, where the objective is
smooth. Newton's equations are solved on the free coefficients alone, and what crosses zero
stops there. Once the right coefficients are free, the steps are Newton's and converge as his
do; where a step does not pay, one of proximal gradient does, and changes who is free.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from service.softmax.arrays import Booleans, Floats
from service.softmax.certificate import least_gap
from service.training.conditioning import Conditioner, conditioner
from service.training.newton import conjugate_gradients
from service.training.problem import Point, Problem
from service.training.solvers import SAFETY, Solution

LARGEST_BLOCKS = 4_000_000
"""Numbers in the inverses of all classes' free covariances; beyond, diagonals precondition."""

FLAT = 1e-9
"""Expected decreases below this share of the objective drown in its rounding."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Face:
    """Where the coefficients may go from a point, and how steep it is there.

    `slope` is the least subgradient of the whole objective, zero where a coefficient stays;
    `side` is the sign each free penalised coefficient keeps to, zero for an intercept.
    """

    slope: Floats
    is_free: Booleans
    side: Floats


def solve_lasso(
    problem: Problem, start: Floats | None = None, *, tol: float, max_iter: int
) -> Solution:
    """Minimise a problem with a lasso in its penalty.

    Parameters
    ----------
    problem : Problem
        What is minimised.
    start : ndarray of shape (n_rows, n_parameters), optional
        Where to begin; zero by default.
    tol : float
        Bound on the relative duality gap.
    max_iter : int
        Bound on the steps.

    Returns
    -------
    Solution
        The parameters; whether they are good enough is for a certificate to say.

    References
    ----------
    .. [1] R. H. Byrd, G. M. Chin, J. Nocedal, F. Oztoprak, A family of second-order methods
       for convex l1-regularized optimization, *Mathematical Programming* 159, 2016, 435-467.
    """
    bound = conditioner(problem)
    point = problem.at(np.zeros(problem.shape) if start is None else start)
    precondition, known = None, np.zeros(0, dtype=bool)
    iteration = 0
    while iteration < max_iter:
        face = _face(problem, point)
        if _gap(problem, point, face) <= SAFETY * tol * _objective(problem, point):
            break
        if precondition is None or not np.array_equal(known, face.is_free):
            precondition, known = _preconditioner(bound, face.is_free), face.is_free
        following = _newton_step(problem, point, face, precondition)
        if following is None:
            following = _proximal_step(problem, point, bound)
        iteration += 1
        if following is None:
            break
        point = following
    return Solution(theta=point.theta, engine="orthant-wise Newton-CG", iterations=iteration)


def _face(problem: Problem, point: Point) -> _Face:
    lasso, theta, gradient = problem.penalty.lasso, point.theta, point.gradient
    side = np.sign(theta)
    # A zero leaves against the gradient, if that is steeper than the lasso.
    side = np.where((theta == 0) & (np.abs(gradient) > lasso), -np.sign(gradient), side)
    is_free = side != 0
    slope = np.where(is_free, gradient + lasso * side, 0.0)
    if problem.fit_intercept:
        side[:, -1], is_free[:, -1], slope[:, -1] = 0.0, True, gradient[:, -1]
    return _Face(slope=slope, is_free=is_free, side=side)


def _objective(problem: Problem, point: Point) -> float:
    sizes = np.abs(point.theta[:, : problem.n_columns]).sum()
    return point.value + problem.penalty.lasso * float(sizes)


def _gap(problem: Problem, point: Point, face: _Face) -> float:
    """Give the penalty's part of the duality gap, as if the intercept were solved for."""
    penalty, coef = problem.penalty, point.theta[:, : problem.n_columns]
    loss_slope = point.gradient[:, : problem.n_columns] - penalty.ridge * coef
    gap = least_gap(coef, loss_slope, point.own, problem.weight, penalty)
    if problem.fit_intercept:  # an imbalance of this many nats still moves the intercept
        mass = problem.weight @ (point.proba * (1.0 - point.proba)).T
        gap += float((np.square(face.slope[:, -1]) / np.maximum(mass, 1e-300)).sum())
    return gap


def _preconditioner(bound: Conditioner, is_free: Booleans) -> Callable[[Floats], Floats]:
    """Invert the bound on the Hessian, class by class, on the free parameters."""
    n_rows, n_parameters = is_free.shape
    if not bound.is_dense or n_rows * n_parameters**2 > LARGEST_BLOCKS:
        diagonal = bound.bound.diagonal() if bound.is_dense else bound.bound
        return lambda right: np.where(is_free, right / diagonal, 0.0)
    both = is_free[:, :, None] & is_free[:, None, :]
    size = np.sqrt(np.where(bound.bound.diagonal() > 0, bound.bound.diagonal(), 1.0))
    correlation = bound.bound / np.outer(size, size)
    identity = np.eye(n_parameters)
    inverses = np.linalg.inv(np.where(both, correlation, 0.0) + identity * ~both + 1e-12 * identity)
    return lambda right: np.where(
        is_free, (inverses @ (right / size)[:, :, None])[:, :, 0] / size, 0.0
    )


def _newton_step(
    problem: Problem, point: Point, face: _Face, precondition: Callable[[Floats], Floats]
) -> Point | None:
    def product(direction: Floats) -> Floats:
        return np.where(face.is_free, problem.curvature(point, direction), 0.0)

    step = conjugate_gradients(product, -face.slope, precondition)
    before, here = _objective(problem, point), float((face.slope * precondition(face.slope)).sum())
    is_flat = -float((face.slope * step).sum()) <= FLAT * before
    size = 1.0
    for _ in range(12):
        theta = point.theta + size * step
        theta = np.where((face.side != 0) & (theta * face.side <= 0), 0.0, theta)
        expected = float((face.slope * (theta - point.theta)).sum())
        trial = problem.at(theta)
        if is_flat:
            slope = _face(problem, trial).slope
            if float((slope * precondition(slope)).sum()) < here:
                return trial
        elif expected < 0 and _objective(problem, trial) <= before + 1e-4 * expected:
            return trial
        size /= 2
    return None


def _proximal_step(problem: Problem, point: Point, bound: Conditioner) -> Point | None:
    """Take a step of proximal gradient, each parameter scaled by its own curvature."""
    diagonal = bound.bound.diagonal() if bound.is_dense else bound.bound
    diagonal = np.where(diagonal > 0, diagonal, 1.0)
    before = _objective(problem, point)
    for _ in range(60):
        theta = point.theta - point.gradient / diagonal
        room = np.broadcast_to(problem.penalty.lasso / diagonal, theta.shape).copy()
        room[:, problem.n_columns :] = 0.0
        theta = np.sign(theta) * np.maximum(np.abs(theta) - room, 0.0)
        trial = problem.at(theta)
        if _objective(problem, trial) < before:
            return trial
        diagonal = diagonal * 2
    return None
