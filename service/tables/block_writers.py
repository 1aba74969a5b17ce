"""Files that grow by whole blocks of rows: one writer goes on where another was killed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
from pyarrow import csv, parquet

from service.errors import TableError
from service.tables.json_lines import json_lines
from service.tables.parquet_footer import MAGIC, joined_footer, moved_footer, split_file


@dataclass(frozen=True, kw_only=True)
class Written:
    """A block as bytes.

    Parameters
    ----------
    content : bytes or memoryview
        What is appended to the file.
    note : bytes
        What the end of the file will need to know of the block.
    """

    content: bytes | memoryview
    note: bytes = b""


class BlockWriter(Protocol):
    """How one format is written."""

    def opening(self) -> bytes:
        """Give the beginning of the file."""

    def block(self, table: pa.Table, offset: int) -> Written:
        """Give the bytes of some rows that stand at an offset of the file."""

    def closing(self, notes: Sequence[bytes]) -> bytes:
        """Give the end of a file of the blocks that left these notes."""

    def convert(self, path: Path, whole: Path) -> bool:
        """Write a closed file once more where its blocks are not the format yet; say whether."""


def block_writer(path: Path, schema: pa.Schema) -> BlockWriter:
    """Choose the writer of a file.

    Parameters
    ----------
    path : Path
        Where the file is to be; its suffix says the format.
    schema : pyarrow.Schema
        The columns of every block.

    Returns
    -------
    BlockWriter
        Its writer.

    Raises
    ------
    TableError
        If nobody writes such files.
    """
    writers: dict[str, BlockWriter] = {
        ".csv": _Delimited(schema=schema, delimiter=","),
        ".tsv": _Delimited(schema=schema, delimiter="\t"),
        ".parquet": _Parquet(schema=schema),
        ".arrow": _Arrow(schema=schema),
        ".feather": _Arrow(schema=schema),
        ".ndjson": _JsonLines(),
        ".jsonl": _JsonLines(),
    }
    suffix = path.suffix.lower()
    if suffix not in writers:
        msg = f"{path.name}: expected a file that ends in one of {', '.join(writers)}"
        raise TableError(msg)
    return writers[suffix]


class _Appended:
    def opening(self) -> bytes:
        return b""

    def closing(self, notes: Sequence[bytes]) -> bytes:
        del notes
        return b""

    def convert(self, path: Path, whole: Path) -> bool:
        del path, whole
        return False


@dataclass(frozen=True, kw_only=True)
class _Delimited(_Appended):
    schema: pa.Schema
    delimiter: str

    def opening(self) -> bytes:
        return self._text(self.schema.empty_table(), with_header=True)

    def block(self, table: pa.Table, offset: int) -> Written:
        del offset
        return Written(content=self._text(table, with_header=False))

    def _text(self, table: pa.Table, *, with_header: bool) -> bytes:
        out = pa.BufferOutputStream()
        options = csv.WriteOptions(
            include_header=with_header, delimiter=self.delimiter, quoting_style="needed"
        )
        csv.write_csv(plain(table), out, options)
        return out.getvalue().to_pybytes()


class _JsonLines(_Appended):
    def block(self, table: pa.Table, offset: int) -> Written:
        del offset
        # A batch at a time, since on the way to a line every value is a text of its own.
        batches = plain(table).to_batches()
        return Written(content=b"".join(json_lines(pa.Table.from_batches([b])) for b in batches))


@dataclass(frozen=True, kw_only=True)
class _Parquet(_Appended):
    schema: pa.Schema

    def opening(self) -> bytes:
        return MAGIC

    def block(self, table: pa.Table, offset: int) -> Written:
        pages, footer = split_file(self._file(table))
        moved = moved_footer(footer, offset)
        return Written(content=pages, note=moved)

    def closing(self, notes: Sequence[bytes]) -> bytes:
        return joined_footer(notes or [split_file(self._file(self.schema.empty_table()))[1]])

    def _file(self, table: pa.Table) -> memoryview:
        out = pa.BufferOutputStream()
        # A dictionary of numbers that hardly ever repeat costs ten times what it saves.
        texts: Any = [field.name for field in self.schema if pa.types.is_dictionary(field.type)]
        parquet.write_table(table, out, use_dictionary=texts, row_group_size=max(1, len(table)))
        return memoryview(out.getvalue())


@dataclass(frozen=True, kw_only=True)
class _Arrow(_Appended):
    schema: pa.Schema

    def opening(self) -> bytes:
        return plain(self.schema.empty_table()).schema.serialize().to_pybytes()

    def block(self, table: pa.Table, offset: int) -> Written:
        del offset
        batches = plain(table).combine_chunks().to_batches()
        return Written(content=b"".join(batch.serialize().to_pybytes() for batch in batches))

    def closing(self, notes: Sequence[bytes]) -> bytes:
        del notes
        return b"\xff\xff\xff\xff\x00\x00\x00\x00"  # the end of a stream

    def convert(self, path: Path, whole: Path) -> bool:
        # A stream can grow; the file format has a footer, and is what readers expect of a file.
        with (
            pa.OSFile(str(path), "rb") as source,
            pa.ipc.open_stream(source) as stream,
            pa.OSFile(str(whole), "wb") as sink,
            pa.ipc.new_file(sink, stream.schema) as file,
        ):
            for batch in stream:
                file.write_batch(batch)
        return True


def plain(table: pa.Table) -> pa.Table:
    """Give a table with its dictionaries as the texts they stand for.

    Parameters
    ----------
    table : pyarrow.Table
        Any table.

    Returns
    -------
    pyarrow.Table
        The same values.
    """
    fields: list[Any] = [
        pa.field(field.name, field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))
