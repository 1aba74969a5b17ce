"""How far a fit can be from the optimum, proved at the fit itself.

The fit minimises ``F(W, b) = sum_i f_i(W x_i + b) + P(W)`` with ``f_i(z) = w_i (log sum exp z -
z_{y_i})`` and b free. For any probabilities q_i put ``alpha_i = w_i (q_i - onehot(y_i))``; the
conjugate of f_i is the negative entropy, ``f_i*(alpha_i) = -w_i H(q_i)``, and Fenchel's duality
[1]_ says that every q with ``sum_i alpha_i = 0`` (asked only where there is an intercept) bounds
the optimum from below::

    F* >= D(q) = sum_i w_i H(q_i) - P*(-A),    A = sum_i alpha_i x_i^T.

The model offers its own q: with b solved for, its residuals sum to zero in every class. With a
lasso alone, P* is finite only for ``|A| <= r/C``, so the dual point is scaled, ``q(t) = t p + (1 -
t) onehot(y)`` with the largest t <= 1 that fits; with little ridge beside it, that t may be the
better of the two. Then, since ``<alpha_i, z_i>`` sums to ``<A,
W>``, two Fenchel-Young inequalities add up to the duality gap::

    F - D = sum_i w_i KL(q_i || p_i)  +  P(W) + P*(-t A) + t <A, W>.

No part is negative, and nothing cancels near the optimum. With a ridge alone t = 1, the first
sum is zero, and the rest is ``C/2 ||grad_W F||^2``.

``f_i`` has the Bregman divergence KL [2]_, hence ``sum_i w_i KL(p*_i || p_i) <= F - F*`` and, from
the dual side, ``sum_i w_i KL(q_i || p*_i) <= F* - D``: both are at most the gap, and by Pinsker's
inequality no training probability of weight w is further than ``sqrt(gap / (2 w))`` from the
optimum's.

References
----------
.. [1] S. Boyd, L. Vandenberghe, *Convex Optimization*, 2004, sec. 5.5 and 5.7; for sums of
   losses, S. Shalev-Shwartz, T. Zhang, *JMLR* 14, 2013, eq. 2.
.. [2] M. J. Wainwright, M. I. Jordan, *Graphical Models, Exponential Families, and Variational
   Inference*, 2008, sec. 3.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from service.softmax.arrays import Floats, Integers
from service.softmax.objective import Penalty
from service.softmax.probability import log_softmax

NEGLIGIBLE = 1e-10
"""Residuals of a class may sum to this share of all weight: what rounding leaves of zero."""

BLOCK_ENTRIES = 1 << 19
"""Scores looked at together; a bound on memory, not on accuracy."""


class Columns(Protocol):
    """A matrix of rows and columns, dense or sparse."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of rows and columns."""

    @property
    def T(self) -> "Columns":  # noqa: N802 - numpy's name
        """The transposed matrix."""

    def __matmul__(self, other: Floats, /) -> Floats: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Gap:
    """An objective and a bound on its distance from the optimum.

    Parameters
    ----------
    objective : float
        F, in nats, at the given coefficients and the intercept below.
    duality_gap : float
        Upper bound on F - F*, in nats; infinite where none was found.
    intercept : ndarray of shape (n_rows,)
        The best intercept for these coefficients; zero where there is none.
    """

    objective: float
    duality_gap: float
    intercept: Floats


def duality_gap(
    matrix: Columns,
    y: Integers,
    weight: Floats,
    coef: Floats,
    intercept: Floats,
    *,
    n_classes: int,
    penalty: Penalty,
    fit_intercept: bool,
) -> Gap:
    """Bound the distance of coefficients from the optimum, as the module explains.

    Parameters
    ----------
    matrix : ndarray or sparse array of shape (n_samples, n_columns)
        The columns on which the penalty acts.
    y : ndarray of shape (n_samples,)
        Index of the true class of each row.
    weight : ndarray of shape (n_samples,)
        Weights, none negative, some above zero in every class.
    coef : ndarray of shape (n_rows, n_columns)
        W: one row a class, or, of two classes, only the row of the second.
    intercept : ndarray of shape (n_rows,)
        Where the search for the best intercept starts.
    n_classes : int
        Number of classes.
    penalty : Penalty
        What W costs; finite C.
    fit_intercept : bool
        Whether the intercept is free, or zero.

    Returns
    -------
    Gap
        The objective, the bound, and the intercept they hold for.

    Examples
    --------
    >>> X, y = np.array([[-1.0], [1.0], [0.5]]), np.array([0, 1, 0])
    >>> at_zero = duality_gap(X, y, np.ones(3), np.zeros((1, 1)), np.zeros(1), n_classes=2,
    ...     penalty=Penalty(C=1.0), fit_intercept=True)
    >>> round(at_zero.objective, 3), round(at_zero.duality_gap, 3)
    (1.91, 0.347)
    """
    aside = n_classes - len(coef)  # of two classes the first has score zero
    scores = np.zeros((len(y), n_classes))
    scores[:, aside:] = matrix @ coef.T
    intercept = np.array(intercept) if fit_intercept else np.zeros(len(coef))
    is_feasible = True
    if fit_intercept:
        intercept, is_feasible = best_intercept(scores, y, weight, intercept)
    scores[:, aside:] += intercept
    log_proba = log_softmax(scores)
    own = log_proba[np.arange(len(y)), y]
    residual = np.exp(log_proba[:, aside:])
    residual[np.arange(len(y)), y - aside] -= y >= aside  # -1 wraps around, and subtracts nothing
    slope = (matrix.T @ (residual * weight[:, None])).T
    gap = least_gap(coef, slope, own, weight, penalty)
    return Gap(
        objective=penalty.value(coef) - float(weight @ own),
        duality_gap=gap if is_feasible and np.isfinite(gap) else np.inf,
        intercept=intercept,
    )


def least_gap(coef: Floats, slope: Floats, own: Floats, weight: Floats, penalty: Penalty) -> float:
    """Give the duality gap of the better of two dual points.

    Parameters
    ----------
    coef : ndarray of shape (n_rows, n_columns)
        W.
    slope : ndarray of shape (n_rows, n_columns)
        A, the gradient of the loss in W, the intercept being solved for.
    own : ndarray of shape (n_samples,)
        Log-probabilities of the true classes.
    weight : ndarray of shape (n_samples,)
        Weights of the rows.
    penalty : Penalty
        What W costs.

    Returns
    -------
    float
        In nats; for t = 1, or for the t at which the slope is within the lasso's.
    """
    gap = penalty.fenchel_gap(coef, -slope)
    largest = float(np.abs(slope).max(initial=0.0))
    if not 0 < penalty.lasso < largest:
        return gap
    # Rounded down: the product must not exceed the lasso by a last digit.
    scale = penalty.lasso / largest * (1.0 - 4.0 * np.finfo(np.float64).eps)
    if not scale:  # a lasso of 5e-324 is none
        return gap
    divergence = float(weight @ _scaled_divergence(own, scale))
    return min(gap, divergence + penalty.fenchel_gap(coef, -scale * slope))


def best_intercept(
    scores: Floats, y: Integers, weight: Floats, start: Floats, *, max_iter: int = 50
) -> tuple[Floats, bool]:
    """Solve for the intercept at which the residuals of every class sum to zero.

    Newton's method on the log loss as a function of the intercept alone; where its step
    does not pay, one of iterative scaling [1]_, which always does.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
        ``W x``, without an intercept.
    y : ndarray of shape (n_samples,)
        Index of the true class of each row.
    weight : ndarray of shape (n_samples,)
        Weights of the rows.
    start : ndarray of shape (n_rows,)
        A first guess, of the last `n_rows` classes; the others have none.
    max_iter : int
        Bound on the steps.

    Returns
    -------
    intercept : ndarray of shape (n_rows,)
        The solution; over three classes and more it sums to zero.
    is_solved : bool
        Whether the sums of residuals are zero but for rounding.

    References
    ----------
    .. [1] J. N. Darroch, D. Ratcliff, Generalized iterative scaling for log-linear models,
       *Annals of Mathematical Statistics* 43, 1972, 1470-1480.
    """
    n_classes = scores.shape[1]
    full = np.zeros(n_classes)
    full[n_classes - len(start) :] = start
    total = float(weight.sum())
    target = np.bincount(y, weights=weight, minlength=n_classes)
    loss, mass, curvature = _intercept_model(scores, full, y, weight)
    for _ in range(max_iter):
        slope = mass - target
        size = np.abs(slope).max()
        if size <= 1e-15 * total:
            break
        step = np.zeros(n_classes)  # a shift common to all classes changes nothing
        step[1:] = np.linalg.lstsq(curvature[1:, 1:], -slope[1:], rcond=None)[0]
        trial = _intercept_model(scores, full + step, y, weight)
        if not (trial[0] <= loss * (1 + 1e-12) and np.abs(trial[1] - target).max() < size / 2):
            step = np.log(target / np.maximum(mass, np.finfo(np.float64).tiny))
            trial = _intercept_model(scores, full + step, y, weight)
        if trial[0] >= loss and np.abs(trial[1] - target).max() >= size:
            break  # only rounding is left
        full, (loss, mass, curvature) = full + step, trial
    solved = full - (full[0] if len(start) < n_classes else full.mean())
    return solved[n_classes - len(start) :], bool(np.abs(mass - target).max() <= NEGLIGIBLE * total)


def _intercept_model(
    scores: Floats, intercept: Floats, y: Integers, weight: Floats
) -> tuple[float, Floats, Floats]:
    """Log loss, weight that each class is given, and curvature in the intercept, by blocks."""
    n_classes = len(intercept)
    loss, mass, curvature = 0.0, np.zeros(n_classes), np.zeros((n_classes, n_classes))
    step = max(1, BLOCK_ENTRIES // n_classes)
    for start in range(0, len(y), step):
        rows = slice(start, start + step)
        log_proba = log_softmax(scores[rows] + intercept)
        loss -= float(weight[rows] @ log_proba[np.arange(len(log_proba)), y[rows]])
        proba = np.exp(log_proba)
        weighted = proba * weight[rows, None]
        mass += weighted.sum(axis=0)
        curvature -= proba.T @ weighted
    curvature[np.diag_indices(n_classes)] += mass
    return loss, mass, curvature


def _scaled_divergence(own: Floats, scale: float) -> Floats:
    """Give ``KL(t p + (1 - t) onehot(y) || p)`` from t and ``log p_y`` alone."""
    others = -np.expm1(own) * scale  # the mass of the other classes in q
    gain = np.logaddexp(np.log(scale), np.log1p(-scale) - own)  # log (q_y / p_y)
    divergence: Floats = np.maximum(others * np.log(scale) + (1.0 - others) * gain, 0.0)
    return divergence
