"""One column of a table, as a model expects it: a number, or one of some categories."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from service.errors import ValueRefusedError
from service.softmax.arrays import Floats

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
