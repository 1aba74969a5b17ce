"""What a column inside a pipeline is, as a function of one raw feature.

A pipeline of imputers, scalers and one-hot encoders never mixes two features, so that each of
its columns is a straight line over one number or a table over the levels of one category.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from service.errors import ExchangeError
from service.softmax.contract import Category, Cell


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a fitted step tells of the numbers it was fitted on.

    Parameters
    ----------
    low, high : float or None
        A range in the feature's units that holds about what a training range holds.
    median, mean : float or None
        Of the training rows, in the feature's units.
    """

    low: float | None = None
    high: float | None = None
    median: float | None = None
    mean: float | None = None

    def or_else(self, other: "Known") -> "Known":
        """Fill the gaps with what another step tells."""
        return Known(
            low=other.low if self.low is None else self.low,
            high=other.high if self.high is None else self.high,
            median=other.median if self.median is None else self.median,
            mean=other.mean if self.mean is None else self.mean,
        )


@dataclass(frozen=True, kw_only=True)
class Raw:
    """A feature as it comes, of which no step has said yet whether it is a number.

    Parameters
    ----------
    feature : int
        Its index.
    fill : str, int, float, bool or None
        Stands in for a missing value; None where nothing does.
    missing : None or float
        What the pipeline itself takes for a missing value: NaN, or None.
    known : Known
        What the steps so far tell.
    """

    feature: int
    fill: Cell = None
    missing: float | None = math.nan
    known: Known = Known()


@dataclass(frozen=True, kw_only=True)
class Line:
    """A number x, moved and stretched: ``slope (x - centre) + shift``.

    Parameters
    ----------
    feature : int
        Index of the feature.
    centre, slope, shift : float
        The map. `centre` is kept apart so that a column far from zero loses no digits.
    fill : float or None
        Stands in for a missing x, in the feature's units.
    missing : None or float
        What the pipeline itself takes for a missing value.
    known : Known
        What the steps so far tell of x.
    """

    feature: int
    centre: float = 0.0
    slope: float = 1.0
    shift: float = 0.0
    fill: float | None = None
    missing: float | None = math.nan
    known: Known = Known()

    def moved(self, by: float) -> "Line":
        """Subtract a constant."""
        if self.slope == 1 and self.shift == 0:
            return replace(self, centre=self.centre + by)
        return replace(self, shift=self.shift - by)

    def times(self, factor: float) -> "Line":
        """Multiply by a constant."""
        return replace(self, slope=self.slope * factor, shift=self.shift * factor)

    def raw(self, value: float) -> float:
        """Give the x at which the line has a value."""
        return (value - self.shift) / self.slope + self.centre


@dataclass(frozen=True, kw_only=True)
class Levels:
    """A category, as one number per level.

    Parameters
    ----------
    feature : int
        Index of the feature.
    values : mapping of str, int, bool or None to float
        The column's value at each level; None is a missing value.
    unknown : float or None
        Its value at a level that is not among them; None where the pipeline refuses it.
    fill : str, int, bool or None
        Stands in for a missing value.
    missing : None or float
        What the pipeline itself takes for a missing value.
    """

    feature: int
    values: Mapping[Category, float]
    unknown: float | None = None
    fill: Category = None
    missing: float | None = math.nan

    def moved(self, by: float) -> "Levels":
        """Subtract a constant."""
        return self._each(1.0, -by)

    def times(self, factor: float) -> "Levels":
        """Multiply by a constant."""
        return self._each(factor, 0.0)

    def _each(self, factor: float, added: float) -> "Levels":
        return replace(
            self,
            values={level: value * factor + added for level, value in self.values.items()},
            unknown=None if self.unknown is None else self.unknown * factor + added,
        )


Column = Raw | Line | Levels


def as_number(column: Column, step: str) -> Line | Levels:
    """Take a column for numbers, as scalers and the estimator do.

    Parameters
    ----------
    column : Raw, Line or Levels
        The column.
    step : str
        What takes it, for messages.

    Returns
    -------
    Line or Levels
        The column; a raw one has become a line.

    Raises
    ------
    ExchangeError
        If it is filled with text.
    """
    if not isinstance(column, Raw):
        return column
    if isinstance(column.fill, str):
        msg = f"{step} takes numbers, but missing ones are filled with text"
        raise ExchangeError(msg)
    fill = None if column.fill is None else float(column.fill)
    return Line(feature=column.feature, fill=fill, missing=column.missing, known=column.known)
