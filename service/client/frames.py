"""Tables of pandas, polars and pyarrow, known by their names: none of them is imported here.

Who hands one over has imported it, so that it is found among the loaded modules.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Protocol, TypeVar

from service.softmax.arrays import Label, label_text
from service.softmax.contract import Cell

KINDS = {"pandas": "DataFrame", "polars": "DataFrame", "pyarrow": "Table"}
"""What a table is called, by the library it comes from."""

ARROW = "application/vnd.apache.arrow.stream"


class Frame(Protocol):
    """A table of pandas, polars or pyarrow."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Give the columns to whoever speaks Arrow."""


FrameT = TypeVar("FrameT", bound=Frame)


def library_of(rows: object) -> str | None:
    """Say which library a table is of.

    Parameters
    ----------
    rows : object
        Anything.

    Returns
    -------
    str or None
        The library's name; None for what is no table.
    """
    for kind in type(rows).__mro__:
        library = kind.__module__.partition(".")[0]
        if KINDS.get(library) == kind.__name__:
            return library
    return None


def speaks_arrow() -> bool:
    """Say whether pyarrow can be had, without importing it."""
    return "pyarrow" in sys.modules or find_spec("pyarrow") is not None


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameRows:
    """A table that somebody handed over.

    Parameters
    ----------
    frame : object
        The table.
    library : str
        Whose it is.
    """

    frame: Any
    library: str

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def n_columns(self) -> int:
        """How many columns it has."""
        return int(self.frame.shape[1])

    def part(self, start: int, length: int) -> "FrameRows":
        """Give some of the rows.

        Parameters
        ----------
        start, length : int
            The first one, and how many.

        Returns
        -------
        FrameRows
            Those rows.
        """
        if self.library == "pandas":
            return FrameRows(frame=self.frame.iloc[start : start + length], library=self.library)
        return FrameRows(frame=self.frame.slice(start, length), library=self.library)

    def lists(self) -> dict[str, list[Cell]]:
        """Give the columns as lists; what is missing is None."""
        if self.library == "pandas":
            columns = {name: self.frame[name].tolist() for name in self.frame.columns}
            nothing = sys.modules["pandas"].NA
            return {
                str(name): [None if value is nothing else _plain(value) for value in column]
                for name, column in columns.items()
            }
        if self.library == "polars":
            columns = self.frame.to_dict(as_series=False)
        else:
            columns = self.frame.to_pydict()
        return {name: list(map(_plain, column)) for name, column in columns.items()}

    def stream(self) -> bytes:
        """Give the columns as an Arrow stream."""
        from service.tables.frames import frame_stream  # noqa: PLC0415 - pyarrow, only when needed

        return frame_stream(self.frame)

    def made(self, columns: Mapping[str, Sequence[Any]]) -> Any:
        """Make a table of the same library, with a row for each of these.

        Parameters
        ----------
        columns : mapping of str to sequence
            Columns by name.

        Returns
        -------
        table
            Of the same library; of pandas with the same index.
        """
        library = sys.modules[self.library]
        if self.library == "pandas":
            return library.DataFrame(dict(columns), index=self.frame.index)
        return library.DataFrame(columns) if self.library == "polars" else library.table(columns)

    def received(self, streams: Sequence[bytes]) -> Any:
        """Make a table of the same library of Arrow streams, one below the other.

        Parameters
        ----------
        streams : sequence of bytes
            The streams.

        Returns
        -------
        table
            Of the same library; of pandas with the same index.
        """
        from service.tables.frames import streamed_table  # noqa: PLC0415 - pyarrow, only when needed

        table = streamed_table(streams)
        if self.library == "pyarrow":
            return table
        if self.library == "polars":
            return sys.modules["polars"].from_arrow(table)
        frame = table.to_pandas()
        frame.index = self.frame.index
        return frame


def _plain(value: Any) -> Cell:
    cell: Cell = None if value is None or value != value else value  # noqa: PLR0124 - NaN is what differs from itself
    return cell


def answer_columns(answer: Mapping[str, Any], n_rows: int) -> dict[str, list[Any]]:
    """Give an answer as columns, named as the service names those of its tables.

    Parameters
    ----------
    answer : mapping
        A JSON answer.
    n_rows : int
        How many rows it is to.

    Returns
    -------
    dict of str to list
        A column for each probability, label, decision, expected cost and class of a set, and
        the error code of rejected rows, which is None elsewhere.
    """
    columns = _numbers(answer, "probabilities", "classes", "proba_")
    for part, name in (("labels", "label"), ("decisions", "decision")):
        if part in answer:
            columns[name] = _one_type(answer[part])
    columns |= _numbers(answer, "expected_costs", "actions", "expected_cost_")
    for label in answer["classes"] if "sets" in answer else ():
        columns[f"in_set_{label_text(label)}"] = [
            None if members is None else label in members for members in answer["sets"]
        ]
    codes: list[str | None] = [None] * n_rows
    for one in answer.get("rejected", ()):
        codes[int(one["pointer"].rpartition("/")[2])] = one["code"]
    columns["error_code"] = codes
    return columns


def _numbers(answer: Mapping[str, Any], part: str, names: str, prefix: str) -> dict[str, list[Any]]:
    return {
        f"{prefix}{label_text(label)}": [
            None if row is None else row[position] for row in answer[part]
        ]
        for position, label in enumerate(answer[names] if part in answer else ())
    }


def _one_type(labels: list[Label | None]) -> list[Label | None]:
    kinds = {type(label) for label in labels if label is not None}
    if len(kinds) <= 1:
        return labels
    return [None if label is None else label_text(label) for label in labels]
