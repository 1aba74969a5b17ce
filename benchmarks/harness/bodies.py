"""Rows as Arrow and npy."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from harness import figures
from harness.cases import Floats
from harness.figures import Quantity


@dataclass(frozen=True, kw_only=True)
class Tabular:
    """A format without an envelope."""

    media_type: str
    write: Callable[[Floats], bytes]
    read: Callable[[bytes], Floats]


def _write_npy(rows: Floats) -> bytes:
    file = io.BytesIO()
    np.save(file, rows)
    return file.getvalue()


def _read_npy(body: bytes) -> Floats:
    array: Floats = np.load(io.BytesIO(body))
    return array


def _write_arrow(rows: Floats) -> bytes:
    table = pa.table({f"x{j}": column for j, column in enumerate(np.ascontiguousarray(rows.T))})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _read_arrow(body: bytes) -> Floats:
    table = pa.ipc.open_stream(body).read_all()
    names = [name for name in table.column_names if name.startswith("proba_")]
    return np.column_stack([table[name].to_numpy() for name in names])


TABULAR: dict[Quantity, Tabular] = {
    figures.BULK_ARROW: Tabular(
        media_type="application/vnd.apache.arrow.stream", write=_write_arrow, read=_read_arrow
    ),
    figures.BULK_NPY: Tabular(media_type="application/x-npy", write=_write_npy, read=_read_npy),
}
