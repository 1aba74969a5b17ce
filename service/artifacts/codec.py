"""Named arrays to joblib bytes and back, with nothing else let through.

A joblib file is a pickle, and a pickle is a program. This reader runs only the part of
that program that describes float64 arrays, numbers and strings: every other name it asks
for is refused before anything is imported or called.
"""

import io
import math
import sys
from collections.abc import Mapping
from typing import Any

import joblib
import numpy as np
from joblib.numpy_pickle import NumpyArrayWrapper, NumpyUnpickler

from service.errors import ArtifactError
from service.softmax.arrays import Floats

Payload = Mapping[str, Floats | float | str]


def encode_payload(payload: Payload) -> bytes:
    """Write named arrays, numbers and strings as a joblib file.

    Parameters
    ----------
    payload : mapping of str to ndarray, float or str
        Arrays are float64.

    Returns
    -------
    bytes
        The file; equal payloads give equal bytes.
    """
    buffer = io.BytesIO()
    joblib.dump(dict(payload), buffer)
    return buffer.getvalue()


def decode_payload(content: bytes) -> dict[str, Floats | float | str]:
    """Read a joblib file that holds named float64 arrays, numbers and strings.

    Parameters
    ----------
    content : bytes
        The whole file.

    Returns
    -------
    dict of str to ndarray, float or str
        What it holds.

    Raises
    ------
    ArtifactError
        If the file holds or asks for anything else, or is cut short.
    """
    stream = io.BytesIO(content)
    try:
        payload = _PlainUnpickler("", stream, ensure_native_byte_order=True).load()
    except ArtifactError:
        raise
    except Exception as error:  # a damaged pickle can fail in any way at all
        msg = f"the joblib file cannot be decoded ({type(error).__name__})"
        raise ArtifactError(msg) from error
    if type(payload) is not dict or stream.read(1):
        msg = "expected one dictionary in the joblib file"
        raise ArtifactError(msg)
    for name, value in payload.items():
        if type(name) is not str or type(value) not in {np.ndarray, float, str}:
            msg = "expected only named arrays, numbers and strings in the joblib file"
            raise ArtifactError(msg)
    return payload


class _PlainArray(NumpyArrayWrapper):
    """An array in the file; read only when it is float64 and fits in what is left of it."""

    def read(self, unpickler: Any, ensure_native_byte_order: bool) -> Any:  # noqa: FBT001 - joblib's signature
        rest = len(unpickler.file_handle.getbuffer()) - unpickler.file_handle.tell()
        shape = self.shape
        if (
            type(shape) is not tuple
            or any(type(n) is not int or n < 0 for n in shape)
            or self.dtype != np.float64
            or math.prod(shape) * self.dtype.itemsize > rest
        ):
            msg = "expected float64 arrays in the joblib file"
            raise ArtifactError(msg)
        return super().read(unpickler, ensure_native_byte_order)


def _float64(*arguments: object) -> np.dtype[Any]:
    if arguments[:1] != ("f8",):
        msg = "expected float64 arrays in the joblib file"
        raise ArtifactError(msg)
    return np.dtype("f8", copy=True)


_ALLOWED = {
    ("joblib.numpy_pickle", "NumpyArrayWrapper"): _PlainArray,
    ("numpy", "dtype"): _float64,
    ("numpy", "ndarray"): None,  # only named, as the kind of array; never called
}


class _PlainUnpickler(NumpyUnpickler):
    """An unpickler to which nothing but a float64 array exists."""

    def find_class(self, module: str, name: str) -> object:
        # As every unpickler does, so that an auditor of the process sees this one too.
        sys.audit("pickle.find_class", module, name)
        if (module, name) not in _ALLOWED:
            msg = f"the joblib file asks for {module}.{name}, which is not data"
            raise ArtifactError(msg)
        return _ALLOWED[module, name]
