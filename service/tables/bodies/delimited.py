"""CSV bodies: a header line with the names, then rows; RFC 4180, UTF-8."""

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import orjson

from service.errors import Fault
from service.softmax.contract import (
    CategoricalFeature,
    Cell,
    Column,
    Feature,
    FeatureContract,
    NumericFeature,
)
from service.tables.bodies.body import (
    AnswerColumn,
    DamagedBodyError,
    TableBody,
    check_row_count,
    match_names,
)

NULLS = frozenset(
    {
        "",
        "#N/A",
        "#N/A N/A",
        "#NA",
        "N/A",
        "NA",
        "NULL",
        "NaN",
        "n/a",
        "nan",
        "null",
        "-NaN",
        "-nan",
    }
)
"""Texts that stand for no value, as they do when a training table is read."""

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_INTEGER = re.compile(r"-?(0|[1-9]\d{0,18})", re.ASCII)
_BOOLEANS = {"true": True, "false": False}


def read_csv_body(body: bytes, contract: FeatureContract, max_rows: int) -> TableBody:
    """Read a CSV body.

    Parameters
    ----------
    body : bytes
        The text.
    contract : FeatureContract
        What the model expects.
    max_rows : int
        The most rows to accept.

    Returns
    -------
    TableBody
        Raw columns in the order of the features.

    Raises
    ------
    DamagedBodyError
        If it is not what it was declared to be.
    InputError
        If it is no CSV, has other columns than the model, or no row.
    ContentTooLargeError
        If there are more than `max_rows`.
    """
    try:
        text = body.decode("utf-8-sig")
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        names = next(lines, [])
        match_names(names, contract)
        rows, bad = _rows(lines, len(names), max_rows)
    except (UnicodeDecodeError, csv.Error):
        msg = "expected a body that is CSV in UTF-8"
        raise DamagedBodyError(msg) from None
    check_row_count(len(rows), max_rows)
    by_name = dict(zip(names, zip(*rows, strict=True), strict=True))
    columns: list[Column] = []
    for feature in contract.features:
        column, faults = _column(feature, by_name[feature.name])
        columns.append(column)
        for row, fault in faults:
            bad.setdefault(row, fault)
    return TableBody(columns=columns, n_rows=len(rows), bad=bad)


def _rows(
    lines: Iterator[list[str]], width: int, max_rows: int
) -> tuple[list[list[str]], dict[int, Fault]]:
    rows, bad = list[list[str]](), dict[int, Fault]()
    for row in lines:
        if not row:  # an empty line
            continue
        if len(row) != width:
            detail = f"expected {width} values in row {len(rows)}, got {len(row)}"
            location = (len(rows),)
            bad[len(rows)] = Fault(code="wrong_width", detail=detail, location=location)
            row = [""] * width  # noqa: PLW2901 - it keeps its place and is not answered
        rows.append(row)
        if len(rows) > max_rows:
            break
    return rows, bad


def _column(feature: Feature, cells: Sequence[str]) -> tuple[Column, list[tuple[int, Fault]]]:
    if isinstance(feature, NumericFeature):
        if (quick := _quick_numbers(cells)) is not None:
            return quick, []
        expected = "a number"
    else:
        expected = {str: "text", int: "an integer", bool: "true or false"}[feature.level_type]
    values, faults = list[Cell](), list[tuple[int, Fault]]()
    for row, cell in enumerate(cells):
        try:
            values.append(_cell(feature, cell))
        except ValueError:
            values.append(None)
            detail = f"expected {expected} for {feature.name!r} in row {row}, got text"
            location = (row, feature.name)
            faults.append((row, Fault(code="wrong_type", detail=detail, location=location)))
    return values, faults


def _quick_numbers(cells: Sequence[str]) -> Column | None:
    """Read a column of nothing but numbers; None if there is anything else."""
    if "_" in "".join(cells):  # which Python allows between digits
        return None
    try:
        numbers = np.array([float(cell) for cell in cells])
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def _cell(feature: Feature, text: str) -> Cell:
    if text in NULLS and not (isinstance(feature, CategoricalFeature) and text in feature.codes):
        return None
    if isinstance(feature, NumericFeature):
        if not _NUMBER.fullmatch(text):
            msg = "expected a number"
            raise ValueError(msg)
        number = float(text)
        return number if math.isfinite(number) else math.inf
    if feature.level_type is int:
        if not _INTEGER.fullmatch(text.strip()):
            msg = "expected an integer"
            raise ValueError(msg)
        return int(text)
    if feature.level_type is bool:
        if text.strip().lower() not in _BOOLEANS:
            msg = "expected a boolean"
            raise ValueError(msg)
        return _BOOLEANS[text.strip().lower()]
    return text


def write_csv_body(columns: Mapping[str, AnswerColumn]) -> bytes:
    """Write columns as CSV.

    Parameters
    ----------
    columns : mapping of str to ndarray or sequence
        The columns by name, all of one length.

    Returns
    -------
    bytes
        A header line and a line for each row; no value is an empty text, numbers are the
        shortest that read back as the same double.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*map(_texts, columns.values()), strict=True))
    return text.getvalue().encode()


def _texts(column: AnswerColumn) -> Sequence[object]:
    if isinstance(column, np.ndarray):
        numbers = np.ascontiguousarray(column)
        written = orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY).decode()
        # NaN is written as null, and stands for no value.
        return written[1:-1].replace("null", "").split(",")
    return [
        _BOOLEAN_TEXTS.get(value, value) if isinstance(value, bool) else value for value in column
    ]


_BOOLEAN_TEXTS = {True: "true", False: "false"}
