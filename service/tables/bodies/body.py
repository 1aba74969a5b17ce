"""A table that came as a body: raw columns, and the rows that could not be read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from service.errors import ContentTooLargeError, Fault, InputError
from service.softmax.arrays import Floats, Integers, Label
from service.softmax.contract import Column, FeatureContract

MAX_NAME = 128
"""Characters of a client's own column name that a pointer repeats."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Categorical(Sequence[Label | None]):
    """Labels of many rows, as indices into the few that there are.

    Parameters
    ----------
    codes : ndarray of int, shape (n_rows,)
        An index for each row; -1 for a row that has no label.
    categories : sequence of str, int or bool
        The labels, of one type; one at least, which tells the type.
    """

    codes: Integers
    categories: Sequence[Label]

    def tolist(self) -> list[Label | None]:
        """Give the label of each row."""
        named = np.array([*self.categories, None], dtype=object)
        labels: list[Label | None] = named[self.codes].tolist()
        return labels

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.codes)

    def __iter__(self) -> Iterator[Label | None]:
        """Go through the labels of the rows."""
        return iter(self.tolist())

    @overload
    def __getitem__(self, row: int) -> Label | None: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[Label | None]: ...
    def __getitem__(self, row: int | slice) -> Label | Sequence[Label | None] | None:
        """Give the label of a row, or those of some."""
        return self.tolist()[row]


AnswerColumn = Floats | Sequence[str | int | bool | None]
"""A column of an answer: numbers, NaN where there is none, or texts and labels."""


class DamagedBodyError(InputError):
    """A body is not in the format it was declared to have."""

    def __init__(self, detail: str) -> None:
        super().__init__([Fault(code="malformed_request", detail=detail)])


@dataclass(frozen=True, kw_only=True, eq=False)
class TableBody:
    """The features of many rows, as the contract takes them.

    Parameters
    ----------
    columns : sequence of length n_features
        Raw values by feature, all of `n_rows` rows.
    n_rows : int
        Number of rows.
    bad : mapping of int to Fault
        The first fault of each row that could not be read, located at row and name.
    matrix : ndarray of shape (n_rows, n_features) or None
        The same rows, where they came as one block of numbers.
    """

    columns: Sequence[Column]
    n_rows: int
    bad: Mapping[int, Fault]
    matrix: Floats | None = None

    def rows(self, start: int, stop: int) -> "TableBody":
        """Give some of the rows, where all could be read.

        Parameters
        ----------
        start, stop : int
            The first one, and the one after the last; as many of them as there are.

        Returns
        -------
        TableBody
            A view of them.
        """
        return TableBody(
            columns=[column[start:stop] for column in self.columns],
            n_rows=len(range(self.n_rows)[start:stop]),
            bad={},
            matrix=None if self.matrix is None else self.matrix[start:stop],
        )

    @property
    def good(self) -> "np.ndarray[tuple[int], np.dtype[np.intp]]":
        """Numbers of the rows that could be read."""
        rows = np.ones(self.n_rows, dtype=np.bool_)
        rows[list(self.bad)] = False
        return np.flatnonzero(rows)


def match_names(names: Sequence[str], contract: FeatureContract) -> None:
    """Hold the column names of a body against those of the model.

    Parameters
    ----------
    names : sequence of str
        Names as they came, in any order.
    contract : FeatureContract
        What the model expects.

    Raises
    ------
    InputError
        If one is missing, unknown or there twice.
    """
    faults = [
        Fault(
            code="missing_feature", detail=f"expected a column {name!r}, got none", location=(name,)
        )
        for name in contract.names
        if name not in names
    ]
    seen = set[str]()
    for name in names:
        if name not in contract.names or name in seen:
            detail = "expected only the features of the model, each once"
            location = (name[:MAX_NAME],)
            faults.append(Fault(code="unknown_feature", detail=detail, location=location))
        seen.add(name)
    if faults:
        raise InputError(faults)


def check_row_count(n_rows: int, max_rows: int) -> None:
    """Refuse a table without rows, or with too many.

    Parameters
    ----------
    n_rows : int
        How many there are.
    max_rows : int
        The most to accept.

    Raises
    ------
    InputError
        If there is none.
    ContentTooLargeError
        If there are more than `max_rows`.
    """
    if not n_rows:
        raise InputError([Fault(code="empty_batch", detail="expected at least one row, got none")])
    if n_rows > max_rows:
        msg = f"expected at most {max_rows} rows, got more"
        raise ContentTooLargeError(msg)
