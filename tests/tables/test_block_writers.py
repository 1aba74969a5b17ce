"""Files put together from blocks are what their formats say, byte by byte where that matters."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from service.errors import TableError
from service.tables.block_writers import BlockWriter, block_writer
from service.tables.json_lines import json_lines
from service.tables.parquet_footer import split_file
from service.tables.thrift import BINARY, I16, I32, I64, LIST, Entries, decode_struct, encode_struct

WORDS = pa.array(["plain", 'a "quoted" one', "línea\nnueva", None, ""])


def table(n_rows: int, seed: int) -> pa.Table:
    """Make a table of every type that answers have."""
    random = np.random.default_rng(seed)
    words: Any = pa.array(random.integers(0, 5, n_rows))
    numbers = np.exp(random.normal(size=n_rows) * 20)
    return pa.table(
        {
            "number": pa.array(numbers, mask=random.random(n_rows) < 0.2),
            "word": WORDS.take(words).dictionary_encode(),
            "count": pa.array(random.integers(-5, 5, n_rows)),
            "truth": pa.array(random.random(n_rows) < 0.5),
        }
    )


def written(writer: BlockWriter, tables: list[pa.Table]) -> bytes:
    content, notes = writer.opening(), []
    for block in tables:
        part = writer.block(block, len(content))
        content += part.content
        notes.append(part.note)
    return content + writer.closing(notes)


def test_a_parquet_file_of_many_row_groups_reads_as_if_one_writer_had_written_it() -> None:
    tables = [table(n_rows, n_rows) for n_rows in (1, 1000, 7, *range(2, 40))]
    writer = block_writer(Path("x.parquet"), tables[0].schema)

    content = written(writer, tables)

    file = parquet.ParquetFile(io.BytesIO(content))
    assert file.metadata.num_row_groups == len(tables)
    assert file.read().equals(pa.concat_tables(tables))
    for number in (0, 17, len(tables) - 1):
        group = file.read_row_group(number)
        assert group.equals(tables[number])
        assert group.schema.equals(tables[number].schema)


def test_the_footer_of_a_parquet_file_is_read_and_written_without_a_change() -> None:
    out = pa.BufferOutputStream()
    parquet.write_table(
        table(5_000, 0),
        out,
        row_group_size=100,
        write_page_index=True,
        sorting_columns=[parquet.SortingColumn(2, descending=True)],
    )

    _, footer = split_file(memoryview(out.getvalue()))

    assert encode_struct(decode_struct(footer)) == footer


def test_the_compact_protocol_keeps_far_numbers_long_lists_and_negative_ones() -> None:
    struct = {
        1: (I64, -(2**63)),
        2: (I32, -1),
        40: (I16, 300),
        41: (LIST, Entries(kind=BINARY, values=[b"", b"x" * 300] * 20)),
        42: (1, None),
        60: (2, None),
    }

    assert decode_struct(encode_struct(struct)) == struct


def test_lines_of_json_hold_the_same_doubles_and_texts() -> None:
    rows = table(500, 3)

    lines = json_lines(rows.cast(pa.schema([(f.name, _plain(f.type)) for f in rows.schema])))

    # Every parser must give back the very same doubles.
    assert [json.loads(line) for line in lines.decode().splitlines()] == rows.to_pylist()


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def test_nobody_writes_a_format_that_is_not_known() -> None:
    with pytest.raises(TableError, match=r"out\.xlsx: expected a file that ends in one of \.csv"):
        block_writer(Path("out.xlsx"), pa.schema([]))
