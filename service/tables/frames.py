"""Tables of other libraries, to Arrow streams and back."""

import sys
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from service.errors import TableError


def frame_stream(frame: Any) -> bytes:
    """Write the columns of a table as an Arrow stream.

    Parameters
    ----------
    frame : table
        Of pandas, polars or pyarrow, or anything else that speaks Arrow's C interface.

    Returns
    -------
    bytes
        The stream, not compressed; an index of rows is no column of it.

    Raises
    ------
    TableError
        If a column holds what Arrow has no type for.
    """
    pandas: Any = sys.modules.get("pandas")
    try:
        if pandas is not None and isinstance(frame, pandas.DataFrame):
            table = pa.Table.from_pandas(frame, preserve_index=False)
        else:
            table = pa.table(frame)
    except pa.ArrowException as error:
        msg = "expected columns of one type each"
        raise TableError(msg) from error
    sink = pa.BufferOutputStream()
    bare = table.replace_schema_metadata(None)
    with pa.ipc.new_stream(sink, bare.schema) as stream:
        stream.write_table(bare)
    return sink.getvalue().to_pybytes()


def streamed_table(streams: Sequence[bytes]) -> Any:
    """Read Arrow streams as one table.

    Parameters
    ----------
    streams : sequence of bytes
        One at least; their columns have one order, and one type unless all are missing.

    Returns
    -------
    pyarrow.Table
        The rows of all of them.

    Raises
    ------
    TableError
        If one is no Arrow stream.
    """
    try:
        tables = [pa.ipc.open_stream(stream).read_all() for stream in streams]
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException as error:
        msg = "expected an Arrow stream"
        raise TableError(msg) from error
