"""Newton's method for penalties with a lasso: on the coefficients that are free to move.

At a point W every coefficient that is not zero, and every zero whose gradient exceeds the
lasso's slope, is free; each keeps to its side of zero for one step, where the objective is
smooth. Newton's equations are solved on the free coefficients alone, and what crosses zero
stops there. Once the right coefficients are free, the steps are Newton's and converge as his
do; where a step does not pay, one of proximal gradient does, and changes who is free.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from service.softmax.arrays import Booleans, Floats
from service.softmax.certificate import least_gap
from service.training.conditioning import Conditioner, conditioner
from service.training.newton import conjugate_gradients
from service.training.problem import Point, Problem
from service.training.solvers import SAFETY, Solution

Preconditioner = Callable[[Floats], Floats]

LARGEST_BLOCKS = 4_000_000
"""Numbers in the classes' own blocks of the Hessian; beyond, its diagonal preconditions."""

JITTER = 1e-12
"""Added to blocks of unit diagonal, so that collinear columns still have an inverse."""

FLAT = 1e-12
"""Expected decreases below this share of the objective drown in its rounding."""

TURNS = 5
"""How often zeros that would turn back are held, and Newton's equations solved again."""


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
    iterations = 0
    while iterations < max_iter:
        point = _centred(problem, point)
        if _gap(problem, point) <= SAFETY * tol * _objective(problem, point):
            break
        following = _newton_step(problem, point, bound) or _proximal_step(problem, point, bound)
        if following is None:
            break
        point, iterations = following, iterations + 1
    return Solution(theta=point.theta, engine="orthant-wise Newton-CG", iterations=iterations)


def _centred(problem: Problem, point: Point) -> Point:
    """Shift each column of W by what makes its penalty least; no probability changes.

    Along these shifts the loss has no curvature, and Newton's method no sense of length.
    The least of ``sum_k ridge/2 (w_k - c)^2 + lasso |w_k - c|`` is where its slope changes
    sign: at some w_k, or where it is linear between two of them.
    """
    penalty, n_rows = problem.penalty, problem.n_rows
    if n_rows == 1:
        return point
    coef = point.theta[:, : problem.n_columns]
    ordered, total = np.sort(coef, axis=0), coef.sum(axis=0)
    below = np.arange(1, n_rows + 1)[:, None]  # counting each itself: slopes just above them
    slopes = penalty.ridge * (n_rows * ordered - total) + penalty.lasso * (2 * below - n_rows)
    place = (slopes < 0).sum(axis=0)
    shift = ordered[place, np.arange(problem.n_columns)]
    if penalty.ridge:
        balance = penalty.lasso / penalty.ridge * (n_rows - 2 * place)
        shift = np.minimum(shift, (total + balance) / n_rows)
    else:  # between two medians every shift is as good; none is best
        other = ordered[n_rows // 2]
        shift = np.where((shift <= 0) & (other >= 0), 0.0, shift)
    if not shift.any():
        return point
    theta, gradient = point.theta.copy(), point.gradient.copy()
    theta[:, : problem.n_columns] -= shift
    gradient[:, : problem.n_columns] -= penalty.ridge * shift
    change = np.square(theta[:, : problem.n_columns]).sum() - np.square(coef).sum()
    value = point.value + penalty.ridge / 2 * float(change)
    return replace(point, theta=theta, gradient=gradient, value=value)


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


def _gap(problem: Problem, point: Point) -> float:
    """Give the penalty's part of the duality gap, as if the intercept were solved for."""
    penalty, coef = problem.penalty, point.theta[:, : problem.n_columns]
    loss_slope = point.gradient[:, : problem.n_columns] - penalty.ridge * coef
    gap = least_gap(coef, loss_slope, point.own, problem.weight, penalty)
    if problem.fit_intercept:  # an imbalance of this many nats still moves the intercept
        mass = problem.weight @ (point.proba * (1.0 - point.proba)).T
        gap += float((np.square(point.gradient[:, -1]) / np.maximum(mass, 1e-300)).sum())
    return gap


def _preconditioner(hessian: Floats, is_free: Booleans, n_columns: int) -> Preconditioner:
    """Invert each class's own block of the Hessian, on the free parameters.

    Where every class is free in a column, their common shift is left to `_centred`.
    """
    inverse = _inverse(hessian, is_free)
    shifts: Booleans = np.asarray(is_free.all(axis=0) & (len(is_free) > 1))
    shifts[n_columns:] = False

    def without_shifts(right: Floats) -> Floats:
        return right - np.where(shifts, right.mean(axis=0), 0.0)

    return lambda right: without_shifts(inverse(without_shifts(right)))


def _inverse(hessian: Floats, is_free: Booleans) -> Preconditioner:
    """Invert blocks of shape (n_rows, n, n), or diagonals of shape (n_rows, n)."""
    if hessian.ndim == is_free.ndim:
        return lambda right: np.where(is_free, right / hessian, 0.0)
    both = is_free[:, :, None] & is_free[:, None, :]
    identity = np.eye(is_free.shape[1])
    size = np.sqrt(np.where(is_free, np.diagonal(hessian, axis1=1, axis2=2), 1.0))
    correlation = hessian / (size[:, :, None] * size[:, None, :])
    inverses = np.linalg.inv(np.where(both, correlation, identity) + JITTER * identity)
    return lambda right: np.where(
        is_free, (inverses @ (right / size)[:, :, None])[:, :, 0] / size, 0.0
    )


def _newton_step(problem: Problem, point: Point, bound: Conditioner) -> Point | None:
    step, face = _direction(problem, point, _face(problem, point), bound)
    before = _objective(problem, point)
    is_flat = -float((face.slope * step).sum()) <= FLAT * before
    leaving = np.atleast_2d(face.side * step < 0)
    with np.errstate(divide="ignore"):
        first = float(np.min(-point.theta[leaving] / step[leaving], initial=np.inf))
    lengths = [1.0, 0.5, 0.25, *(min(1.0, first) * 0.5**halvings for halvings in range(10))]
    for length in lengths:
        theta = point.theta + length * step
        theta = np.where((face.side != 0) & (theta * face.side <= 0), 0.0, theta)
        expected = float((face.slope * (theta - point.theta)).sum())
        if length == first:  # who comes to zero is there, but for rounding
            reach = (1 + 1e-12) * first * np.abs(step)
            theta = np.where(leaving & (np.abs(point.theta) <= reach), 0.0, theta)
        trial = problem.at(theta)
        if is_flat:
            if _gap(problem, trial) < _gap(problem, point):
                return trial
        elif expected < 0 and _objective(problem, trial) <= before + 1e-4 * expected:
            return trial
    return None


def _direction(
    problem: Problem, point: Point, face: _Face, bound: Conditioner
) -> tuple[Floats, _Face]:
    """Solve Newton's equations on the free parameters, without zeros that turn back."""
    n_rows, n_parameters = problem.shape
    is_small = bound.is_dense and n_rows * n_parameters**2 <= LARGEST_BLOCKS
    hessian = problem.blocks_of_hessian(point) if is_small else np.tile(bound.diagonal, (n_rows, 1))
    for _ in range(TURNS):
        is_free = face.is_free
        precondition = _preconditioner(hessian, is_free, problem.n_columns)

        def product(direction: Floats, is_free: Booleans = is_free) -> Floats:
            return np.where(is_free, problem.curvature(point, direction), 0.0)

        step = conjugate_gradients(product, -face.slope, precondition)
        back = (point.theta == 0) & (face.side * step < 0)
        if not back.any():
            break
        face = _Face(
            slope=np.where(back, 0.0, face.slope),
            is_free=is_free & ~back,
            side=np.where(back, 0.0, face.side),
        )
    return np.where(back, 0.0, step), face


def _proximal_step(problem: Problem, point: Point, bound: Conditioner) -> Point | None:
    """Take a step of proximal gradient, each parameter scaled by its own curvature."""
    diagonal = bound.diagonal
    before = _objective(problem, point)
    for _ in range(60):
        theta = point.theta - point.gradient / diagonal
        room = np.broadcast_to(problem.penalty.lasso / diagonal, theta.shape).copy()
        room[:, problem.n_columns :] = 0.0
        theta = np.sign(theta) * np.maximum(np.abs(theta) - room, 0.0)
        trial = problem.at(theta)
        if _objective(problem, trial) < before * (1 - 1e-13):
            return trial
        diagonal = diagonal * 2
    return None
