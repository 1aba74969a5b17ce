"""CSV and its kin, a run of rows at a time; a row of another width is rejected, not the file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from pyarrow import csv

from service.softmax.contract import FeatureContract
from service.tables.delimited import file_encoding
from service.tables.encoding import Flaw
from service.tables.files import ReadOptions
from service.tables.pieces import Piece, RowFile

BLOCK_BYTES = 2**20
"""Text parsed at a time; pyarrow reads some blocks ahead, and keeps all of them."""

HEADERS = 16
"""A block holds as many headers at least: where there are many columns, rows are long too."""


@contextmanager
def delimited_rows(
    path: Path, contract: FeatureContract, options: ReadOptions
) -> Iterator[RowFile]:
    """Open a file of delimited values, whose first row holds the column names.

    Parameters
    ----------
    path : Path
        The file.
    contract : FeatureContract
        The features, which are read as text, so that what is no number rejects its row alone.
    options : ReadOptions
        Delimiter and encoding.

    Yields
    ------
    RowFile
        Its rows.

    Raises
    ------
    TableError
        If the first row does not fit what follows, or the encoding is another one.
    """
    default = "\t" if path.suffix.lower() == ".tsv" else ","
    ragged: list[int] = []

    def set_aside(row: csv.InvalidRow) -> Literal["error", "skip"]:
        if row.number is None:
            return "error"
        ragged.append(row.number - 2)  # the header is row 1
        return "skip"

    reading = csv.ReadOptions(
        # One thread: with several, pyarrow does not know the number of a bad row.
        use_threads=False,
        encoding=file_encoding(path, options.encoding),
        block_size=_block_bytes(path),
    )
    parsing = csv.ParseOptions(
        delimiter=options.delimiter or default,
        newlines_in_values=True,
        invalid_row_handler=set_aside,
    )
    converting = csv.ConvertOptions(
        strings_can_be_null=True, column_types=dict.fromkeys(contract.names, pa.string())
    )
    with pa.OSFile(str(path), "rb") as source:

        def opened() -> csv.CSVStreamingReader:
            source.seek(0)
            opening: Any = source
            return csv.open_csv(
                opening, read_options=reading, parse_options=parsing, convert_options=converting
            )

        names = list(opened().schema.names)
        converting.include_columns = [name for name in contract.names if name in names]
        ragged.clear()
        yield _DelimitedRows(
            path=path,
            names=names,
            reader=opened(),
            ragged=ragged,
            n_bytes=source.size(),
            source=source,
        )


def _block_bytes(path: Path) -> int:
    with path.open("rb") as file:
        return max(BLOCK_BYTES, HEADERS * len(file.readline()))


@dataclass(kw_only=True)
class _DelimitedRows:
    path: Path
    names: Sequence[str]
    reader: csv.CSVStreamingReader
    ragged: list[int]
    """Indices of the rows that were skipped, in order; the reader is ahead of its batches."""
    source: pa.NativeFile
    n_bytes: int

    @property
    def share_read(self) -> float:
        return self.source.tell() / max(1, self.n_bytes)

    def pieces(self, columns: Sequence[str], after: int) -> Iterator[Piece | int]:
        del after  # rows can be counted only by reading them
        row = 0
        for batch in self.reader:
            table = pa.Table.from_batches([batch]).select(columns)
            piece = self._whole(table, row)
            row += len(piece)
            yield piece
        if self.ragged:  # behind the last row that is sound
            empty = pa.table({name: pa.array([], pa.string()) for name in columns})
            yield self._whole(empty, row)

    def _whole(self, table: pa.Table, start: int) -> Piece:
        """Put the rows that were skipped back in their places, as nulls."""
        n_sound, rejected = table.num_rows, list[int]()
        while self.ragged and (self.ragged[0] < start + n_sound + len(rejected) or not n_sound):
            rejected.append(self.ragged.pop(0) - start)
        if not rejected:
            return Piece(table=table)
        is_sound = np.ones(n_sound + len(rejected), dtype=np.bool_)
        is_sound[rejected] = False
        places = pa.array(np.cumsum(is_sound) - 1, mask=~is_sound)
        flaws = tuple(Flaw(row=row, feature=None, code="wrong_width") for row in rejected)
        return Piece(table=table.take(places), flaws=flaws)
