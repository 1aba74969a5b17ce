"""Arrow IPC streams as bodies; pyarrow is imported at the first one."""

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from service.errors import Fault, InputError, MediaTypeError
from service.softmax.contract import Column, Feature, FeatureContract, NumericFeature
from service.tables.bodies.body import (
    AnswerColumn,
    Categorical,
    DamagedBodyError,
    TableBody,
    check_row_count,
    match_names,
)

if TYPE_CHECKING:
    import pyarrow as pa

# Fields of the flatbuffers that Arrow messages are: positions in their tables.
_HEADER_TYPE, _HEADER = 1, 2
_LENGTH, _COMPRESSION = 0, 3
_DATA_OF_DICTIONARY = 1
_DICTIONARY, _RECORDS = 2, 3

_END_OF_STREAM = struct.pack("<Ii", 0xFFFFFFFF, 0)


def read_arrow_body(body: bytes, contract: FeatureContract, max_rows: int) -> TableBody:
    """Read an Arrow stream without copying its numbers.

    Parameters
    ----------
    body : bytes
        The stream.
    contract : FeatureContract
        What the model expects.
    max_rows : int
        The most rows to accept.

    Returns
    -------
    TableBody
        Columns in the order of the features; a null number is NaN.

    Raises
    ------
    DamagedBodyError
        If it is not what it was declared to be.
    InputError
        If it is no such stream, has other columns than the model, or no row.
    ContentTooLargeError
        If there are more than `max_rows` rows.
    MediaTypeError
        If pyarrow is not installed.
    """
    pa = _pyarrow()
    try:
        _check_messages(body, max_rows)
        table = pa.ipc.open_stream(pa.py_buffer(body)).read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, struct.error, NotImplementedError):
        msg = "expected a body that is an Arrow IPC stream"
        raise DamagedBodyError(msg) from None
    match_names(table.column_names, contract)
    check_row_count(table.num_rows, max_rows)
    columns = [_column(feature, table.column(feature.name)) for feature in contract.features]
    return TableBody(columns=columns, n_rows=table.num_rows, bad={})


def write_arrow_body(
    blocks: Iterable[Mapping[str, AnswerColumn]], *, has_gaps: bool = True
) -> Iterator[bytes]:
    """Write blocks of columns as an Arrow IPC stream, each as one batch.

    Parameters
    ----------
    blocks : iterable of mapping of str to ndarray or sequence
        Columns by name, all of one length; every block has the same ones.
    has_gaps : bool
        Whether NaN may stand among numbers, for no value.

    Yields
    ------
    bytes
        A part of the stream; no value is null.

    Raises
    ------
    MediaTypeError
        If pyarrow is not installed.
    """
    pa = _pyarrow()
    for number, columns in enumerate(blocks):
        arrays = [_array(column, has_gaps=has_gaps) for column in columns.values()]
        batch = pa.record_batch(arrays, names=list(columns))
        if not number:
            yield batch.schema.serialize().to_pybytes()
        yield batch.serialize().to_pybytes()
    yield _END_OF_STREAM


def _array(column: AnswerColumn, *, has_gaps: bool) -> Any:
    pa = _pyarrow()
    if isinstance(column, Categorical):
        codes = pa.array(column.codes.astype(np.int32), mask=column.codes < 0)
        return pa.DictionaryArray.from_arrays(
            codes, pa.array(column.categories)
        ).dictionary_decode()
    return pa.array(column, from_pandas=has_gaps and isinstance(column, np.ndarray))


def _pyarrow() -> Any:
    try:
        import pyarrow as pa  # noqa: PLC0415 - it takes longer to import than all of the service
        import pyarrow.ipc  # noqa: PLC0415 - see above
    except ImportError:
        msg = "Arrow streams need pyarrow: install softmax-service[arrow]"
        raise MediaTypeError(msg) from None
    return pa


def _check_messages(body: bytes, max_rows: int) -> None:
    # What would grow when it is read is refused before it is: compressed buffers, and long
    # runs of one value, take memory that the size of the body does not bound.
    pa = _pyarrow()
    source = pa.BufferReader(body)
    n_rows = 0
    while source.tell() < len(body):
        try:
            message = pa.ipc.read_message(source)
        except EOFError:
            break
        table = _root(message.metadata.to_pybytes())
        kind = table.small(_HEADER_TYPE)
        if kind not in (_DICTIONARY, _RECORDS):
            continue
        header = table.table(_HEADER)
        records = header.table(_DATA_OF_DICTIONARY) if kind == _DICTIONARY else header
        if records.place(_COMPRESSION):
            detail = "expected an Arrow stream whose buffers are not compressed"
            raise InputError([Fault(code="malformed_request", detail=detail)])
        n_rows += records.long(_LENGTH) if kind == _RECORDS else 0
        if n_rows > max_rows:
            check_row_count(n_rows, max_rows)


class _FlatTable:
    """A table of a flatbuffer: a vtable says where each field is, 0 for nowhere."""

    def __init__(self, content: bytes, start: int) -> None:
        self._content = content
        self._start = start
        (offset,) = struct.unpack_from("<i", content, start)
        self._vtable = start - offset
        (self._size,) = struct.unpack_from("<H", content, self._vtable)

    def place(self, field: int) -> int:
        slot = 4 + 2 * field
        if slot + 2 > self._size:
            return 0
        (offset,) = struct.unpack_from("<H", self._content, self._vtable + slot)
        return self._start + offset if offset else 0

    def small(self, field: int) -> int:
        place = self.place(field)
        return self._content[place] if place else 0

    def long(self, field: int) -> int:
        place = self.place(field)
        number: int = struct.unpack_from("<q", self._content, place)[0] if place else 0
        return number

    def table(self, field: int) -> "_FlatTable":
        place = self.place(field)
        if not place:
            msg = "expected a table"
            raise ValueError(msg)
        (offset,) = struct.unpack_from("<I", self._content, place)
        return _FlatTable(self._content, place + offset)


def _root(content: bytes) -> _FlatTable:
    (offset,) = struct.unpack_from("<I", content, 0)
    return _FlatTable(content, offset)


def _column(feature: Feature, values: "pa.ChunkedArray[Any]") -> Column:
    pa = _pyarrow()
    kind = values.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if isinstance(feature, NumericFeature):
        if pa.types.is_null(kind):
            return np.full(len(values), np.nan)
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            raise _wrong_type(feature, "numbers")
        # Not safe: a whole number beyond 2**53 becomes the nearest double.
        numbers: Column = values.cast(pa.float64(), safe=False).to_numpy()
        return numbers
    checks = {
        str: ("texts", (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)),
        int: ("integers", (pa.types.is_integer,)),
        bool: ("booleans", (pa.types.is_boolean,)),
    }
    noun, fits = checks[feature.level_type]
    if not (pa.types.is_null(kind) or any(check(kind) for check in fits)):
        raise _wrong_type(feature, noun)
    cells: Column = values.to_pylist()
    return cells


def _wrong_type(feature: Feature, noun: str) -> InputError:
    detail = f"expected {noun} in column {feature.name!r}"
    return InputError([Fault(code="wrong_type", detail=detail, location=(feature.name,))])
