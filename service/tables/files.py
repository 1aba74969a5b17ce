"""Reading files of rows into a table."""

from collections import Counter
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from service.errors import TableError
from service.tables.table import CategoryColumn, NumberColumn, Table, TableColumn, category_column

CSV_SUFFIXES = {".csv": ",", ".tsv": "\t"}
PARQUET_SUFFIXES = {".parquet", ".pq"}


def read_table(path: Path) -> Table:
    """Read a CSV, TSV or Parquet file whole.

    Parameters
    ----------
    path : Path
        The file; its suffix says the format.

    Returns
    -------
    Table
        Integer and decimal columns as numbers, text and booleans as categories.

    Raises
    ------
    TableError
        If the file is missing, is not of its format, or a column has a type that is
        neither number, text nor boolean; the message names file, row and column.
    """
    suffix = path.suffix.lower()
    try:
        if suffix in CSV_SUFFIXES:
            read = _read_csv(path, CSV_SUFFIXES[suffix])
        elif suffix in PARQUET_SUFFIXES:
            read = parquet.read_table(path)
        else:
            known = ", ".join([*CSV_SUFFIXES, *sorted(PARQUET_SUFFIXES)])
            msg = f"{path.name}: expected a file that ends in one of {known}"
            raise TableError(msg)
    except FileNotFoundError:
        msg = f"{path}: no such file"
        raise TableError(msg) from None
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        msg = f"{path.name}: {str(error).splitlines()[0]}"
        raise TableError(msg) from error
    return _table(path.name, read)


def _read_csv(path: Path, delimiter: str) -> pa.Table:
    ragged: list[csv.InvalidRow] = []

    def stop_at(row: csv.InvalidRow) -> Literal["error"]:
        ragged.append(row)
        return "error"

    try:
        return csv.read_csv(
            path,
            # One thread: with several, pyarrow does not know the number of a bad row.
            read_options=csv.ReadOptions(use_threads=False),
            parse_options=csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=stop_at
            ),
            convert_options=csv.ConvertOptions(strings_can_be_null=True),
        )
    except pa.ArrowInvalid:
        if not ragged:
            raise
        row = ragged[0]
        msg = (
            f"{path.name}: expected {row.expected_columns} columns in row {row.number},"
            f" got {row.actual_columns}"
        )
        raise TableError(msg) from None


def _table(name: str, read: pa.Table) -> Table:
    repeated = [column for column, times in Counter(read.column_names).items() if times > 1]
    if repeated:
        msg = f"{name}: expected distinct column names, got {repeated[0]!r} more than once"
        raise TableError(msg)
    columns = {
        column: _column(f"{name}: column {column!r}", values)
        for column, values in zip(read.column_names, read.columns, strict=True)
    }
    return Table(name=name, columns=columns)


def _column(where: str, values: "pa.ChunkedArray[Any]") -> TableColumn:
    kind = values.type
    if pa.types.is_dictionary(kind):
        values, kind = values.cast(kind.value_type), kind.value_type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        numbers = values.cast(pa.float64()).to_numpy()
        return NumberColumn(values=numbers, is_integer=pa.types.is_integer(kind))
    if pa.types.is_boolean(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _categories(values)
    if pa.types.is_null(kind):
        return NumberColumn(values=np.full(len(values), np.nan))
    msg = f"{where} holds {kind}; expected numbers, text or booleans (or drop the column)"
    raise TableError(msg)


def _categories(values: "pa.ChunkedArray[Any]") -> CategoryColumn:
    encoded: Any = pc.dictionary_encode(values).combine_chunks()
    codes = encoded.indices.fill_null(-1).to_numpy().astype(np.intp)
    return category_column(codes, tuple(encoded.dictionary.to_pylist()))
