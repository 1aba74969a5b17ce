"""Scalers as moves and stretches of single columns."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from service.errors import ExchangeError
from service.training.exchange.columns import Column, Known, Levels, Line, as_number

NORMAL_RANGE = 7.0
"""Standard deviations from the mean of a normal column to the ends of its training range:
with q01 and q99 at 2.33 of them and as much again as lies between those two on each side."""

NORMAL_IQR = 1.349
"""Standard deviations between the quartiles of a normal column."""

Scaled = Line | Levels


def scale(step: str, scaler: Any, columns: Sequence[Column]) -> list[Column]:
    """Put columns through a fitted scaler.

    Parameters
    ----------
    step : str
        What messages call it.
    scaler : StandardScaler, MinMaxScaler, MaxAbsScaler or RobustScaler
        Fitted on as many columns.
    columns : sequence of Raw, Line or Levels
        What goes in.

    Returns
    -------
    list of Line or Levels
        What comes out.

    Raises
    ------
    ExchangeError
        If the scaler clips, or a column is filled with text.
    """
    if getattr(scaler, "clip", False):
        msg = f"{step} cannot be expressed: with clip=True it is no affine map"
        raise ExchangeError(msg)
    maps = _MAPS[type(scaler)](scaler, len(columns))
    numbers = (as_number(column, step) for column in columns)
    return [one(_told(number, known)) for number, (one, known) in zip(numbers, maps, strict=True)]


def is_scaler(step: object) -> bool:
    """Say whether this is a scaler that can be expressed."""
    return type(step) in _MAPS


def _told(column: Scaled, known: Known) -> Scaled:
    """Keep what the scaler tells, if it was fitted on the feature's own units."""
    if isinstance(column, Levels) or (column.centre, column.slope, column.shift) != (0, 1, 0):
        return column
    return replace(column, known=column.known.or_else(known))


Maps = Iterable[tuple[Callable[[Scaled], Scaled], Known]]


def _standard(scaler: Any, n_columns: int) -> Maps:
    means = _floats(scaler.mean_, n_columns)
    centres = means if scaler.with_mean else [0.0] * n_columns
    scales = _floats(scaler.scale_ if scaler.with_std else None, n_columns, 1.0)
    for mean, centre, deviation in zip(means, centres, scales, strict=True):
        known = Known()
        if scaler.mean_ is not None:
            known = Known(mean=mean, median=mean)
        if scaler.with_std and scaler.mean_ is not None:
            margin = NORMAL_RANGE * deviation
            known = Known(mean=mean, median=mean, low=mean - margin, high=mean + margin)
        yield _affine(centre, 1 / deviation), known


def _min_max(scaler: Any, n_columns: int) -> Maps:
    columns = (scaler.scale_, scaler.min_, scaler.data_min_, scaler.data_max_)
    for factor, added, low, high in zip(*(_floats(c, n_columns) for c in columns), strict=True):
        width = high - low
        known = Known(low=low - width, high=high + width, median=(low + high) / 2)
        yield _affine(0.0, factor, added), known


def _max_abs(scaler: Any, n_columns: int) -> Maps:
    scales, largest = (_floats(c, n_columns) for c in (scaler.scale_, scaler.max_abs_))
    for factor, most in zip(scales, largest, strict=True):
        yield _affine(0.0, 1 / factor), Known(low=-most, high=most, median=0.0)


def _robust(scaler: Any, n_columns: int) -> Maps:
    centres = _floats(scaler.center_ if scaler.with_centering else None, n_columns)
    scales = _floats(scaler.scale_ if scaler.with_scaling else None, n_columns, 1.0)
    is_told = scaler.with_centering and scaler.with_scaling
    is_told = is_told and tuple(scaler.quantile_range) == (25.0, 75.0) and not scaler.unit_variance
    for centre, iqr in zip(centres, scales, strict=True):
        margin = NORMAL_RANGE * iqr / NORMAL_IQR
        known = Known(low=centre - margin, high=centre + margin) if is_told else Known()
        median = Known(median=centre) if scaler.with_centering else Known()
        yield _affine(centre, 1 / iqr), known.or_else(median)


def _affine(centre: float, factor: float, added: float = 0.0) -> Callable[[Scaled], Scaled]:
    def apply(column: Scaled) -> Scaled:
        scaled = (column.moved(centre) if centre else column).times(factor)
        return scaled.moved(-added) if added else scaled

    return apply


def _floats(values: Any, n_columns: int, otherwise: float = 0.0) -> list[float]:
    if values is None:
        return [otherwise] * n_columns
    return [float(value) for value in values]


_MAPS: dict[type, Callable[[Any, int], Maps]] = {
    StandardScaler: _standard,
    MinMaxScaler: _min_max,
    MaxAbsScaler: _max_abs,
    RobustScaler: _robust,
}
