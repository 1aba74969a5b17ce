"""Reading CSV and its kin."""

import codecs
from collections.abc import Collection
from pathlib import Path
from typing import Literal

import pyarrow as pa
from pyarrow import csv

from service.errors import TableError

BLOCK_BYTES = 2**23
"""Text parsed at a time."""

MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""What a byte order mark at the start of a file says of its encoding."""


def read_delimited(
    path: Path,
    *,
    delimiter: str,
    encoding: str,
    text: Collection[str] = (),
) -> pa.Table:
    """Read a file of delimited values.

    Parameters
    ----------
    path : Path
        The file; its first row holds the column names.
    delimiter : str
        What separates values.
    encoding : str
        The encoding, unless a byte order mark says another.
    text : collection of str
        Columns to read as text, so that ``007`` stays what it is.

    Returns
    -------
    pyarrow.Table
        The columns; types inferred from all of their rows.

    Raises
    ------
    TableError
        If a row has another number of values than the header; rows count from 1 behind it.
    ArrowInvalid
        If it is no such file for another reason.
    """
    ragged: list[csv.InvalidRow] = []

    def stop_at(row: csv.InvalidRow) -> Literal["error"]:
        ragged.append(row)
        return "error"

    reading = csv.ReadOptions(
        # One thread: with several, pyarrow does not know the number of a bad row.
        use_threads=False,
        encoding=file_encoding(path, encoding),
        block_size=BLOCK_BYTES,
    )
    parsing = csv.ParseOptions(
        delimiter=delimiter, newlines_in_values=True, invalid_row_handler=stop_at
    )

    def read(types: dict[str, pa.DataType]) -> pa.Table:
        converting = csv.ConvertOptions(strings_can_be_null=True, column_types=types)
        return csv.read_csv(
            path, read_options=reading, parse_options=parsing, convert_options=converting
        )

    as_text: dict[str, pa.DataType] = dict.fromkeys(text, pa.string())
    try:
        try:
            table = read(_first_types(path, reading, parsing) | as_text)
        except pa.ArrowInvalid:
            if ragged:
                raise
            table = read(as_text)  # types from all rows, for which all of the text is kept
    except pa.ArrowInvalid:
        if not ragged:
            raise
        row = ragged[0]
        where = "" if row.number is None else f" in row {row.number - 1}"
        msg = (
            f"{path.name}: expected {row.expected_columns} values{where}, got {row.actual_columns}"
        )
        raise TableError(msg) from None
    for field in table.schema:
        if pa.types.is_binary(field.type):
            msg = (
                f"{path.name}: column {field.name!r} is not text in {encoding}"
                " (--encoding latin-1 is a frequent other one)"
            )
            raise TableError(msg)
    return table


def _first_types(
    path: Path, reading: csv.ReadOptions, parsing: csv.ParseOptions
) -> dict[str, pa.DataType]:
    """Guess types from the first rows; a column of missing values leaves all to be inferred."""
    lenient = csv.ParseOptions(delimiter=parsing.delimiter, newlines_in_values=True)
    converting = csv.ConvertOptions(strings_can_be_null=True)
    with csv.open_csv(
        path, read_options=reading, parse_options=lenient, convert_options=converting
    ) as stream:
        schema = stream.schema
    if any(pa.types.is_null(field.type) for field in schema) or len(set(schema.names)) < len(
        schema
    ):
        return {}
    # Whole numbers may be followed by decimals, and are doubles in a table anyway.
    return {
        field.name: pa.float64() if pa.types.is_integer(field.type) else field.type
        for field in schema
    }


def file_encoding(path: Path, otherwise: str) -> str:
    """Find out the encoding of a file.

    Parameters
    ----------
    path : Path
        The file.
    otherwise : str
        What it is unless a byte order mark says another.

    Returns
    -------
    str
        The name of the encoding.

    Raises
    ------
    LookupError
        If nobody knows an encoding of that name.
    """
    with path.open("rb") as file:
        start = file.read(3)
    for mark, encoding in MARKS.items():
        if start.startswith(mark):
            return encoding
    codecs.lookup(otherwise)  # an encoding that nobody knows is a LookupError
    return otherwise
