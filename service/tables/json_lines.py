"""Tables as lines of JSON, built column by column."""

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def json_lines(table: pa.Table) -> bytes:
    """Write each row of a table as one JSON object on a line.

    Parameters
    ----------
    table : pyarrow.Table
        Columns of doubles, integers, booleans or text; doubles are finite or null.

    Returns
    -------
    bytes
        UTF-8; doubles as the shortest text that reads back as the same.
    """
    parts: list[Any] = []
    for number, name in enumerate(table.column_names):
        key = json.dumps(name, ensure_ascii=False)
        parts.append(pa.scalar(("{" if number == 0 else ", ") + key + ": "))
        parts.append(pc.fill_null(_texts(table.column(name)), "null"))
    if not table.num_rows:
        return b""
    lines: Any = pc.binary_join_element_wise(*parts, pa.scalar("}\n"), "")
    return b"".join(_bytes(chunk) for chunk in lines.chunks)


def _texts(column: "pa.ChunkedArray[Any]") -> Any:
    if not pa.types.is_string(column.type):
        return column.cast(pa.string())
    encoded: Any = pc.dictionary_encode(column).combine_chunks()
    # Quotes are put around each text once, however many rows have it.
    quoted = [json.dumps(value, ensure_ascii=False) for value in encoded.dictionary.to_pylist()]
    return pa.array(quoted, pa.string()).take(encoded.indices)


def _bytes(chunk: Any) -> bytes:
    # A string array holds its texts one after the other.
    _, offsets, content = chunk.buffers()
    ends = memoryview(offsets).cast("i")[chunk.offset : chunk.offset + len(chunk) + 1]
    return bytes(memoryview(content)[ends[0] : ends[-1]])
