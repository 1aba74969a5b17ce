"""Parquet and Arrow files, a run of rows at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from service.softmax.contract import FeatureContract
from service.tables.files import ReadOptions
from service.tables.pieces import Piece, RowFile

BUFFER_BYTES = 2**16
"""Bytes of a column that are read from a Parquet file at a time."""

BATCH_ROWS = 2**14
"""Rows of a Parquet file that are decoded at a time."""


@contextmanager
def parquet_rows(path: Path, _: FeatureContract, __: ReadOptions) -> Iterator[RowFile]:
    """Open a Parquet file, which is read a row group at a time.

    Parameters
    ----------
    path : Path
        The file.

    Yields
    ------
    RowFile
        Its rows.
    """
    # Without read-ahead, a column of a row group is in memory a page at a time.
    with parquet.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER_BYTES) as file:
        yield _ParquetRows(file=file)


@contextmanager
def arrow_rows(path: Path, _: FeatureContract, __: ReadOptions) -> Iterator[RowFile]:
    """Open an Arrow file, of the file or of the stream format.

    Parameters
    ----------
    path : Path
        The file.

    Yields
    ------
    RowFile
        Its rows.
    """
    # Not mapped into memory, where pages that were read would count until others need the room.
    with pa.OSFile(str(path), "rb") as source:
        try:
            reader: Any = pa.ipc.open_file(source)
        except pa.ArrowInvalid:  # not the file format: the stream format, then
            source.seek(0)
            yield _StreamRows(reader=pa.ipc.open_stream(source), source=source)
        else:
            yield _ArrowRows(reader=reader)


@dataclass(kw_only=True)
class _ParquetRows:
    file: parquet.ParquetFile
    share_read: float = 0.0

    @property
    def names(self) -> Sequence[str]:
        return list(self.file.schema_arrow.names)

    def pieces(self, columns: Sequence[str], after: int) -> Iterator[Piece | int]:
        metadata = self.file.metadata
        row = 0
        for group in range(metadata.num_row_groups):
            n_rows = metadata.row_group(group).num_rows
            if row + n_rows <= after:
                yield n_rows
            else:
                # One row group at a call, and one thread: else pyarrow decodes far ahead.
                for batch in self.file.iter_batches(
                    BATCH_ROWS, row_groups=[group], columns=list(columns), use_threads=False
                ):
                    yield Piece(table=pa.Table.from_batches([batch]))
            row += n_rows
            self.share_read = row / metadata.num_rows


@dataclass(kw_only=True)
class _ArrowRows:
    reader: Any
    share_read: float = 0.0

    @property
    def names(self) -> Sequence[str]:
        return list(self.reader.schema.names)

    def pieces(self, columns: Sequence[str], after: int) -> Iterator[Piece | int]:
        del after  # how many rows a batch has is known when it is read
        for number in range(self.reader.num_record_batches):
            batch = self.reader.get_batch(number)
            yield Piece(table=pa.Table.from_batches([batch]).select(columns))
            self.share_read = (number + 1) / self.reader.num_record_batches


@dataclass(kw_only=True)
class _StreamRows:
    reader: Any
    source: pa.NativeFile
    n_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        self.n_bytes = max(1, self.source.size())

    @property
    def names(self) -> Sequence[str]:
        return list(self.reader.schema.names)

    @property
    def share_read(self) -> float:
        return self.source.tell() / self.n_bytes

    def pieces(self, columns: Sequence[str], after: int) -> Iterator[Piece | int]:
        del after
        for batch in self.reader:
            yield Piece(table=pa.Table.from_batches([batch]).select(columns))
