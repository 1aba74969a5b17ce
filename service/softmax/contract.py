"""What a model expects of its rows: the feature contract."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from service.errors import Fault, ValueRefusedError
from service.softmax.arrays import Floats, Integers
from service.softmax.features import (
    CategoricalFeature,
    Category,
    Cell,
    Column,
    Feature,
    NumericFeature,
    unknown_category,
)

__all__ = [  # a contract and what it is made of come from one place
    "CategoricalFeature",
    "Category",
    "Cell",
    "Column",
    "Encoded",
    "Feature",
    "FeatureContract",
    "NumericFeature",
    "unknown_category",
]


@dataclass(frozen=True, kw_only=True)
class FeatureContract:
    """The features a model expects, in order, with their types, ranges and categories.

    Parameters
    ----------
    features : tuple of NumericFeature or CategoricalFeature
        In the order of the training table.
    out_of_range : {"warn", "error"}
        What becomes of a number outside its feature's training range: an answer with a
        warning, or a refusal.

    Raises
    ------
    ValueRefusedError
        If there is no feature or two have one name.
    """

    features: tuple[Feature, ...]
    out_of_range: Literal["warn", "error"] = "warn"

    def __post_init__(self) -> None:
        if not self.features or len(set(self.names)) != len(self.features):
            msg = "expected at least one feature, and distinct feature names"
            raise ValueRefusedError(msg)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Feature names in order."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def levels(self) -> tuple[int, ...]:
        """Number of categories of each feature; 0 for a numeric one."""
        return tuple(feature.levels for feature in self.features)

    @cached_property
    def is_numeric(self) -> bool:
        """Whether every feature is a number."""
        return not any(self.levels)

    @cached_property
    def takes_numbers(self) -> bool:
        """Whether every cell of a row is a number, and has to be there."""
        return all(isinstance(one, NumericFeature) and one.fill is None for one in self.features)

    @property
    def typical_row(self) -> Floats:
        """Medians and modes, as `SoftmaxModel.scores` takes a row; shape (n_features,)."""
        return np.array([feature.typical for feature in self.features])

    @cached_property
    def bounds(self) -> tuple[Floats, Floats]:
        """Least and greatest value of each feature as a matrix holds it; two of shape (d,).

        Those of a number are its training range, those of a category the first and the
        last code that training saw.
        """
        low = [0.0 if f.kind == "category" else f.low for f in self.features]
        high = [f.levels - 1.0 if f.kind == "category" else f.high for f in self.features]
        return np.array(low), np.array(high)

    def unfamiliar(self, X: Floats) -> Integers:
        """Find the values that training did not see the like of.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows as `SoftmaxModel.scores` takes them.

        Returns
        -------
        ndarray of shape (n_unfamiliar, 2)
            Row and feature of each number outside its training range and of each category
            that training never saw, row by row.
        """
        if self.is_familiar(X):
            return np.empty((0, 2), dtype=np.intp)
        low, high = self.bounds
        return np.argwhere((low > X) | (high < X))

    def is_familiar(self, X: Floats) -> bool:
        """Tell whether every value is a number like those of the training rows.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows as `SoftmaxModel.scores` takes them; NaN is like nothing.

        Returns
        -------
        bool
            Whether there is nothing to say of any of them.
        """
        low, high = self.bounds
        return not len(X) or bool((X.min(axis=0) >= low).all() and (X.max(axis=0) <= high).all())

    def encode(self, columns: Sequence[Column]) -> "Encoded":
        """Turn columns of raw values into the matrix that a model scores.

        Parameters
        ----------
        columns : sequence of length n_features
            One column per feature in contract order, all of one length; numbers in the
            feature's units, categories as they were in training, None or NaN for a
            missing value.

        Returns
        -------
        Encoded
            The matrix, and what does not fit into it.
        """
        # A column is contiguous, for it is filled at once; so is each one of a block to score.
        X = np.empty((len(columns[0]), len(self.features)), order="F")
        for j, (feature, column) in enumerate(zip(self.features, columns, strict=True)):
            if isinstance(feature, NumericFeature):
                X[:, j] = _numbers(feature, column)
            else:
                X[:, j] = _codes(feature, column)
        return Encoded(X=X, columns=columns, features=self.features)


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoded:
    """Rows as a model takes them, and the values they come from.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        As `SoftmaxModel.scores` takes it; a value that does not fit is not finite.
    columns : sequence of length n_features
        The raw values.
    features : tuple of NumericFeature or CategoricalFeature
        What was expected of them.
    """

    X: Floats
    columns: Sequence[Column]
    features: tuple[Feature, ...]

    @cached_property
    def is_sound(self) -> bool:
        """Whether every value fits."""
        return bool(np.isfinite(self.X).all())

    def faults(self, *, one_a_row: bool = False) -> Iterator[Fault]:
        """Say what does not fit, row by row.

        Parameters
        ----------
        one_a_row : bool
            Whether only the first one of each row matters.

        Yields
        ------
        Fault
            Located at a row and a feature's name, of which only the location tells the row;
            made only when it is asked for.
        """
        if self.is_sound:
            return
        cells = np.argwhere(~np.isfinite(self.X))
        if one_a_row:
            cells = cells[np.unique(cells[:, 0], return_index=True)[1]]
        for row, column in cells.tolist():
            yield _fault(self.features[column], self.columns[column][row], row)


def _numbers(feature: NumericFeature, column: Column) -> Floats:
    values = np.asarray(column, dtype=np.float64)  # None becomes NaN
    return values if feature.fill is None else np.where(np.isnan(values), feature.fill, values)


def _codes(feature: CategoricalFeature, column: Column) -> Floats:
    unseen = feature.levels if feature.unknown == "ignore" else np.nan
    codes: dict[Cell, float] = {None: np.nan} | feature.codes
    if feature.fill is not None:
        codes[None] = feature.codes[feature.fill]
    return np.array([codes.get(value, unseen) for value in column], dtype=np.float64)


def _fault(feature: Feature, value: object, row: int) -> Fault:
    if value is None or value != value:  # noqa: PLR0124 - NaN is what differs from itself
        code, detail = "missing_value", f"expected a value for {feature.name!r}"
    elif isinstance(feature, NumericFeature):
        code, detail = "not_finite", f"expected a finite number for {feature.name!r}"
    else:
        code, detail = "unknown_category", unknown_category(feature)
    return Fault(code=code, detail=detail, location=(row, feature.name))
