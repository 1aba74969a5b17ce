"""The quick way from JSON to a matrix, for many rows of nothing but numbers."""

import numpy as np
import simdjson

from service.softmax.arrays import Floats

MIN_BYTES = 4096
"""A shorter body is read as quickly by Pydantic."""


def matrix_of(body: bytes, n_features: int) -> Floats | None:
    """Read ``{"instances": [[number, ...], ...]}`` where there is nothing else in it.

    What this accepts, Pydantic accepts with the same numbers; whatever is in the least
    unusual is left to it, and so are all refusals.

    Parameters
    ----------
    body : bytes
        JSON text.
    n_features : int
        Numbers that each row must have.

    Returns
    -------
    ndarray of shape (n_samples, n_features) or None
        None if the body is anything else.
    """
    try:
        parser = _idle.pop()
    except IndexError:
        parser = simdjson.Parser()
    matrix = _matrix(parser, body, n_features)
    if not _idle:
        _idle.append(parser)
    return matrix


_idle: list[simdjson.Parser] = []
"""A parser that is not in use: its memory is mapped already, which takes as long as parsing."""


def _matrix(parser: simdjson.Parser, body: bytes, n_features: int) -> Floats | None:
    try:
        rows = _rows(parser, body)
        values: Floats = np.frombuffer(rows.as_buffer(of_type="d"), dtype=np.float64)
        # The buffer is flat whatever the nesting: rows must be lists without lists inside.
        is_matrix = body.count(b"[") == len(rows) + 1 and all(
            isinstance(row, simdjson.Array) and len(row) == n_features for row in rows
        )
    except (ValueError, TypeError, KeyError, RuntimeError):  # whatever simdjson has against it
        return None
    return values.reshape(-1, n_features) if is_matrix else None


def _rows(parser: simdjson.Parser, body: bytes) -> simdjson.Array:
    document = parser.parse(body)
    # A byte order mark is no JSON; a key that stands twice counts twice.
    if body[:1] != b"{" or not isinstance(document, simdjson.Object) or len(document) != 1:
        msg = "expected an object of nothing but rows"
        raise ValueError(msg)
    rows = document["instances"]
    if not isinstance(rows, simdjson.Array):
        msg = "expected a list of rows"
        raise TypeError(msg)
    return rows
