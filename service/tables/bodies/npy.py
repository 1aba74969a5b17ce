"""``.npy`` bodies: one matrix of numbers, in the order of the features."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.lib import format as npy

from service.errors import Fault, InputError
from service.softmax.arrays import Floats
from service.softmax.contract import FeatureContract
from service.tables.bodies.body import DamagedBodyError, TableBody, check_row_count

MAX_HEADER_BYTES = 1_000
NUMBERS = "fiu"
"""The kinds of numbers that are read: floating, integer, unsigned."""

_MATRIX = 2


def read_npy_body(body: bytes, contract: FeatureContract, max_rows: int) -> TableBody:
    """Read a matrix without copying it.

    Parameters
    ----------
    body : bytes
        The file.
    contract : FeatureContract
        What the model expects; numbers only.
    max_rows : int
        The most rows to accept.

    Returns
    -------
    TableBody
        The matrix and its columns.

    Raises
    ------
    DamagedBodyError
        If it is not what it was declared to be.
    InputError
        If it is no such file, or a matrix of another width, or the model has categories.
    ContentTooLargeError
        If there are more than `max_rows` rows.
    """
    if not contract.is_numeric:
        names = [feature.name for feature in contract.features if feature.levels]
        detail = f"expected a format with names, since {names[0]!r} is a category"
        raise InputError([Fault(code="wrong_type", detail=detail)])
    shape, is_fortran, dtype, start = _header(body)
    expected = len(contract.features)
    if len(shape) != _MATRIX or shape[1] != expected:
        detail = f"expected a matrix of {expected} columns, got shape {list(shape[:8])}"
        raise InputError([Fault(code="wrong_width", detail=detail)])
    check_row_count(shape[0], max_rows)
    if len(body) - start != shape[0] * shape[1] * dtype.itemsize:
        msg = "expected a body as long as its .npy header says"
        raise DamagedBodyError(msg)
    flat = np.frombuffer(body, dtype=dtype, offset=start)
    n_rows, width = shape
    block = flat.reshape(width, n_rows).T if is_fortran else flat.reshape(n_rows, width)
    matrix: Floats = block.astype(np.float64, copy=False)
    return TableBody(columns=list(matrix.T), n_rows=shape[0], bad={}, matrix=matrix)


def _header(body: bytes) -> "tuple[tuple[int, ...], bool, np.dtype[np.generic], int]":
    file = io.BytesIO(body)
    try:
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[
            npy.read_magic(file)
        ]
        shape, is_fortran, dtype = read(file, max_header_size=MAX_HEADER_BYTES)
    except Exception:  # noqa: BLE001 - the header is Python text to numpy, which may fail in any way
        msg = "expected a body that is a .npy file"
        raise DamagedBodyError(msg) from None
    if dtype.kind not in NUMBERS or dtype.itemsize > np.dtype(np.float64).itemsize:
        detail = "expected numbers of at most 64 bits"
        raise InputError([Fault(code="wrong_type", detail=detail)])
    return shape, is_fortran, dtype, file.tell()


def write_npy_body(blocks: Sequence[Floats]) -> list[bytes]:
    """Write a matrix of doubles as ``.npy``.

    Parameters
    ----------
    blocks : sequence of ndarray of shape (n_rows, n_columns)
        The numbers, some rows at a time.

    Returns
    -------
    list of bytes
        The parts of the file.
    """
    file = io.BytesIO()
    shape = (sum(map(len, blocks)), blocks[0].shape[1])
    npy.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return [file.getvalue(), *(block.astype("<f8", copy=False).tobytes() for block in blocks)]
