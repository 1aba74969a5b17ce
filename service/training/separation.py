"""Whether a linear rule tells classes apart, so that without a penalty there is no optimum."""

from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from service.softmax.arrays import Floats, Integers, Label
from service.softmax.certificate import Separation
from service.training.problem import Matrix, Point, Problem

MOST_COEFFICIENTS = 2_000_000
"""Of the constraints of a linear program; beyond, nothing is proved."""

ROUNDS = 5
"""How often rows that a rule does not respect are added to the program."""

CLEAR = 1e-7
"""A margin counts from here on, where no column and no coefficient is larger than one."""


def find_separation(
    problem: Problem, point: Point, classes: tuple[Label, ...], names: tuple[str, ...]
) -> Separation | None:
    """Look for a rule that no row contradicts and that decides some.

    A rule gives each class a linear score; it separates where the score of every row's own
    class is nowhere below that of another and somewhere above [1]_. Two linear programs
    ask for the rule of the largest least margin, and of the largest sum of margins. They
    are given the rows that the fit finds hardest, and what they find is held against all.

    Parameters
    ----------
    problem : Problem
        Rows and classes.
    point : Point
        Where the fit came to.
    classes : tuple of str, int or bool
        Class labels.
    names : tuple of str, length n_columns
        Names of the columns.

    Returns
    -------
    Separation or None
        The rule's kind, classes and columns; None where there is none.

    References
    ----------
    .. [1] A. Albert, J. A. Anderson, On the existence of maximum likelihood estimates in
       logistic regression models, *Biometrika* 71, 1984, 1-10.
    """
    columns, weighing = _scaled(problem), np.flatnonzero(problem.weight > 0)
    per_row = 2 * columns.shape[1] * (problem.n_classes - 1)
    room = MOST_COEFFICIENTS // per_row
    hardest = weighing[np.argsort(point.own[weighing], kind="stable")]
    rows = hardest[:room]
    for _ in range(ROUNDS):
        if not len(rows):
            break
        for kind in ("complete", "partial"):
            rule = _program(columns[rows], problem.y[rows], problem.n_classes, kind)
            if rule is None:
                continue
            margins = _margins(columns, problem.y, rule)
            least = margins.min(axis=1)
            if (least[weighing] >= -CLEAR).all():
                return _described(kind, margins, problem.y, rule, classes=classes, names=names)
            wrong = weighing[least[weighing] < -CLEAR]
            rows = np.union1d(rows, wrong[np.argsort(least[wrong])][: max(room - len(rows), 0)])
            break
        else:
            return None  # the rows looked at allow no rule, so all of them do not
        if len(rows) >= room:
            break
    return Separation(kind="possible", classes=(), columns=_growing(problem, point, names))


def _scaled(problem: Problem) -> Matrix:
    # No column is larger than one; the constant, where there is one, stands behind them.
    matrix: Any = problem.matrix
    ones = np.ones((matrix.shape[0], int(problem.fit_intercept)))
    if isinstance(matrix, np.ndarray):
        return np.hstack([matrix / np.maximum(np.abs(matrix).max(axis=0), 1e-300), ones])
    largest = np.maximum(abs(matrix).max(axis=0).toarray().ravel(), 1e-300)
    scaled = matrix.multiply(1.0 / largest)
    return sparse.csr_array(sparse.hstack([scaled, sparse.csr_array(ones)]))


def _program(columns: Matrix, y: Integers, n_classes: int, kind: str) -> Floats | None:
    """Solve one of the two programs; give the rule, the first class's scores being zero."""
    n_rows, width = columns.shape
    own, other = np.divmod(np.arange(n_rows * n_classes), n_classes)
    kept = other != y[own]
    own, other = own[kept], other[kept]
    picked = sparse.csr_array(columns)[own]
    constraints: Any = sum(
        (
            sparse.kron(
                sparse.csr_array(np.eye(1, n_classes - 1, k - 1)),
                sparse.diags_array((y[own] == k).astype(float) - (other == k)) @ picked,
            )
            for k in range(1, n_classes)
        ),
        start=sparse.csr_array((len(own), (n_classes - 1) * width)),
    )
    n_variables = constraints.shape[1]
    if kind == "complete":  # the largest t that is below every margin
        least = sparse.csr_array(-np.ones((len(own), 1)))
        constraints = sparse.csr_array(sparse.hstack([constraints, least]))
        cost = np.append(np.zeros(n_variables), -1.0)
    else:
        cost = -np.asarray(constraints.sum(axis=0)).ravel()
    solve: Any = linprog  # its types know no sparse constraints
    solved = solve(
        cost,
        A_ub=-sparse.csr_array(constraints),
        b_ub=np.zeros(len(own)),
        bounds=[(-1.0, 1.0)] * n_variables + [(0.0, None)] * (len(cost) - n_variables),
        method="highs",
    )
    if solved.x is None or -solved.fun <= CLEAR * (1 if kind == "complete" else len(own)):
        return None
    rule: Floats = solved.x[:n_variables].reshape(n_classes - 1, width)
    return np.vstack([np.zeros(width), rule])


def _margins(columns: Matrix, y: Integers, rule: Floats) -> Floats:
    scores: Floats = np.asarray(columns @ rule.T)
    margins = scores[np.arange(len(y)), y][:, None] - scores
    others = np.ones(margins.shape, dtype=bool)
    others[np.arange(len(y)), y] = False
    return margins[others].reshape(len(y), -1)


def _described(
    kind: str,
    margins: Floats,
    y: Integers,
    rule: Floats,
    *,
    classes: tuple[Label, ...],
    names: tuple[str, ...],
) -> Separation:
    decided = np.unique(y[margins.max(axis=1) > CLEAR])
    sizes = np.ptp(rule[:, : len(names)], axis=0)
    strongest = [names[j] for j in np.argsort(-sizes, kind="stable") if sizes[j] > CLEAR]
    return Separation(
        kind="complete" if kind == "complete" else "partial",
        classes=tuple(classes[k] for k in decided),
        columns=tuple(strongest) or ("the intercept",),
    )


def _growing(problem: Problem, point: Point, names: tuple[str, ...]) -> tuple[str, ...]:
    matrix: Any = abs(problem.matrix)
    largest = matrix.max(axis=0)
    sizes = largest if isinstance(largest, np.ndarray) else largest.toarray().ravel()
    growth = np.abs(point.theta[:, : len(names)]).max(axis=0) * sizes
    return tuple(names[j] for j in np.argsort(-growth, kind="stable")[:10])
