"""Newton's method for penalties with a lasso: on the coefficients that are free to move.

At a point W every coefficient that is not zero, and every zero whose gradient exceeds the
lasso's slope, is free; each keeps to its side of zero for one step, where the objective is
smooth. Newton's equations are solved on the free coefficients alone, and what crosses zero
stops there. Once the right coefficients are free, the steps are Newton's and converge as his
do; where a step does not pay, one of proximal gradient does, and changes who is free. Where that
goes on for too long, an interior-point method comes near the optimum first.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from service.softmax.arrays import Booleans, Floats
from service.softmax.duality import least_gap
from service.training.conditioning import Conditioner, conditioner
from service.training.interior import interior_point
from service.training.newton import conjugate_gradients
from service.training.problem import Point, Problem
from service.training.solvers import SAFETY, Solution

Preconditioner = Callable[[Floats], Floats]

LARGEST_BLOCKS = 4_000_000
"""Numbers in the classes' own blocks of the Hessian; beyond, its diagonal preconditions."""

JITTER = 1e-12
"""Added to blocks of unit diagonal, so that collinear columns still have an inverse."""

FACES = 30
"""Steps from face to face, after which the interior is the shorter way."""

CROSSOVERS = (1e-6, 1e-8, 1e-10)
"""Relative gaps at which the interior is left for the faces, one after the other."""

FLAT = 1e-9
"""Expected decreases below this share of the objective may drown in its rounding."""

ROUNDING = 1e-13
"""Expected decreases below this share of the objective do."""

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
    point, iterations, is_done = _on_faces(problem, point, bound, tol=tol, max_iter=max_iter)
    engine = "orthant-wise Newton-CG"
    for goal in CROSSOVERS:
        left = max_iter - iterations
        if is_done or left <= 0:
            break
        theta, steps = interior_point(problem, bound, goal=goal, max_iter=left)
        point, more, is_done = _on_faces(
            problem, problem.at(theta), bound, tol=tol, max_iter=left - steps
        )
        iterations += steps + more
        engine = "interior point, orthant-wise Newton-CG"
    return Solution(theta=point.theta, engine=engine, iterations=iterations)


def _on_faces(
    problem: Problem, point: Point, bound: Conditioner, *, tol: float, max_iter: int
) -> tuple[Point, int, bool]:
    """Go from face to face until the gap is small, no step pays, or there were enough."""
    iterations = 0
    following: Point | None = point
    while following is not None:
        point = _centred(problem, following)
        relative = _gap(problem, point) / _objective(problem, point)
        if relative <= SAFETY * tol or iterations == min(max_iter, FACES):
            break
        following = _newton_step(problem, point, bound) or _proximal_step(problem, point, bound)
        iterations += following is not None
    return point, iterations, relative <= tol


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
    is_free: Booleans = np.asarray(side != 0, dtype=np.bool_)
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


def _blocks(problem: Problem, bound: Conditioner) -> Floats:
    """Give a bound on each class's own block of the Hessian, or on its diagonal.

    It is a better guide than the block itself: it keeps conjugate gradients from going
    far where the Hessian hardly curves.
    """
    n_rows, n_parameters = problem.shape
    if not bound.is_dense or n_rows * n_parameters**2 > LARGEST_BLOCKS:
        return np.tile(bound.diagonal, (n_rows, 1))
    return np.tile(bound.bound, (n_rows, 1, 1))


def _preconditioner(hessian: Floats, is_free: Booleans, n_columns: int) -> Preconditioner:
    """Invert each class's own block of the Hessian, on the free parameters.

    Where every class is free in a column, their common shift is left to `_centred`.
    """
    inverse = _inverse(hessian, is_free)
    shifts = np.zeros(is_free.shape[1], dtype=bool)
    if len(is_free) > 1:
        shifts[:n_columns] = is_free[:, :n_columns].all(axis=0)

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
    for theta in _trials(point.theta, step, face):
        expected = -float((face.slope * (theta - point.theta)).sum())
        if expected <= 0:
            continue
        trial = problem.at(theta)
        is_less = _objective(problem, trial) <= before - 1e-4 * expected
        if expected > ROUNDING * before and is_less:
            return trial
        if expected <= FLAT * before and _gap(problem, trial) < _gap(problem, point):
            return trial
    return None


def _trials(theta: Floats, step: Floats, face: _Face) -> Iterator[Floats]:
    # Points along a step, no coefficient beyond zero, the boldest first.
    leaving: Booleans = np.asarray(face.side * step < 0, dtype=np.bool_)
    with np.errstate(over="ignore"):
        first = float(np.min(np.abs(theta[leaving] / step[leaving]), initial=np.inf))

    def along(length: float) -> Floats:
        moved = theta + length * step
        return np.where((face.side != 0) & (moved * face.side <= 0), 0.0, moved)

    yield from (along(length) for length in (1.0, 0.5, 0.25))
    # Whoever is on the way to zero is there at once, the others hardly move.
    yield np.where(leaving, 0.0, along(min(1.0, first)))
    yield from (along(min(1.0, first * (1 + 1e-12)) * 0.5**halvings) for halvings in range(10))


def _direction(
    problem: Problem, point: Point, face: _Face, bound: Conditioner
) -> tuple[Floats, _Face]:
    """Solve Newton's equations on the free parameters, without zeros that turn back."""
    hessian = _blocks(problem, bound)
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
