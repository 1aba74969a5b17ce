"""A run of rows of a file, and what a file of rows can do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import pyarrow as pa

from service.tables.encoding import Flaw


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """Rows of a file that follow one another.

    Parameters
    ----------
    table : pyarrow.Table
        Their columns, as the file has them.
    flaws : tuple of Flaw
        Rows that could not be read, with nulls in their place.
    """

    table: pa.Table
    flaws: tuple[Flaw, ...] = ()

    def __len__(self) -> int:
        n_rows: int = self.table.num_rows
        return n_rows

    def part(self, start: int, length: int) -> "Piece":
        """Give some of the rows.

        Parameters
        ----------
        start, length : int
            The first row, and how many at most.

        Returns
        -------
        Piece
            Those rows; nothing is copied.
        """
        flaws = tuple(
            replace(flaw, row=flaw.row - start)
            for flaw in self.flaws
            if start <= flaw.row < start + length
        )
        return Piece(table=self.table.slice(start, length), flaws=flaws)


class RowFile(Protocol):
    """An open file of rows."""

    @property
    def names(self) -> Sequence[str] | None:
        """The names of its columns; None where each line has its own."""

    @property
    def share_read(self) -> float:
        """How much of the file has been read, from 0 to 1."""

    def pieces(self, columns: Sequence[str], after: int) -> Iterator[Piece | int]:
        """Give the rows, in pieces that are the same at every reading.

        Parameters
        ----------
        columns : sequence of str
            The columns that are wanted.
        after : int
            The first row that is wanted.

        Yields
        ------
        Piece or int
            Rows, from the first of the file on; a number stands for so many rows that nobody
            wants, and that were therefore not read.

        Raises
        ------
        TableError
            If the file cannot be read.
        """
