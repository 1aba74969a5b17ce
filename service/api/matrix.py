"""The quick way from JSON to matrices, for many rows of nothing but numbers."""

import re
from collections.abc import Iterator

import numpy as np
import simdjson

from service.softmax.arrays import Floats

MIN_BYTES = 4096
"""A shorter body is read as quickly by Pydantic."""

BLOCK_BYTES = 2**19
"""Text that is read at a time: it, and all that is made of it, stay in the processor's cache."""

_START = re.compile(rb'[ \t\n\r]*\{[ \t\n\r]*"instances"[ \t\n\r]*:[ \t\n\r]*\[')
_BETWEEN = re.compile(rb"\][ \t\n\r]*,[ \t\n\r]*\[")
_END = re.compile(rb"\][ \t\n\r]*\}[ \t\n\r]*")


class UnusualBodyError(Exception):
    """A body is left to Pydantic; it may be right all the same."""


def matrix_blocks(body: bytes, n_features: int, block_bytes: int = BLOCK_BYTES) -> Iterator[Floats]:
    """Read ``{"instances": [[number, ...], ...]}`` where there is nothing else in it.

    What this accepts to the end, Pydantic accepts with the same numbers; whatever is in the
    least unusual is left to it, and so are all refusals. A list of rows is read as several
    lists, cut between rows: each of them is JSON, so that all of it is.

    Parameters
    ----------
    body : bytes
        JSON text.
    n_features : int
        Numbers that each row must have.
    block_bytes : int
        Text to read at a time, and the end of its last row.

    Yields
    ------
    ndarray of shape (n_rows, n_features)
        Rows in order; at least one block, and only of no rows at all an empty one.

    Raises
    ------
    UnusualBodyError
        If the body is anything else, at the latest when its end is read.
    """
    start, end = _START.match(body), body.rfind(b"]")
    # There is one text in such a body, which is the key: no others, and no objects.
    if start is None or not _END.fullmatch(body, end) or body.find(b'"', start.end()) >= 0:
        raise UnusualBodyError
    view, place = memoryview(body), start.end()
    try:
        parser = _idle.pop()
    except IndexError:
        parser = simdjson.Parser()
    try:
        while place <= end:
            cut = _BETWEEN.search(body, place + block_bytes, end)
            if cut is None and place == start.end():  # the brackets around it are there
                text = view[place - 1 : end + 1]
            else:
                stop = end if cut is None else cut.start() + 1
                text = memoryview(b"".join((b"[", view[place:stop], b"]")))
            yield _block(parser, text, n_features)
            place = end + 1 if cut is None else cut.end() - 1
    finally:
        if not _idle:
            _idle.append(parser)


def matrix_of(body: bytes, n_features: int, block_bytes: int = BLOCK_BYTES) -> Floats | None:
    """Read all blocks of a body at once.

    Parameters
    ----------
    body : bytes
        JSON text.
    n_features : int
        Numbers that each row must have.
    block_bytes : int
        See `matrix_blocks`.

    Returns
    -------
    ndarray of shape (n_samples, n_features) or None
        None if the body is left to Pydantic.
    """
    try:
        blocks = list(matrix_blocks(body, n_features, block_bytes))
    except UnusualBodyError:
        return None
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


_idle: list[simdjson.Parser] = []
"""A parser that is not in use: its memory is mapped already, which takes as long as parsing."""


def _block(parser: simdjson.Parser, text: "memoryview[int]", n_features: int) -> Floats:
    try:
        rows = parser.parse(text)
        if not isinstance(rows, simdjson.Array):
            raise UnusualBodyError
        values: Floats = np.frombuffer(rows.as_buffer(of_type="d"), dtype=np.float64)
        # The buffer is flat whatever the nesting: rows must be lists without lists inside.
        n_lists = np.count_nonzero(np.frombuffer(text, dtype=np.uint8) == ord("["))
        widths = set(map(len, rows))  # type: ignore[arg-type]  # what has no length raises
    except (ValueError, TypeError, RuntimeError):  # whatever simdjson has against it
        raise UnusualBodyError from None
    if n_lists != len(rows) + 1 or not widths <= {n_features}:
        raise UnusualBodyError
    return values.reshape(-1, n_features)
