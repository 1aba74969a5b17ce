"""Columns of answers, to be written: numbers, and labels as indices into their levels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from service.softmax.arrays import Booleans, Floats, Integers, Label


@dataclass(frozen=True, kw_only=True)
class AnswerColumn:
    """What a column of answers is called and holds.

    Parameters
    ----------
    name : str
        Its name.
    levels : tuple of str, int or bool, or None
        The labels it may hold, of one type; None for numbers.
    """

    name: str
    levels: tuple[Label, ...] | None = None

    @property
    def type(self) -> pa.DataType:
        """The Arrow type of the column."""
        if self.levels is None:
            return pa.float64()
        kind = self.level_array.type
        return pa.dictionary(pa.int32(), kind) if pa.types.is_string(kind) else kind

    @property
    def level_array(self) -> Any:
        """The labels as an Arrow array."""
        labels: Any = self.levels
        return pa.array(labels)


def answer_schema(columns: Sequence[AnswerColumn]) -> pa.Schema:
    """Give the Arrow schema of a table of answers.

    Parameters
    ----------
    columns : sequence of AnswerColumn
        In order.

    Returns
    -------
    pyarrow.Schema
        Numbers as doubles, texts as dictionaries, other labels as they are.
    """
    return pa.schema([(column.name, column.type) for column in columns])


def answer_table(
    columns: Sequence[AnswerColumn],
    values: Mapping[str, Floats | Integers],
    is_null: Booleans | None = None,
) -> pa.Table:
    """Make a table of answers.

    Parameters
    ----------
    columns : sequence of AnswerColumn
        In order.
    values : mapping of str to ndarray of shape (n_rows,)
        For each column its numbers, or the indices of its labels, -1 for none.
    is_null : ndarray of shape (n_rows,), optional
        Rows whose numbers are none.

    Returns
    -------
    pyarrow.Table
        The table; numbers without a null among them are not copied.
    """
    arrays: list[Any] = []
    for column in columns:
        found = values[column.name]
        if column.levels is None:
            arrays.append(pa.array(found, pa.float64(), mask=is_null))
            continue
        none = found < 0
        codes: Any = pa.array(found.astype(np.int32), mask=none if none.any() else None)
        levels = column.level_array
        if pa.types.is_string(levels.type):
            arrays.append(pa.DictionaryArray.from_arrays(codes, levels))
        else:
            arrays.append(levels.take(codes))
    return pa.table(arrays, schema=answer_schema(columns))


def joined_table(tables: Sequence[pa.Table]) -> pa.Table:
    """Put tables of answers one below the other.

    Parameters
    ----------
    tables : sequence of pyarrow.Table
        One at least, all of one schema.

    Returns
    -------
    pyarrow.Table
        All rows; nothing is copied.
    """
    return pa.concat_tables(tables)
