"""Arrow columns to the matrix that a model scores, without an object for a value."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from service.errors import TableError
from service.softmax.arrays import Booleans, Floats, Integers, label_text
from service.softmax.contract import (
    CategoricalFeature,
    Category,
    Feature,
    FeatureContract,
    NumericFeature,
)
from service.tables.columns import INTEGER, is_number

CODES = (
    "malformed_json",
    "missing_value",
    "not_finite",
    "out_of_range",
    "outside_domain",
    "unknown_category",
    "wrong_type",
    "wrong_width",
)
"""Why a row of a file is rejected; in sorted order, as the levels of a column are."""

_DECIMAL = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_BOOLEANS: dict[str, Category] = {"true": True, "false": False}


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """A row that could not be read, found before its values are looked at.

    Parameters
    ----------
    row : int
        Index of the row.
    feature : str or None
        The feature at fault; None where the whole row is.
    code : str
        One of `CODES`.
    """

    row: int
    feature: str | None
    code: str


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedRows:
    """Rows as a model takes them, and which of them it must not answer.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        As `SoftmaxModel.scores` takes it; finite also in rejected rows, where it means nothing.
    rejections : ndarray of shape (n_samples,)
        Index into `CODES` of the first reason to reject a row, -1 where there is none.
    features : ndarray of shape (n_samples,)
        Index of the feature at fault, -1 where there is none.
    n_odd : ndarray of shape (n_samples,)
        How many values of a row training did not see the like of.
    """

    X: Floats
    rejections: Integers
    features: Integers
    n_odd: Integers


def encode_rows(
    contract: FeatureContract, table: pa.Table, flaws: Iterable[Flaw] = ()
) -> EncodedRows:
    """Turn the columns of some rows into a matrix.

    Parameters
    ----------
    contract : FeatureContract
        What the model expects of rows.
    table : pyarrow.Table
        A column for each feature at least; text is read as numbers where numbers are expected.
    flaws : iterable of Flaw
        What is known to be wrong already.

    Returns
    -------
    EncodedRows
        As many rows as the table has.

    Raises
    ------
    TableError
        If a column is of a type that no feature has.
    """
    n_rows = table.num_rows
    # Features one after the other in memory: columns come that way.
    X: Floats = np.empty((len(contract.features), n_rows)).T
    found = _Found(n_rows)
    for flaw in flaws:
        at = -1 if flaw.feature is None else contract.names.index(flaw.feature)
        found.reject(np.array([flaw.row]), flaw.code, at)
    unfamiliar: dict[int, Integers] = {}
    for j, (feature, low, high) in enumerate(zip(contract.features, *contract.bounds, strict=True)):
        values = X[:, j]
        wrong = _read(feature, table.column(feature.name), values)
        if n_rows and low <= values.min() and values.max() <= high:  # not so where one is NaN
            continue
        odd = ~np.isfinite(values)
        if wrong is not None:
            found.reject(np.flatnonzero(wrong), _WRONG[feature.kind], j)
        found.reject(np.flatnonzero(np.isnan(values)), "missing_value", j)
        found.reject(np.flatnonzero(odd), "not_finite", j)
        values[odd] = feature.typical
        unfamiliar[j] = np.flatnonzero((values < low) | (values > high))
    if contract.out_of_range == "error":
        for j, rows in unfamiliar.items():
            if contract.levels[j] == 0:
                found.reject(rows, "out_of_range", j)
    n_odd = np.zeros(n_rows, dtype=np.intp)
    for rows in unfamiliar.values():
        n_odd[rows] += 1
    return EncodedRows(X=X, rejections=found.rejections, features=found.features, n_odd=n_odd)


class _Found:
    """The first reason to reject each row, as it is found."""

    def __init__(self, n_rows: int) -> None:
        self.rejections = np.full(n_rows, -1, dtype=np.intp)
        self.features = np.full(n_rows, -1, dtype=np.intp)

    def reject(self, rows: Integers, code: str, feature: int) -> None:
        """Reject rows that nothing was found against before."""
        first = rows[self.rejections[rows] < 0]
        self.rejections[first] = CODES.index(code)
        self.features[first] = feature


def _read(feature: Feature, column: "pa.ChunkedArray[Any]", out: Floats) -> Booleans | None:
    """Write a column; return which rows hold a value of another kind, if any do."""
    if isinstance(feature, NumericFeature):
        return _read_numbers(feature, column, out)
    return _read_codes(feature, column, out)


_WRONG = {"number": "wrong_type", "category": "unknown_category"}


def _read_numbers(
    feature: NumericFeature, column: "pa.ChunkedArray[Any]", out: Floats
) -> Booleans | None:
    """Write the numbers of a column; return which rows hold text that is no number."""
    kind = _value_type(column.type)
    wrong = None
    if _is_text(kind):
        column, wrong = _parsed(column.cast(pa.string()))
    elif not (is_number(kind) or pa.types.is_null(kind)):
        _refuse(feature, kind)
    elif pa.types.is_dictionary(column.type):
        column = column.cast(kind)
    # Not safe: a whole number beyond 2**53 becomes the nearest double.
    numbers: Floats = column.cast(pa.float64(), safe=False).to_numpy()
    out[:] = numbers
    if feature.fill is not None:
        missing = np.isnan(out) if wrong is None else np.isnan(out) & ~wrong
        out[missing] = feature.fill
    return wrong


def _parsed(
    text: "pa.ChunkedArray[Any]",
) -> "tuple[pa.ChunkedArray[Any], Booleans | None]":
    try:
        return text.cast(pa.float64()), None
    except pa.ArrowInvalid:
        trimmed: Any = pc.utf8_trim_whitespace(text)
    is_decimal: Any = pc.match_substring_regex(trimmed, _DECIMAL)
    is_infinite: Any = pc.match_substring_regex(trimmed, r"^[+-]?inf(inity)?$", ignore_case=True)
    is_empty: Any = pc.is_in(trimmed, value_set=pa.array(["", "nan", "NaN", "NA", "null"]))
    kept: Any = pc.or_(is_decimal, is_infinite)
    wrong: Any = pc.fill_null(pc.invert(pc.or_(kept, is_empty)), False)  # noqa: FBT003 - the value to fill in
    numbers = pc.if_else(kept, trimmed, pa.scalar(None, pa.string())).cast(pa.float64())
    return numbers, wrong.to_numpy()


def _read_codes(
    feature: CategoricalFeature, column: "pa.ChunkedArray[Any]", out: Floats
) -> Booleans | None:
    """Write the codes of a column of categories; return which rows hold an unknown one."""
    kind = _value_type(column.type)
    if not (
        _is_text(kind) or is_number(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind)
    ):
        _refuse(feature, kind)
    encoded: Any = column
    if not pa.types.is_dictionary(column.type):
        encoded = pc.dictionary_encode(column)
    encoded = encoded.combine_chunks() if column.num_chunks != 1 else encoded.chunk(0)
    if isinstance(encoded, pa.ChunkedArray):  # no rows, or dictionaries that differ
        encoded = pc.dictionary_encode(column.cast(kind)).combine_chunks()
    unseen = float(feature.levels) if feature.unknown == "ignore" else np.inf
    missing = feature.codes.get(feature.fill, np.nan)
    by_level = [_code(feature, value, missing, unseen) for value in encoded.dictionary.to_pylist()]
    codes = np.array([*by_level, missing])  # the last one is that of index -1
    out[:] = codes[encoded.indices.fill_null(-1).to_numpy()]
    return np.isposinf(out) if np.isposinf(codes).any() else None


def _code(feature: CategoricalFeature, value: Any, missing: float, unseen: float) -> float:
    if value is None or value != value:  # noqa: PLR0124 - NaN is what differs from itself
        return missing
    return feature.codes.get(_category(feature.level_type, value), unseen)


def _category(level_type: type, value: Any) -> Category:
    """Give a value the type that the categories have, as training gave it to theirs."""
    if isinstance(value, str):
        if level_type is bool:
            return _BOOLEANS.get(value.lower(), value)
        return int(value) if level_type is int and INTEGER.fullmatch(value) else value
    if level_type is str:
        return label_text(value if isinstance(value, bool) or value % 1 else int(value))
    category: Category = value  # 1.0 is the key 1
    return category


def _value_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_text(kind: pa.DataType) -> bool:
    checks = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(check(kind) for check in checks)


def _refuse(feature: Feature, kind: pa.DataType) -> NoReturn:
    msg = f"column {feature.name!r} holds {kind}; expected {_NOUNS[feature.kind]}"
    raise TableError(msg)


_NOUNS = {"number": "numbers", "category": "text, whole numbers or booleans"}
