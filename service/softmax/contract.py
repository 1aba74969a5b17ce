"""What a model expects of its rows: the feature contract."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from service.errors import Fault, ValueRefusedError
from service.softmax.arrays import Floats, Integers

Category = str | int | bool | None
"""A level of a categorical feature; None where a missing value is a level of its own."""

Cell = float | Category
"""One value of a row as a client sends it."""

Column = Floats | Sequence[Cell]
"""One feature of many rows: an array for numbers, any sequence otherwise."""


@dataclass(frozen=True, kw_only=True)
class NumericFeature:
    """A feature that is a number.

    Parameters
    ----------
    name : str
        The column's name in the training table.
    low, high : float
        The training range, in the feature's units.
    median : float
        The weighted median of the training rows.
    fill : float or None
        Stands in for a missing value; None where a missing value is an error.

    Raises
    ------
    ValueRefusedError
        If the range does not run upwards or a number is not finite.
    """

    name: str
    low: float
    high: float
    median: float
    fill: float | None = None
    kind: Literal["number"] = "number"

    def __post_init__(self) -> None:
        numbers = (self.low, self.high, self.median, 0.0 if self.fill is None else self.fill)
        if not (self.low <= self.high and all(map(math.isfinite, numbers))):
            msg = f"expected a finite range for {self.name!r}, got {self.low} to {self.high}"
            raise ValueRefusedError(msg)

    @property
    def levels(self) -> int:
        """No categories: the feature is one encoded column."""
        return 0

    @property
    def typical(self) -> float:
        """The value of the row from which pictures are cut."""
        return self.median


@dataclass(frozen=True, kw_only=True)
class CategoricalFeature:
    """A feature that is one of a set of categories.

    Parameters
    ----------
    name : str
        The column's name in the training table.
    categories : tuple of str, int, bool or None
        The levels in sorted order, all of one type; None, when there, is the last one and
        stands for a missing value.
    mode : str, int, bool or None
        The most frequent level of the training rows.
    fill : str, int, bool or None
        Stands in for a missing value; None where that is an error or a level of its own.
    unknown : {"error", "ignore"}
        What becomes of a category that training never saw: a refusal, or a row that gets
        nothing from this feature.

    Raises
    ------
    ValueRefusedError
        If the levels are not distinct, of one type, and home to `mode` and `fill`.
    """

    name: str
    categories: tuple[Category, ...]
    mode: Category
    fill: Category = None
    unknown: Literal["error", "ignore"] = "error"
    kind: Literal["category"] = "category"

    def __post_init__(self) -> None:
        named = [level for level in self.categories if level is not None]
        if len({type(level) for level in named}) > 1 or not self.categories:
            msg = f"expected categories of one type for {self.name!r}"
            raise ValueRefusedError(msg)
        if len(self.codes) != len(self.categories) or None in self.categories[:-1]:
            msg = f"expected distinct categories for {self.name!r}, a missing one last"
            raise ValueRefusedError(msg)
        if self.mode not in self.codes or not (self.fill is None or self.fill in self.codes):
            msg = f"expected mode and fill of {self.name!r} among its categories"
            raise ValueRefusedError(msg)

    @property
    def levels(self) -> int:
        """Number of categories: the feature is one encoded column each."""
        return len(self.categories)

    @property
    def typical(self) -> float:
        """The code of the value of the row from which pictures are cut."""
        return self.codes[self.mode]

    @cached_property
    def codes(self) -> dict[Cell, float]:
        """The index of each category, as a matrix holds it."""
        return {level: float(code) for code, level in enumerate(self.categories)}

    @property
    def level_type(self) -> type[str] | type[int] | type[bool]:
        """The type that the categories have."""
        for level in self.categories:
            if level is not None:
                return type(level)
        return str


Feature = NumericFeature | CategoricalFeature


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
            Located at a row and a feature's name; made only when it is asked for.
        """
        if self.is_sound:
            return
        cells = np.argwhere(~np.isfinite(self.X))
        if one_a_row:
            cells = cells[np.unique(cells[:, 0], return_index=True)[1]]
        for row, column in cells.tolist():
            yield _fault(self.features[column], self.columns[column][row], row)


def _numbers(feature: NumericFeature, column: Column) -> Floats:
    values = np.array(column, dtype=np.float64)  # None becomes NaN
    if feature.fill is not None:
        values[np.isnan(values)] = feature.fill
    return values


def _codes(feature: CategoricalFeature, column: Column) -> Floats:
    unseen = feature.levels if feature.unknown == "ignore" else np.nan
    codes: dict[Cell, float] = {None: np.nan} | feature.codes
    if feature.fill is not None:
        codes[None] = feature.codes[feature.fill]
    return np.array([codes.get(value, unseen) for value in column], dtype=np.float64)


def _fault(feature: Feature, value: object, row: int) -> Fault:
    if value is None or value != value:  # noqa: PLR0124 - NaN is what differs from itself
        code, detail = "missing_value", f"expected a value for {feature.name!r}, got none"
    elif isinstance(feature, NumericFeature):
        code, detail = "not_finite", f"expected a finite number for {feature.name!r}"
    else:
        code, detail = "unknown_category", unknown_category(feature)
    return Fault(code=code, detail=f"{detail} in row {row}", location=(row, feature.name))


def unknown_category(feature: CategoricalFeature, shown: int = 10) -> str:
    """Say which categories a feature has.

    Parameters
    ----------
    feature : CategoricalFeature
        The feature.
    shown : int
        How many categories to list.

    Returns
    -------
    str
        A phrase for an error message; it names no value that a client sent.
    """
    named = [level for level in feature.categories if level is not None]
    listed = ", ".join(repr(level) for level in named[:shown])
    more = f" and {len(named) - shown} more" if len(named) > shown else ""
    nothing = " or no value" if None in feature.codes else ""
    return f"expected one of {listed}{more}{nothing} for {feature.name!r}"
