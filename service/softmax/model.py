"""The fitted model: one affine map, then softmax."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from service.errors import Fault, InputError, ValueRefusedError
from service.softmax.affine import AffineMap, affine_map
from service.softmax.arrays import Floats, Label, frozen
from service.softmax.domain import rows_outside
from service.softmax.one_row import RowProba, row_softmax
from service.softmax.probability import class_major_softmax, log_softmax
from service.softmax.shapes import check_shapes, column_starts

_LEARNED = ("coef_", "intercept_", "mean_", "class_prior_")


@dataclass(frozen=True, kw_only=True, eq=False)
class SoftmaxModel:
    """A fitted softmax regression, frozen, in the units of the raw table.

    The scores of a row are ``z = W (x - m) + b``, where x holds the numeric features as
    they are and every categorical feature as one column per category (one-hot), and m is
    the mean training row. Standardisation is folded into W. The map is held about m
    because b alone would have to absorb ``W m``, which costs every digit on a column such
    as a time stamp.

    A product of matrices adds in an order that depends on the number of rows, and a single
    row takes another way: a row's answer is the same in every batch within `tolerance`.

    Parameters
    ----------
    classes_ : tuple of str, int or bool, length n_classes
        Class labels, distinct also as JSON texts.
    levels_ : tuple of int, length n_features
        Number of categories of each feature; 0 for a numeric one.
    coef_ : ndarray of shape (n_classes, n_columns)
        W, in nats per unit of the raw column; n_columns counts one column per numeric
        feature and ``levels_[j]`` per categorical one, in feature order.
    intercept_ : ndarray of shape (n_classes,)
        b, the scores at the mean training row, in nats.
    mean_ : ndarray of shape (n_columns,)
        m, weighted means of the columns over the training rows.
    class_prior_ : ndarray of shape (n_classes,)
        Weighted shares of the classes among the training rows.
    temperature_ : float
        T > 0; probabilities are ``softmax(z / T)``.

    Raises
    ------
    ValueRefusedError
        If shapes disagree, a number is not finite, or two classes have one text.
    """

    classes_: tuple[Label, ...]
    levels_: tuple[int, ...]
    coef_: Floats
    intercept_: Floats
    mean_: Floats
    class_prior_: Floats
    temperature_: float = 1.0
    _map: AffineMap = field(init=False, repr=False)

    def __post_init__(self) -> None:
        learned = {name: frozen(getattr(self, name)) for name in _LEARNED}
        check_shapes(self.classes_, self.levels_, learned)
        if not 0 < self.temperature_ < np.inf:
            msg = f"expected a temperature above zero, got {self.temperature_}"
            raise ValueRefusedError(msg)
        for name, array in learned.items():
            object.__setattr__(self, name, array)
        starts = column_starts(self.levels_)
        folded = affine_map(self.coef_, self.intercept_, self.mean_, self.levels_, starts)
        object.__setattr__(self, "_map", folded)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.classes_)

    @property
    def n_features(self) -> int:
        """Number of features, categorical ones counted once."""
        return len(self.levels_)

    def scores(self, X: Floats) -> Floats:
        """Give the linear scores of rows, before temperature and softmax.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Numeric features in their units; a categorical feature holds the index of its
            category, and ``levels_[j]`` stands for a category that training never saw.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Scores in nats; not finite where they leave the range of a double.
        """
        return self._scores(X, temperature=1.0)

    def finite_scores(self, X: Floats) -> Floats:
        """Give the scores that softmax takes: divided by the temperature, and finite.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows as in `scores`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            ``z / T`` in nats.

        Raises
        ------
        InputError
            If the scores of a row are not finite.
        """
        scores = self._scores(X, temperature=self.temperature_)
        if not np.isfinite(scores).all():
            raise InputError(rows_outside(scores.T))
        return scores

    def class_major_scores(self, X: Floats) -> Floats:
        """Give the scores that softmax takes, class by class; they may not be finite.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows as in `scores`.

        Returns
        -------
        ndarray of shape (n_classes, n_samples)
            ``z / T`` in nats, in C order.
        """
        scores = np.empty((self.n_classes, len(X)))
        for part, block in self._map.blocks(X, self.temperature_):
            scores[:, part] = block
        return scores

    def predict_log_proba(self, X: Floats) -> Floats:
        """Give the natural logarithms of class probabilities.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows as in `scores`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Log-probabilities, none above zero.

        Raises
        ------
        InputError
            If the scores of a row are not finite.
        """
        return log_softmax(self.finite_scores(X))

    def predict_proba(self, X: Floats) -> Floats:
        """Give class probabilities.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows as in `scores`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities in [0, 1]; each row sums to one within 8 units of rounding.

        Raises
        ------
        InputError
            If the scores of a row are not finite.
        """
        if len(X) == 1:  # so that a row alone gets the same label whoever asks
            return np.array([self.row_proba(X[0].tolist())])
        return self._block_proba(X)

    def row_proba(self, row: Sequence[float]) -> list[float]:
        """Give the class probabilities of one row, in microseconds.

        Parameters
        ----------
        row : sequence of float, length n_features
            Finite numbers, as a row of `scores` has them.

        Returns
        -------
        list of float, length n_classes
            Probabilities as `predict_proba` gives them, within `tolerance`.

        Raises
        ------
        InputError
            If the scores of the row are not finite.
        """
        proba = self._row_proba(row) if self._row_proba else None
        return proba or list(self._block_proba(np.array([row], dtype=np.float64))[0].tolist())

    def predict(self, X: Floats) -> list[Label]:
        """Give the most probable class of each row; ties go to the first in class order.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows as in `scores`.

        Returns
        -------
        list of str, int or bool, length n_samples
            Labels, of the type they had in training.

        Raises
        ------
        InputError
            If the scores of a row are not finite.
        """
        return self.labels(self.predict_proba(X))

    def labels(self, proba: Floats) -> list[Label]:
        """Name the most probable class of each row of probabilities.

        Parameters
        ----------
        proba : ndarray of shape (n_samples, n_classes)
            Probabilities; ties go to the first in class order.

        Returns
        -------
        list of str, int or bool, length n_samples
            Labels.
        """
        return [self.classes_[winner] for winner in proba.argmax(axis=1).tolist()]

    def tolerance(self, X: Floats) -> Floats:
        """Say how far two correct computations of the same probabilities may lie apart.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows as in `scores`.

        Returns
        -------
        ndarray of shape (n_samples,)
            ``1e-13 (1 + max_k sum_j |W_kj (x_j - m_j)|)``: the rounding of a sum grows with
            the size of its terms, and processors add them in different orders.
        """
        starts = column_starts(self.levels_)
        numeric = np.flatnonzero(np.array(self.levels_) == 0)
        columns = starts[numeric]
        size = np.abs(X[:, numeric] - self.mean_[columns]) @ np.abs(self.coef_[:, columns].T)
        for feature, table in self._map.tables:
            size += np.abs(table.T)[X[:, feature].astype(np.intp)]
        largest: Floats = size.max(axis=1) / self.temperature_
        return 1e-13 * (1.0 + largest)

    def _block_proba(self, X: Floats) -> Floats:
        proba = np.empty((len(X), self.n_classes))
        outside: list[Fault] = []
        for part, block in self._map.blocks(X, self.temperature_):
            if np.isfinite(block).all():
                class_major_softmax(block)
                proba[part] = block.T
            else:
                outside += rows_outside(block, first=part.start)
        if outside:
            raise InputError(outside)
        return proba

    def _scores(self, X: Floats, *, temperature: float) -> Floats:
        scores = np.empty((len(X), self.n_classes))
        for part, block in self._map.blocks(X, temperature):
            scores[part] = block.T
        return scores

    @cached_property
    def _row_proba(self) -> RowProba | None:
        """Made when it is first asked for: a store of many models starts no slower."""
        if self._map.numeric is not None:
            return None
        held = self._map
        with np.errstate(over="ignore"):
            coef, constant = held.coef / self.temperature_, held.constant / self.temperature_
        return row_softmax(coef, constant[:, 0], held.centre)
