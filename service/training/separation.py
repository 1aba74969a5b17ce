"""Whether a linear rule separates classes, so that without a penalty there is no optimum.

A direction V separates if no row loses by it, ``(v_y - v_k) x >= 0`` for every class k but the
row's own y, and some row gains: along it the loss falls for ever [1]_. Whether there is one is a
linear program.

References
----------
.. [1] A. Albert, J. A. Anderson, On the existence of maximum likelihood estimates in logistic
   regression models, *Biometrika* 71, 1984, 1-10.
"""

from typing import Literal

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from service.softmax.arrays import Booleans, Floats, Integers, Label
from service.softmax.certificate import Separation
from service.training.problem import Matrix, Point, Problem

LARGEST_PROGRAM = 2_000_000
"""Coefficients of a linear program that is still worth solving."""

FIRST_PAIRS = 2_000
"""Pairs of a row and a class to begin with, or four for every unknown."""

ROUNDS = 20
"""Programs, each with the pairs that the direction before has overlooked."""

NOTHING = 1e-8
"""Margins this small, where columns and directions reach 1, are zero but for rounding."""

SOMETHING = 1e-5
"""Margins of this size are not."""


def find_separation(
    problem: Problem, point: Point, classes: tuple[Label, ...], names: tuple[str, ...]
) -> Separation | None:
    """Look for a direction that separates classes.

    A fit that puts every row on its own side is one. Otherwise a program maximises the gain
    of all rows together; it begins with the pairs of a row and another class that the fit
    finds hardest to tell apart, and those which its direction puts on the wrong side are
    added, until there are none. What it says of fewer pairs than all is then true of all.

    Parameters
    ----------
    problem : Problem
        The rows.
    point : Point
        Where the fit came to.
    classes : tuple of str, int or bool
        Labels.
    names : tuple of str
        What to call the columns.

    Returns
    -------
    Separation or None
        What is separated; None if a program has shown that nothing is.
    """
    kept = problem.weight > 0
    X, y = _columns(problem, kept), problem.y[kept]
    scale = np.maximum(abs(X).max(axis=0).toarray().ravel(), np.finfo(np.float64).tiny)
    margins = _margins(X, y, point.theta, problem.n_classes)
    if np.nanmin(margins) > 0:
        return _named("complete", point.theta * scale, margins, y, classes=classes, names=names)
    pairs = _hardest(margins, max(FIRST_PAIRS, 4 * int(np.prod(problem.shape))))
    scaled = sparse.csr_array(X / scale)
    for _ in range(ROUNDS):
        if pairs[0].size * 2 * (X.nnz / X.shape[0]) > LARGEST_PROGRAM:
            break
        direction = _program(scaled, y, pairs, problem)
        if direction is None:
            break
        gains = _margins(scaled, y, direction, problem.n_classes)
        if np.nanmax(gains) < SOMETHING:
            return None
        wrong = gains < -NOTHING
        if not wrong.any():
            kind: Literal["complete", "partial"] = "partial"
            if np.min(margins[gains <= SOMETHING], initial=np.inf) > 0:
                kind = "complete"  # what the direction leaves undecided, the fit decides
            return _named(kind, direction, gains, y, classes=classes, names=names)
        worst = _hardest(gains, max(FIRST_PAIRS, int(wrong.sum()) // 4))
        both = np.unique(np.column_stack([np.array(pairs), np.array(worst)]), axis=1)
        pairs = both[0], both[1]
    sizes = np.abs(point.theta * abs(X).mean(axis=0)).max(axis=0)[: problem.n_columns]
    growing = np.argsort(-sizes, kind="stable")[: (sizes > sizes.max() / 10).sum()]
    return Separation(kind="possible", classes=(), columns=tuple(names[j] for j in growing))


def _columns(problem: Problem, kept: Booleans) -> sparse.csr_array:
    matrix: Matrix = problem.matrix[kept]
    columns = sparse.csr_array(matrix)
    if problem.fit_intercept:
        ones = sparse.csr_array(np.ones((columns.shape[0], 1)))
        columns = sparse.csr_array(sparse.hstack([columns, ones]))
    return columns


def _margins(X: sparse.csr_array, y: Integers, theta: Floats, n_classes: int) -> Floats:
    """Give what the score of the own class has ahead of each other; NaN for itself."""
    scores = np.zeros((len(y), n_classes))
    scores[:, n_classes - len(theta) :] = X @ theta.T
    rows = np.arange(len(y))
    margins: Floats = scores[rows, y][:, None] - scores
    margins[rows, y] = np.nan
    return margins


def _hardest(margins: Floats, count: int) -> tuple[Integers, Integers]:
    """Give rows and classes of the smallest margins."""
    order = np.argsort(margins, axis=None, kind="stable")[: min(count, margins.size)]
    rows, others = np.unravel_index(order, margins.shape)
    real = ~np.isnan(margins[rows, others])
    return rows[real], others[real]


def _program(
    X: sparse.csr_array, y: Integers, pairs: tuple[Integers, Integers], problem: Problem
) -> Floats | None:
    """Find the direction, entries within ±1, that gains most without losing on any pair."""
    n_classes, n_parameters = problem.n_classes, problem.shape[1]
    rows, others = pairs
    size = n_classes * n_parameters
    picked = sparse.csr_array(X[rows])
    shifts = np.repeat(y[rows] * n_parameters, np.diff(picked.indptr))
    back = np.repeat(others * n_parameters, np.diff(picked.indptr))
    own = sparse.csr_array(
        (picked.data, picked.indices + shifts, picked.indptr), shape=(len(rows), size)
    )
    other = sparse.csr_array(
        (picked.data, picked.indices + back, picked.indptr), shape=(len(rows), size)
    )
    losses = sparse.csr_array(other - own)
    # Over all rows, the gain is linear in the direction: K times the own class, less each.
    hot = np.zeros((len(y), n_classes))
    hot[np.arange(len(y)), y] = n_classes
    gain = ((hot - 1.0).T @ X).ravel()
    bounds = np.tile([-1.0, 1.0], (size, 1))
    bounds[:n_parameters] = 0.0  # a shift common to all classes changes nothing
    result = linprog(  # type: ignore[call-overload]  # the stubs know no sparse matrix here
        -gain / max(np.abs(gain).max(), np.finfo(np.float64).tiny),
        A_ub=losses,
        b_ub=np.zeros(len(rows)),
        bounds=bounds,
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if result.status != 0:
        return None
    direction: Floats = result.x.reshape(n_classes, n_parameters)
    return direction[n_classes - problem.n_rows :]


def _named(
    kind: Literal["complete", "partial"],
    direction: Floats,
    gains: Floats,
    y: Integers,
    *,
    classes: tuple[Label, ...],
    names: tuple[str, ...],
) -> Separation:
    rows, others = np.nonzero(np.nan_to_num(gains, nan=0.0) > SOMETHING)
    told = sorted({*y[rows].tolist(), *others.tolist()})
    centred = direction - (direction.mean(axis=0) if len(direction) > 1 else 0.0)
    sizes = np.abs(centred[:, : len(names)]).max(axis=0)
    used = [j for j in np.argsort(-sizes, kind="stable") if sizes[j] > NOTHING * sizes.max()]
    return Separation(
        kind=kind,
        classes=tuple(classes[k] for k in told),
        columns=tuple(names[j] for j in used) or ("the intercept",),
    )
