"""Files of any size, read a block of rows at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

import pyarrow as pa

from service.errors import TableError
from service.softmax.contract import FeatureContract
from service.tables.binary_rows import arrow_rows, parquet_rows
from service.tables.files import ReadOptions, told
from service.tables.json_rows import json_rows
from service.tables.pieces import Piece, RowFile
from service.tables.table import listed
from service.tables.text_rows import delimited_rows


def row_blocks(
    file: RowFile, columns: Sequence[str], *, after: int = 0, most: int
) -> Iterator[Piece]:
    """Give the rows of a file in blocks that are the same at every reading.

    Parameters
    ----------
    file : RowFile
        The file.
    columns : sequence of str
        The columns that are wanted.
    after : int
        Rows that were had before: the end of a block.
    most : int
        Most rows of a block; it has more than half as many, but for the last one.

    Yields
    ------
    Piece
        The rows of a block.

    Raises
    ------
    TableError
        If the file cannot be read.
    """
    waiting: list[Piece] = []
    row = 0
    for piece in file.pieces(columns, after):
        if isinstance(piece, int):
            row += piece
            continue
        for start in range(0, len(piece), most):
            part = piece.part(start, most)
            row += len(part)
            if row <= after:
                continue
            waiting.append(part)
            if sum(map(len, waiting)) > most // 2:
                yield _joined(waiting)
                waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(pieces: list[Piece]) -> Piece:
    if len(pieces) == 1:
        return pieces[0]
    starts = accumulate(map(len, pieces), initial=0)
    flaws = [
        replace(flaw, row=flaw.row + start)
        for piece, start in zip(pieces, starts, strict=False)
        for flaw in piece.flaws
    ]
    table = pa.concat_tables([piece.table for piece in pieces], promote_options="permissive")
    return Piece(table=table, flaws=tuple(flaws))


@contextmanager
def open_rows(
    path: Path, contract: FeatureContract, options: ReadOptions | None = None
) -> Iterator[RowFile]:
    """Open a file of rows.

    Parameters
    ----------
    path : Path
        The file; its suffix says the format.
    contract : FeatureContract
        The features that its rows must have; other columns are left alone.
    options : ReadOptions, optional
        What the file does not say of itself.

    Yields
    ------
    RowFile
        The file, until the block ends; whatever fails in reading it ends in one line.

    Raises
    ------
    TableError
        If there is no such file, it is not of its format, or it lacks a feature.
    """
    suffix = path.suffix.lower()
    if suffix not in _OPENERS:
        msg = f"{path.name}: expected a file that ends in one of {', '.join(_OPENERS)}"
        raise TableError(msg)
    chosen = options if options is not None else ReadOptions()
    with ExitStack() as opened:
        with told(path):
            file = opened.enter_context(_OPENERS[suffix](path, contract, chosen))
        if file.names is not None:
            _check_names(path, contract.names, file.names)
        yield _Told(file=file, path=path)


@dataclass(frozen=True, kw_only=True)
class _Told:
    """A file whose failures, and those of nobody else, end in one line."""

    file: RowFile
    path: Path

    @property
    def names(self) -> Sequence[str] | None:
        return self.file.names

    @property
    def share_read(self) -> float:
        return self.file.share_read

    def pieces(self, columns: Sequence[str], after: int) -> Iterator[Piece | int]:
        with told(self.path):
            yield from self.file.pieces(columns, after)


def _check_names(path: Path, wanted: Sequence[str], names: Sequence[str]) -> None:
    lacking = [name for name in wanted if name not in names]
    if lacking:
        msg = f"{path.name}: expected the columns {listed(wanted)}; not there: {listed(lacking)}"
        raise TableError(msg)
    repeated = [name for name in wanted if names.count(name) > 1]
    if repeated:
        msg = f"{path.name}: expected distinct columns, got {repeated[0]!r} more than once"
        raise TableError(msg)


_OPENERS: Mapping[
    str, Callable[[Path, FeatureContract, ReadOptions], AbstractContextManager[RowFile]]
] = {
    ".csv": delimited_rows,
    ".tsv": delimited_rows,
    ".parquet": parquet_rows,
    ".arrow": arrow_rows,
    ".feather": arrow_rows,
    ".ndjson": json_rows,
    ".jsonl": json_rows,
}
