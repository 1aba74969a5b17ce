"""The joblib file: arrays in, arrays out, nothing else."""

import io
import os
import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import LogisticRegression

from service.artifacts.codec import decode_payload, encode_payload
from service.errors import ArtifactError
from service.softmax.arrays import Floats

PAYLOAD: dict[str, Floats | float | str] = {
    "coef": np.arange(6.0).reshape(2, 3),
    "temperature": 1.5,
    "note": "é",
}


class Canary:
    """What a hostile file would run: it leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self.path),)


def dumped(value: object) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(value, buffer)
    return buffer.getvalue()


def test_what_is_written_is_read_back() -> None:
    decoded = decode_payload(encode_payload(PAYLOAD))

    assert_array_equal(decoded["coef"], PAYLOAD["coef"])
    assert decoded["temperature"] == 1.5
    assert decoded["note"] == "é"


def test_any_joblib_reads_the_file(tmp_path: Path) -> None:
    (tmp_path / "model.joblib").write_bytes(encode_payload(PAYLOAD))

    assert_array_equal(joblib.load(tmp_path / "model.joblib")["coef"], PAYLOAD["coef"])


def test_equal_payloads_give_equal_bytes() -> None:
    again: dict[str, Floats | float | str] = {
        "coef": np.arange(6.0).reshape(2, 3),
        "temperature": 1.5,
        "note": "é",
    }

    assert encode_payload(PAYLOAD) == encode_payload(again)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_code_in_the_file_does_not_run(tmp_path: Path, protocol: int) -> None:
    hostile = pickle.dumps({"coef": Canary(tmp_path / "ran")}, protocol=protocol)

    with pytest.raises(ArtifactError, match="not data"):
        decode_payload(hostile)

    assert not (tmp_path / "ran").exists()


def test_code_inside_an_array_of_objects_does_not_run(tmp_path: Path) -> None:
    hostile = dumped({"coef": np.array([Canary(tmp_path / "ran")], dtype=object)})

    with pytest.raises(ArtifactError):
        decode_payload(hostile)

    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "value",
    [
        LogisticRegression(),
        [np.zeros(2)],
        {"coef": np.zeros(2, dtype=np.float32)},
        {"coef": np.zeros(2, dtype=np.int64)},
        {"coef": np.array(["a"])},
        {"coef": np.zeros(2, dtype=">f8")},
        {"coef": {"nested": 1.0}},
        {"coef": None},
        {1: 1.0},
    ],
    ids=str,
)
def test_anything_but_named_float64_arrays_numbers_and_strings_is_refused(value: object) -> None:
    with pytest.raises(ArtifactError):
        decode_payload(dumped(value))


def test_a_file_cut_short_anywhere_is_refused() -> None:
    whole = encode_payload(PAYLOAD)

    for length in range(len(whole)):
        with pytest.raises(ArtifactError):
            decode_payload(whole[:length])


def test_bytes_behind_the_end_are_refused() -> None:
    with pytest.raises(ArtifactError):
        decode_payload(encode_payload(PAYLOAD) + b"x")


def test_an_array_that_claims_to_be_larger_than_the_file_is_refused_before_it_is_made() -> None:
    small = encode_payload({"coef": np.zeros((2, 3))})
    shape = pickle.dumps((2, 3), protocol=2)[2:-1]  # the opcodes of the tuple (2, 3)
    huge = pickle.dumps((2, 2**40), protocol=2)[2:-1]
    opcodes = shape[: shape.index(b"\x86") + 1]
    assert opcodes in small

    with pytest.raises(ArtifactError):
        decode_payload(small.replace(opcodes, huge[: huge.rindex(b"\x86") + 1]))
