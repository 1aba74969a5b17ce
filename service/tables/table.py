"""A table in memory: named columns of numbers or of categories."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from service.errors import TableError
from service.softmax.arrays import Floats, Integers, Label


@dataclass(frozen=True, kw_only=True, eq=False)
class NumberColumn:
    """A column of numbers.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        The numbers, NaN where one is missing.
    """

    values: Floats

    def __len__(self) -> int:
        return len(self.values)

    @property
    def is_missing(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which rows have no value; shape (n_rows,)."""
        missing: np.ndarray[tuple[int], np.dtype[np.bool_]] = np.isnan(self.values)
        return missing


@dataclass(frozen=True, kw_only=True, eq=False)
class CategoryColumn:
    """A column of categories, kept as indices into its levels.

    Parameters
    ----------
    levels : tuple of str, int or bool
        The distinct values in sorted order.
    codes : ndarray of shape (n_rows,)
        Index of each row's level, -1 where a value is missing.
    """

    levels: tuple[Label, ...]
    codes: Integers

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def is_missing(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which rows have no value; shape (n_rows,)."""
        missing: np.ndarray[tuple[int], np.dtype[np.bool_]] = self.codes < 0
        return missing


TableColumn = NumberColumn | CategoryColumn


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """Named columns of one length.

    Parameters
    ----------
    name : str
        What messages call the table, such as its file's name.
    columns : mapping of str to NumberColumn or CategoryColumn
        The columns in file order.

    Raises
    ------
    TableError
        If there is no column, no row, or the lengths differ.
    """

    name: str
    columns: Mapping[str, TableColumn]

    def __post_init__(self) -> None:
        if len({len(column) for column in self.columns.values()}) != 1:
            msg = f"{self.name}: expected columns of one length"
            raise TableError(msg)
        if not len(self):
            msg = f"{self.name}: expected at least one row, got none"
            raise TableError(msg)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def column(self, name: str) -> TableColumn:
        """Give one column.

        Parameters
        ----------
        name : str
            Its name, in the case the file has it.

        Returns
        -------
        NumberColumn or CategoryColumn
            The column.

        Raises
        ------
        TableError
            If there is none of that name.
        """
        if name not in self.columns:
            near = [known for known in self.columns if known.casefold() == name.casefold()]
            hint = f"; did you mean {near[0]!r}?" if near else ""
            msg = f"{self.name}: no column {name!r}{hint} (columns: {listed(self.columns)})"
            raise TableError(msg)
        return self.columns[name]

    def without(self, names: Iterable[str]) -> Self:
        """Give the table without these columns.

        Parameters
        ----------
        names : iterable of str
            Columns to leave out; each must be there.

        Returns
        -------
        Table
            The rest.
        """
        dropped = set(names)
        for name in dropped:
            self.column(name)
        return replace(
            self, columns={name: c for name, c in self.columns.items() if name not in dropped}
        )


def category_column(values: Integers | Floats, levels: tuple[Label, ...]) -> CategoryColumn:
    """Build a category column whose levels get sorted, from codes into unsorted levels.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        Index of each row's level, -1 where a value is missing.
    levels : tuple of str, int or bool
        The distinct values in any order.

    Returns
    -------
    CategoryColumn
        With levels sorted: integers by value, strings by code point, false before true.
    """
    order = sorted(range(len(levels)), key=levels.__getitem__)
    rank = np.full(len(levels) + 1, -1, dtype=np.intp)  # the last one is that of code -1
    rank[order] = np.arange(len(levels))
    return CategoryColumn(levels=tuple(levels[i] for i in order), codes=rank[values])


def listed(names: Iterable[str], shown: int = 8) -> str:
    """List names for an error message, only the first few of many."""
    every = list(names)
    more = f", and {len(every) - shown} more" if len(every) > shown else ""
    return ", ".join(every[:shown]) + more
