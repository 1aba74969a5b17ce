"""The covariance of the columns: how badly conditioned they are, and the cure."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve, cholesky, lapack, solve_triangular

from service.softmax.arrays import Floats, Integers
from service.training.problem import Problem, add_products

LARGEST_DENSE = 1_000
"""Parameters a class up to which the covariance is formed; beyond, its diagonal is."""

JITTER = 1e-13
"""Added to a correlation matrix, so that collinear columns still have a Cholesky factor."""

COLLINEAR = 1e-11
"""A column of which less than this share of the variance is its own is made up of others."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Conditioner:
    """A bound on the Hessian that is the same for every class, and cheap to invert.

    The Hessian of the loss is at most ``1/2 (I - 11^T/K) (x) X^T diag(w) X`` [1]_. In the
    variables ``V = W L``, with ``L L^T = 1/2 X^T diag(w) X + I / C``, no direction curves more
    than another of the same probabilities, however the columns are scaled and correlated.

    Parameters
    ----------
    bound : ndarray of shape (n_parameters, n_parameters), or (n_parameters,)
        ``L L^T``, or its diagonal where that is all there is.
    factor : ndarray of the same shape
        L, lower triangular, or the roots of the diagonal.
    condition : float
        Estimated ratio of the largest to the least eigenvalue of the bound, from 1.

    References
    ----------
    .. [1] D. Böhning, Multinomial logistic regression algorithm, *Annals of the Institute of
       Statistical Mathematics* 44, 1992, 197-200.
    """

    bound: Floats
    factor: Floats
    condition: float

    @property
    def is_dense(self) -> bool:
        """Whether more than a diagonal is known."""
        return self.factor.ndim == 2  # noqa: PLR2004 - a matrix

    @property
    def diagonal(self) -> Floats:
        """The bound's diagonal, one for a column of zeros; shape (n_parameters,)."""
        return _positive(self.bound.diagonal()) if self.is_dense else self.bound

    def solve(self, gradient: Floats) -> Floats:
        """Give ``G (L L^T)^-1``.

        Parameters
        ----------
        gradient : ndarray of shape (n_rows, n_parameters)
            G.

        Returns
        -------
        ndarray of shape (n_rows, n_parameters)
            The solution.
        """
        if not self.is_dense:
            return gradient / self.bound
        solved: Floats = cho_solve((self.factor, True), gradient.T, check_finite=False).T
        return solved

    def to_theta(self, variables: Floats) -> Floats:
        """Give ``W = V L^-1``.

        Parameters
        ----------
        variables : ndarray of shape (n_rows, n_parameters)
            V.

        Returns
        -------
        ndarray of shape (n_rows, n_parameters)
            W.
        """
        if not self.is_dense:
            return variables / self.factor
        solved = solve_triangular(
            self.factor, variables.T, lower=True, trans="T", check_finite=False
        )
        return np.ascontiguousarray(solved.T)

    def to_variables(self, theta: Floats) -> Floats:
        """Give ``V = W L``."""
        return theta @ self.factor if self.is_dense else theta * self.factor

    def to_slope(self, gradient: Floats) -> Floats:
        """Give the gradient in V: ``G L^-T``.

        Parameters
        ----------
        gradient : ndarray of shape (n_rows, n_parameters)
            The gradient in W.

        Returns
        -------
        ndarray of shape (n_rows, n_parameters)
            The gradient in V.
        """
        if not self.is_dense:
            return gradient / self.factor
        solved: Floats = solve_triangular(self.factor, gradient.T, lower=True, check_finite=False).T
        return solved


def conditioner(problem: Problem) -> Conditioner:
    """Bound the Hessian of a problem.

    Parameters
    ----------
    problem : Problem
        The rows and the penalty; a lasso does not curve.

    Returns
    -------
    Conditioner
        The bound, with its factor.
    """
    ridge = np.full(problem.shape[1], problem.penalty.ridge)
    ridge[problem.n_columns :] = 0.0
    if problem.shape[1] > LARGEST_DENSE:
        diagonal = _positive(_squares(problem) / 2 + ridge)
        condition = float(diagonal.max() / diagonal.min())
        return Conditioner(bound=diagonal, factor=np.sqrt(diagonal), condition=condition)
    bound = _products(problem) / 2 + np.diag(ridge)
    # Of unit diagonal a matrix has the best Cholesky factor that scaling can give it.
    size = np.sqrt(_positive(bound.diagonal()))
    scaled = bound / np.outer(size, size)
    np.fill_diagonal(scaled, 1.0 + JITTER * len(size))
    correlation = _lower(scaled)
    factor = size[:, None] * correlation
    reciprocal, _ = lapack.dpocon(factor, np.abs(bound).sum(axis=0).max(), uplo="L")
    return Conditioner(bound=bound, factor=factor, condition=1.0 / max(reciprocal, 1e-300))


def _lower(scaled: Floats) -> Floats:
    """Cholesky factor of a correlation matrix that rounding may have made indefinite."""
    for extra in (0.0, 1e-10, 1e-6):
        try:
            return cholesky(scaled + extra * np.eye(len(scaled)), lower=True, check_finite=False)
        except np.linalg.LinAlgError:
            continue
    return np.eye(len(scaled))


def _positive(diagonal: Floats) -> Floats:
    """Replace zeros: a column of zeros has no curvature, and any scale."""
    return np.where(diagonal > 0, diagonal, 1.0)


def _products(problem: Problem) -> Floats:
    """``[X 1]^T diag(w) [X 1]``, block by block."""
    products = np.zeros((problem.shape[1], problem.shape[1]))
    for part, X in problem.blocks():
        add_products(products, X, problem.weight[part])
    return products


def _squares(problem: Problem) -> Floats:
    """Give the diagonal of the products alone."""
    squares = np.zeros(problem.shape[1])
    for part, X in problem.blocks():
        weight = problem.weight[part]
        squares[: problem.n_columns] += weight @ (X * X)
        if problem.fit_intercept:
            squares[-1] += weight.sum()
    return squares


def independent_columns(problem: Problem) -> Integers:
    """Choose columns that no others add up to.

    Parameters
    ----------
    problem : Problem
        Rows and columns; without a penalty, columns that others add up to have no
        coefficient of their own.

    Returns
    -------
    ndarray of int
        Their indices in ascending order; all of them where there are too many columns to
        look at their covariance.
    """
    every = np.arange(problem.n_columns)
    if problem.shape[1] > LARGEST_DENSE:
        return every
    products = _products(problem)
    roots = np.sqrt(_positive(products.diagonal()))
    scaled = products / np.outer(roots, roots)
    if problem.fit_intercept:  # the constant is chosen first
        scaled[-1] *= 2.0
        scaled[:, -1] *= 2.0
    _, pivots, rank, _ = lapack.dpstrf(scaled, tol=COLLINEAR, lower=1)
    chosen = np.sort(pivots[:rank] - 1)
    return every[np.isin(every, chosen)]
