"""Imputers and one-hot encoders as fills and tables of single columns."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from service.errors import ExchangeError
from service.softmax.contract import Category, Cell
from service.training.exchange.columns import Column, Known, Levels, Line, Raw


def impute(step: str, imputer: Any, columns: Sequence[Column]) -> list[Column]:
    """Put columns through a fitted SimpleImputer.

    Parameters
    ----------
    step : str
        What messages call it.
    imputer : SimpleImputer
        Fitted on as many columns.
    columns : sequence of Raw, Line or Levels
        What goes in.

    Returns
    -------
    list of Raw, Line or Levels
        What comes out.

    Raises
    ------
    ExchangeError
        If it takes a value other than NaN and None for missing, adds indicators, or had
        nothing to learn a column's fill from.
    """
    missing = imputer.missing_values
    if not (missing is None or (isinstance(missing, float) and math.isnan(missing))):
        msg = f"{step} cannot be expressed: it takes {missing!r} for a missing value"
        raise ExchangeError(msg)
    if imputer.add_indicator:
        msg = f"{step} cannot be expressed: it adds a column that tells what was missing"
        raise ExchangeError(msg)
    return [
        _filled(step, column, plain(fill), None if missing is None else math.nan, imputer.strategy)
        for column, fill in zip(columns, imputer.statistics_, strict=True)
    ]


def _filled(
    step: str, column: Column, fill: Cell, missing: float | None, strategy: object
) -> Column:
    if fill is None:
        msg = f"{step} cannot be expressed: it was fitted on a column without values"
        raise ExchangeError(msg)
    if isinstance(column, Levels) or column.fill is not None:
        return column  # nothing is missing any more
    if isinstance(column, Line):
        if isinstance(fill, str) or not column.slope:
            msg = f"{step} cannot be expressed: it fills a scaled column with {fill!r}"
            raise ExchangeError(msg)
        return replace(column, fill=column.raw(float(fill)), missing=missing)
    known = column.known
    if strategy in {"mean", "median"}:
        known = known.or_else(Known(**{str(strategy): float(fill)}))
    return Raw(feature=column.feature, fill=fill, missing=missing, known=known)


def one_hot(step: str, encoder: Any, columns: Sequence[Column]) -> list[Column]:
    """Put columns through a fitted OneHotEncoder.

    Dropped levels, rare levels that share a column, and what becomes of unknown ones are all
    only other values in the tables.

    Parameters
    ----------
    step : str
        What messages call it.
    encoder : OneHotEncoder
        Fitted on as many columns.
    columns : sequence of Raw, Line or Levels
        What goes in; each must be raw.

    Returns
    -------
    list of Levels
        What comes out.

    Raises
    ------
    ExchangeError
        If a column was scaled or encoded before, or its levels have no JSON form.
    """
    rare: Sequence[Any] = [None] * len(columns)
    if getattr(encoder, "_infrequent_enabled", False):
        rare = encoder.infrequent_categories_
    dropped = [None] * len(columns) if encoder.drop_idx_ is None else encoder.drop_idx_
    encoded: list[Column] = []
    for column, levels, rare_levels, drop in zip(
        columns, encoder.categories_, rare, dropped, strict=True
    ):
        if not isinstance(column, Raw):
            msg = f"{step} cannot be expressed: it encodes a column that another step made"
            raise ExchangeError(msg)
        encoded += _tables(
            step,
            column,
            list(levels),
            rare=rare_levels,
            drop=drop,
            handle_unknown=encoder.handle_unknown,
        )
    return encoded


def _tables(
    step: str, column: Raw, levels: list[Any], *, rare: Any, drop: Any, handle_unknown: str
) -> list[Levels]:
    # In scikit-learn's order: a column for each frequent level, and one that the rare ones share.
    missing = None if any(level is None for level in levels) else math.nan
    categories = [category(step, level) for level in levels]
    if categories.count(None) > 1:
        msg = f"{step} cannot be expressed: it tells NaN from None"
        raise ExchangeError(msg)
    rare_categories = set() if rare is None else {category(step, level) for level in rare}
    frequent = [level for level in categories if level not in rare_categories]
    groups = [{level} for level in frequent] + ([rare_categories] if rare_categories else [])
    takes_unknown: set[Category] | None = None
    if handle_unknown in {"infrequent_if_exist", "warn"}:
        takes_unknown = rare_categories
    if drop is not None:
        dropped = categories[int(drop)]
        groups = [group for group in groups if dropped not in group]
    fill = None if column.fill is None else category(step, column.fill)
    if column.fill is not None:
        missing = column.missing
    if fill not in categories:  # a missing value is a level that the encoder never saw
        fill = None
        if handle_unknown != "error":
            categories.append(None)
    seen = len(levels)
    return [
        Levels(
            feature=column.feature,
            values={level: float(level in group) for level in categories[:seen]}
            | {level: float(group == takes_unknown) for level in categories[seen:]},
            unknown=None if handle_unknown == "error" else float(group == takes_unknown),
            fill=fill,
            missing=missing,
        )
        for group in groups
    ]


def category(step: str, level: Any) -> Category:
    """Give a level of an encoder as JSON has it.

    Parameters
    ----------
    step : str
        What messages call the encoder.
    level : object
        Text, a whole number, a boolean, NaN or None.

    Returns
    -------
    str, int, bool or None
        The level; NaN and None are both a missing value.

    Raises
    ------
    ExchangeError
        If it is none of these.
    """
    value = plain(level)
    if isinstance(value, float):
        if not value.is_integer():
            msg = f"{step} cannot be expressed: {value!r} is no level but a decimal number"
            raise ExchangeError(msg)
        return int(value)
    return value


def plain(value: Any) -> Cell:
    """Give a scalar of NumPy's as Python's, and every kind of missing value as None.

    Parameters
    ----------
    value : object
        A scalar.

    Returns
    -------
    str, int, float, bool or None
        The value.

    Raises
    ------
    ExchangeError
        If it is nothing of the kind.

    Examples
    --------
    >>> plain(np.float64(2.5)), plain(np.nan), plain(np.str_("a"))
    (2.5, None, 'a')
    """
    python = value.item() if isinstance(value, np.generic) else value
    if python is None or isinstance(python, str | int | bool):
        return python
    if isinstance(python, float):
        return None if math.isnan(python) else python
    if type(python).__name__ in {"NAType", "NaTType"}:
        return None
    msg = f"expected text, numbers and booleans, got a value of type {type(python).__name__}"
    raise ExchangeError(msg)
