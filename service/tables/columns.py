"""Arrow columns to numbers and categories."""

import re
from collections.abc import Collection
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from service.errors import TableError
from service.softmax.arrays import Label
from service.tables.table import CategoryColumn, NumberColumn, TableColumn, category_column

INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
"""Text that is taken for a whole number; ``007`` is none."""

_BOOLEANS: dict[str, bool] = {"true": True, "false": False}
_MOSTLY = 0.5
"""A text column of which more than this share of the rows are numbers is taken for an error."""


def table_columns(
    name: str,
    waiting: "dict[str, pa.ChunkedArray[Any]]",
    *,
    numeric: Collection[str] = (),
    categorical: Collection[str] = (),
) -> dict[str, TableColumn]:
    """Convert the columns of an Arrow table.

    Parameters
    ----------
    name : str
        What messages call the table.
    waiting : dict of str to pyarrow.ChunkedArray
        Columns by name; it is empty afterwards, so that no column is in memory twice.
    numeric : collection of str
        Columns that are numbers.
    categorical : collection of str
        Columns that are categories.

    Returns
    -------
    dict of str to NumberColumn or CategoryColumn
        The columns in order.

    Raises
    ------
    TableError
        If a column is neither numbers, text nor booleans, or is not what it should be.
    """
    columns: dict[str, TableColumn] = {}
    for column in list(waiting):
        where, values = f"{name}: column {column!r}", waiting.pop(column)
        if column in categorical:
            columns[column] = _categories(where, values)
        elif column in numeric:
            columns[column] = _parsed(where, values)
        else:
            columns[column] = _inferred(where, values)
    return columns


def _inferred(where: str, values: "pa.ChunkedArray[Any]") -> TableColumn:
    kind = values.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if is_number(kind) or pa.types.is_null(kind):
        return _numbers(values)
    categories = _categories(where, values)
    if not pa.types.is_boolean(kind):
        _refuse_numbers_with_text(where, categories)
    return categories


def is_number(kind: pa.DataType) -> bool:
    """Say whether values of an Arrow type are numbers.

    Parameters
    ----------
    kind : pyarrow.DataType
        The type.

    Returns
    -------
    bool
        True for integers, decimals and floating point.
    """
    is_kind = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    return any(check(kind) for check in is_kind)


def _numbers(values: "pa.ChunkedArray[Any]") -> NumberColumn:
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    # Not safe: a whole number beyond 2**53 becomes the nearest double.
    return NumberColumn(values=values.cast(pa.float64(), safe=False).to_numpy())


def _parsed(where: str, values: "pa.ChunkedArray[Any]") -> NumberColumn:
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    if is_number(kind) or pa.types.is_null(kind):
        return _numbers(values)
    text = _categories(where, values)
    numbers = np.append([_number(level) for level in text.levels], np.nan)
    is_text = np.append(np.isnan(numbers[:-1]), False)
    if is_text.any():
        row = int(np.flatnonzero(is_text[text.codes])[0]) + 1
        msg = f"{where}: expected a number in row {row}, got text"
        raise TableError(msg)
    return NumberColumn(values=numbers[text.codes])


def _categories(where: str, values: "pa.ChunkedArray[Any]") -> CategoryColumn:
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    is_kind = (pa.types.is_boolean, pa.types.is_string, pa.types.is_large_string, is_number)
    if not any(check(kind) for check in (*is_kind, pa.types.is_null)):
        msg = f"{where} holds {kind}; expected numbers, text or booleans (or --drop it)"
        raise TableError(msg)
    if pa.types.is_dictionary(values.type):  # its dictionary may hold what no row has
        values = values.cast(kind)
    encoded: Any = pc.dictionary_encode(values).combine_chunks()
    codes = encoded.indices.fill_null(-1).to_numpy().astype(np.intp)
    return category_column(codes, _levels(where, encoded.dictionary.to_pylist()))


def _levels(where: str, values: list[Any]) -> tuple[Label, ...]:
    # Text, integers or booleans, whichever all of them are.
    if all(isinstance(value, str) for value in values):
        if all(INTEGER.fullmatch(value) for value in values):
            return tuple(map(int, values))
        if all(value.lower() in _BOOLEANS for value in values):
            booleans = tuple(_BOOLEANS[value.lower()] for value in values)
            return booleans if len(set(booleans)) == len(booleans) else tuple(values)
        return tuple(values)
    if all(isinstance(value, bool) for value in values):
        return tuple(values)
    if any(value != int(value) for value in values if np.isfinite(float(value))):
        msg = f"{where}: expected text, whole numbers or booleans, got decimals"
        raise TableError(msg)
    return tuple(map(int, values))


def _number(level: Label) -> float:
    try:
        return float(level)
    except ValueError:
        return np.nan


def _refuse_numbers_with_text(where: str, column: CategoryColumn) -> None:
    is_number = np.append([not np.isnan(_number(level)) for level in column.levels], False)
    rows = is_number[column.codes]
    present = ~column.is_missing
    if rows.sum() > _MOSTLY * present.sum():
        row = int(np.flatnonzero(present & ~rows)[0]) + 1
        msg = (
            f"{where}: expected a number in row {row} as in most others, got text"
            " (--categorical takes the column as it is)"
        )
        raise TableError(msg)
