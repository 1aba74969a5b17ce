"""The objective as a solver sees it: values, gradients and curvature, in blocks of rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from service.softmax.arrays import Floats, Integers
from service.softmax.objective import Penalty

Matrix = Floats | sparse.csr_array

BLOCK_ENTRIES = 1 << 17
"""Scores computed at a time; with their probabilities they stay in a processor's cache."""

LEAST_ROWS = 256
"""However many classes there are, fewer rows than these are not worth a block."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Point:
    """The smooth part of the objective, and its slope, at some parameters.

    Parameters
    ----------
    theta : ndarray of shape (n_rows, n_parameters)
        W, and behind it the intercept as a last column where there is one. Two classes
        have one row, that of the second.
    value : float
        Weighted log loss and ridge, in nats.
    gradient : ndarray of shape (n_rows, n_parameters)
        Its slope.
    proba : ndarray of shape (n_rows, n_samples)
        Probabilities, class by class.
    own : ndarray of shape (n_samples,)
        Log-probabilities of the true classes.
    """

    theta: Floats
    value: float
    gradient: Floats
    proba: Floats
    own: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """Weighted rows, their classes and the penalty.

    Parameters
    ----------
    matrix : ndarray or sparse array of shape (n_samples, n_columns)
        The columns on which the penalty acts.
    y : ndarray of shape (n_samples,)
        Index of the class of each row.
    weight : ndarray of shape (n_samples,)
        Weights of the rows in the loss, none negative.
    n_classes : int
        Number of classes, at least two.
    penalty : Penalty
        What W costs.
    fit_intercept : bool
        Whether there is a free constant.
    """

    matrix: Matrix
    y: Integers
    weight: Floats
    n_classes: int
    penalty: Penalty
    fit_intercept: bool
    _blocks: tuple[tuple[slice, Matrix], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        step = max(LEAST_ROWS, BLOCK_ENTRIES // self.n_rows)
        starts = range(0, len(self.y), step)
        # Slices of a dense matrix are views; those of a sparse one are cut once, here.
        parts = [slice(start, min(start + step, len(self.y))) for start in starts]
        blocks = tuple((part, self.matrix[part]) for part in parts)
        object.__setattr__(self, "_blocks", blocks)

    @property
    def n_rows(self) -> int:
        """Rows of parameters: one for two classes, else one a class."""
        return 1 if self.n_classes == 2 else self.n_classes  # noqa: PLR2004 - one vector

    @property
    def n_columns(self) -> int:
        """Columns of the design."""
        return int(self.matrix.shape[1])

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the parameters."""
        return self.n_rows, self.n_columns + self.fit_intercept

    def blocks(self) -> Iterator[tuple[slice, Matrix]]:
        """Give the rows in pieces: where a piece is, and its columns."""
        yield from self._blocks

    def at(self, theta: Floats) -> Point:
        """Evaluate the smooth part of the objective.

        Parameters
        ----------
        theta : ndarray of shape (n_rows, n_parameters)
            Where.

        Returns
        -------
        Point
            Value, gradient and probabilities there.
        """
        coef = theta[:, : self.n_columns]
        proba = np.empty((self.n_rows, len(self.y)))
        gradient = np.zeros(self.shape)
        own = np.empty(len(self.y))
        for part, X in self._blocks:
            y, weight = self.y[part], self.weight[part]
            scores = self._scores(theta, X)
            losses, probabilities = _binary(scores, y) if self.n_rows == 1 else _softmax(scores, y)
            own[part], proba[:, part] = -losses, probabilities
            residual = probabilities
            if self.n_rows == 1:
                residual[0] -= y
            else:
                residual[y, np.arange(len(y))] -= 1.0
            residual *= weight
            self._add(gradient, residual, X)
        gradient[:, : self.n_columns] += self.penalty.ridge * coef
        squares = float(np.square(coef).sum())
        value = self.penalty.ridge / 2 * squares - float(self.weight @ own)
        return Point(theta=theta, value=value, gradient=gradient, proba=proba, own=own)

    def curvature(self, point: Point, direction: Floats) -> Floats:
        """Multiply the Hessian of the smooth part with a direction.

        Parameters
        ----------
        point : Point
            Where.
        direction : ndarray of shape (n_rows, n_parameters)
            Along what.

        Returns
        -------
        ndarray of shape (n_rows, n_parameters)
            The product.

        References
        ----------
        .. [1] C. M. Bishop, *Pattern Recognition and Machine Learning*, 2006, eq. 4.110.
        """
        product = np.zeros(self.shape)
        for part, X in self._blocks:
            proba, change = point.proba[:, part], self._scores(direction, X)
            if self.n_rows == 1:
                change *= proba * (1.0 - proba)
            else:
                change -= np.einsum("ki,ki->i", proba, change)
                change *= proba
            change *= self.weight[part]
            self._add(product, change, X)
        product[:, : self.n_columns] += self.penalty.ridge * direction[:, : self.n_columns]
        return product

    def spread(self, theta: Floats) -> float:
        """Give the largest distance between two scores of one row.

        Parameters
        ----------
        theta : ndarray of shape (n_rows, n_parameters)
            Where.

        Returns
        -------
        float
            In nats.
        """
        largest = 0.0
        for _, X in self._blocks:
            scores = self._scores(theta, X)
            span = np.abs(scores) if self.n_rows == 1 else np.ptp(scores, axis=0)
            largest = max(largest, float(span.max(initial=0.0)))
        return largest

    def blocks_of_hessian(self, point: Point) -> Floats:
        """Give the block of the Hessian that belongs to each row of parameters alone.

        Parameters
        ----------
        point : Point
            Where.

        Returns
        -------
        ndarray of shape (n_rows, n_parameters, n_parameters)
            The blocks, symmetric.
        """
        n_columns = self.n_columns
        hessian = np.zeros((*self.shape, self.shape[1]))
        for part, X in self._blocks:
            proba = point.proba[:, part]
            spread = self.weight[part] * proba * (1.0 - proba)
            for block, curved in zip(hessian, spread, strict=True):
                add_products(block, X, curved)
        diagonal = np.arange(n_columns)
        hessian[:, diagonal, diagonal] += self.penalty.ridge
        return hessian

    def _scores(self, theta: Floats, X: Matrix) -> Floats:
        coef = theta[:, : self.n_columns]
        is_dense = isinstance(X, np.ndarray)
        scores: Floats = coef @ X.T if is_dense else np.ascontiguousarray((X @ coef.T).T)
        if self.fit_intercept:
            scores += theta[:, -1:]
        return scores

    def _add(self, total: Floats, slope: Floats, X: Matrix) -> None:
        if isinstance(X, np.ndarray):
            total[:, : self.n_columns] += slope @ X
        else:
            total[:, : self.n_columns] += (X.T @ slope.T).T
        if self.fit_intercept:
            total[:, -1] += slope.sum(axis=1)


def add_products(total: Floats, X: Matrix, weight: Floats) -> None:
    """Add ``[X 1]^T diag(weight) [X 1]``, or without the ones, to a matrix of that shape.

    Parameters
    ----------
    total : ndarray of shape (n_parameters, n_parameters)
        What is added to; one parameter more than X has columns if there is an intercept.
    X : ndarray or sparse array of shape (n_samples, n_columns)
        Rows.
    weight : ndarray of shape (n_samples,)
        Their weights.
    """
    n_columns = X.shape[1]
    if isinstance(X, np.ndarray):
        total[:n_columns, :n_columns] += X.T @ (X * weight[:, None])
    else:
        weighted = sparse.csr_array(X.multiply(weight[:, None]))
        total[:n_columns, :n_columns] += sparse.csr_array(X.T @ weighted).toarray()
    if len(total) > n_columns:
        sums = weight @ X
        total[-1, :n_columns] += sums
        total[:n_columns, -1] += sums
        total[-1, -1] += weight.sum()


def _binary(scores: Floats, y: Integers) -> tuple[Floats, Floats]:
    """Losses and probabilities of the second class; softmax of (0, z) in half the work."""
    z = scores[0]
    small = np.exp(-np.abs(z))  # cannot overflow
    losses = np.maximum(z, 0.0) + np.log1p(small) - z * y
    return losses, np.where(z >= 0, 1.0, small)[None] / (1.0 + small)


def _softmax(scores: Floats, y: Integers) -> tuple[Floats, Floats]:
    """Losses and probabilities, class by class; the scores are overwritten."""
    scores -= scores.max(axis=0)
    own = scores[y, np.arange(len(y))]
    np.exp(scores, out=scores)
    total = scores.sum(axis=0)
    scores /= total
    return np.log(total) - own, scores
