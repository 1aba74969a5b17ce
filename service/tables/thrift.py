"""Thrift's compact protocol, as far as the footer of a Parquet file needs it.

References
----------
.. [1] Apache Thrift, "Thrift Compact protocol encoding",
   doc/specs/thrift-compact-protocol.md.
"""

from dataclasses import dataclass
from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, STRUCT = (
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    12,
)
_LONG = 15
"""A list of this many entries or more says their number behind its first byte."""

Struct = dict[int, "tuple[int, Any]"]
"""Fields by number, each with its type."""


@dataclass(frozen=True, kw_only=True)
class Entries:
    """The entries of a list, all of one type."""

    kind: int
    values: list[Any]


def decode_struct(content: bytes) -> Struct:
    """Read a structure.

    Parameters
    ----------
    content : bytes
        The structure; what stands behind it is left alone.

    Returns
    -------
    dict of int to tuple
        Fields by number; a structure within is such a dict too, a list is `Entries`.
    """
    struct: Struct = _Reader(content).value(STRUCT)
    return struct


def encode_struct(struct: Struct) -> bytes:
    """Write a structure.

    Parameters
    ----------
    struct : dict of int to tuple
        As `decode_struct` gives it.

    Returns
    -------
    bytes
        The bytes that it was read from, if nothing was changed.
    """
    out = bytearray()
    _write(out, STRUCT, struct)
    return bytes(out)


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def value(self, kind: int) -> Any:
        if kind in {TRUE, FALSE, BYTE}:
            return self._byte()
        if kind in {I16, I32, I64}:
            number = self._varint()
            return (number >> 1) ^ -(number & 1)
        if kind == DOUBLE:
            return self._bytes(8)
        if kind == BINARY:
            return self._bytes(self._varint())
        if kind in {LIST, SET}:
            return self._entries()
        return self._struct()

    def _struct(self) -> Struct:
        struct: Struct = {}
        number = 0
        while head := self._byte():
            kind, step = head & 15, head >> 4
            number = number + step if step else self.value(I16)
            # The type of a truth value is its value.
            struct[number] = (kind, None if kind in {TRUE, FALSE} else self.value(kind))
        return struct

    def _entries(self) -> Entries:
        head = self._byte()
        kind, length = head & 15, head >> 4
        if length == _LONG:
            length = self._varint()
        return Entries(kind=kind, values=[self.value(kind) for _ in range(length)])

    def _byte(self) -> int:
        self._at += 1
        return self._content[self._at - 1]

    def _bytes(self, length: int) -> bytes:
        self._at += length
        return self._content[self._at - length : self._at]

    def _varint(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:  # noqa: PLR2004 - the highest bit says that more follow
                return number


def _write(out: bytearray, kind: int, value: Any) -> None:
    if kind in {TRUE, FALSE, BYTE}:
        out.append(value)
    elif kind in {I16, I32, I64}:
        _write_varint(out, value << 1 if value >= 0 else (-value << 1) - 1)
    elif kind == DOUBLE:
        out += value
    elif kind == BINARY:
        _write_varint(out, len(value))
        out += value
    elif kind in {LIST, SET}:
        length = len(value.values)
        out.append(min(length, _LONG) << 4 | value.kind)
        if length >= _LONG:
            _write_varint(out, length)
        for entry in value.values:
            _write(out, value.kind, entry)
    else:
        _write_fields(out, value)


def _write_fields(out: bytearray, struct: Struct) -> None:
    previous = 0
    for number, (kind, value) in sorted(struct.items()):
        step = number - previous
        if 0 < step <= 15:  # noqa: PLR2004 - as many as fit into half a byte
            out.append(step << 4 | kind)
        else:
            out.append(kind)
            _write(out, I16, number)
        if kind not in {TRUE, FALSE}:
            _write(out, kind, value)
        previous = number
    out.append(0)


def _write_varint(out: bytearray, number: int) -> None:
    while number > 127:  # noqa: PLR2004 - seven bits a byte
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
