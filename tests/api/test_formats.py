"""Rows and answers in every format, and in every combination that has a meaning."""

import gzip
import io
import json
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal

Ask = Callable[..., httpx.Response]
Refused = Callable[..., dict[str, Any]]

IRIS = "/models/iris/predict_proba"
NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
ROWS = np.array([[5.1, 3.5, 1.4, 0.2], [6.3, 2.9, 5.6, 1.8], [5.9, 3.0, 4.2, 1.5]])

JSON = "application/json"
NDJSON = "application/x-ndjson"
CSV = "text/csv"
ARROW = "application/vnd.apache.arrow.stream"
NPY = "application/x-npy"


def as_csv(rows: np.ndarray[Any, Any]) -> bytes:
    lines = [",".join(NAMES), *(",".join(map(repr, row)) for row in rows.tolist())]
    return "\n".join(lines).encode()


def as_arrow(rows: np.ndarray[Any, Any]) -> bytes:
    batch = pa.record_batch([pa.array(column) for column in rows.T], names=list(NAMES))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def as_npy(rows: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, rows)
    return file.getvalue()


BODIES = {
    JSON: json.dumps({"instances": ROWS.tolist()}).encode(),
    NDJSON: "\n".join(map(json.dumps, ROWS.tolist())).encode(),
    CSV: as_csv(ROWS),
    ARROW: as_arrow(ROWS),
    NPY: as_npy(ROWS),
}


def probabilities(answer: httpx.Response) -> np.ndarray[Any, Any]:
    """Read the probabilities out of an answer of any format."""
    kind = answer.headers["content-type"].split(";")[0]
    names = ("setosa", "versicolor", "virginica")
    if kind == JSON:
        return np.array(answer.json()["probabilities"])
    if kind == NDJSON:
        return np.array([json.loads(line)["probabilities"] for line in answer.text.splitlines()])
    if kind == CSV:
        header, *lines = (line.split(",") for line in answer.text.splitlines())
        assert header == [*(f"proba_{name}" for name in names), "label", "error_code"]
        return np.array([line[:3] for line in lines], dtype=float)
    if kind == ARROW:
        table = pa.ipc.open_stream(answer.content).read_all()
        return np.column_stack([table[f"proba_{name}"].to_numpy() for name in names])
    return np.asarray(np.load(io.BytesIO(answer.content)))


def send(ask: Ask, body: bytes, kind: str, **headers: str) -> httpx.Response:
    return ask("POST", IRIS, content=body, headers={"Content-Type": kind, **headers})


@pytest.mark.parametrize("wanted", [JSON, NDJSON, CSV, ARROW, NPY])
@pytest.mark.parametrize("given", [JSON, CSV, ARROW, NPY])
def test_any_format_is_answered_in_any_format(ask: Ask, given: str, wanted: str) -> None:
    expected = np.array(send(ask, BODIES[JSON], JSON).json()["probabilities"])

    answer = send(ask, BODIES[given], given, Accept=wanted)

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].split(";")[0] == wanted
    assert answer.headers["x-rejected-rows"] == answer.headers["x-warnings-total"] == "0"
    assert answer.headers["x-model-name"] == "iris"
    assert_array_equal(probabilities(answer), expected)


def test_arrow_answers_have_one_schema_whether_rows_are_rejected_or_not(ask: Ask) -> None:
    def schema(rows: np.ndarray[Any, Any]) -> pa.Schema:
        body = {"instances": rows.tolist(), "on_error": "reject_rows"}
        answer = ask("POST", IRIS, json=body, headers={"Accept": ARROW})
        assert answer.headers["x-rejected-rows"] == f"{int((abs(rows) > 1e300).any())}"
        return pa.ipc.open_stream(answer.content).schema

    beyond = np.where(np.arange(4) % 2, 1.7e308, -1.7e308) * [[0.0], [1.0], [0.0]] + ROWS

    assert schema(ROWS).field("error_code").type == pa.string()
    assert schema(beyond) == schema(ROWS)


@pytest.mark.parametrize("given", [JSON, NDJSON, CSV, ARROW, NPY])
def test_the_answer_comes_in_the_format_of_the_request(ask: Ask, given: str) -> None:
    answer = send(ask, BODIES[given], given)

    assert answer.headers["content-type"].split(";")[0] == given


def test_weights_decide_between_formats(ask: Ask) -> None:
    accept = "text/csv;q=0.5, application/json;q=0.4, application/x-npy;q=0"

    answer = send(ask, BODIES[NPY], NPY, Accept=accept)

    assert answer.headers["content-type"].startswith(CSV)


def test_what_cannot_be_answered_is_refused(refused: Refused) -> None:
    problem = refused(
        406,
        "POST",
        "/models/iris/explain",
        content=BODIES[CSV],
        headers={"Content-Type": CSV, "Accept": "text/csv"},
    )

    assert problem["type"] == "/problems/not_acceptable"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw deflate"])
def test_compressed_bodies_are_read(ask: Ask, coding: str) -> None:
    raw = zlib.compressobj(wbits=-15)
    packed = {
        "gzip": gzip.compress(BODIES[JSON]),
        "deflate": zlib.compress(BODIES[JSON]),
        "raw deflate": raw.compress(BODIES[JSON]) + raw.flush(),
    }[coding]

    answer = send(ask, packed, JSON, **{"Content-Encoding": coding.rsplit(" ", maxsplit=1)[-1]})

    assert answer.json()["labels"] == ["setosa", "virginica", "versicolor"]


@pytest.mark.parametrize(
    ("body", "coding", "status", "code"),
    [
        (gzip.compress(b" " * 2**26, mtime=0), "gzip", 413, "content_too_large"),
        (b"no gzip at all", "gzip", 400, "malformed_request"),
        (gzip.compress(BODIES[JSON], mtime=0)[:-4], "gzip", 400, "malformed_request"),
        (gzip.compress(BODIES[JSON], mtime=0) + b"more", "gzip", 400, "malformed_request"),
        (BODIES[JSON], "br", 415, "unsupported_media_type"),
        (BODIES[JSON], "gzip, gzip", 415, "unsupported_media_type"),
    ],
)
def test_compressed_bodies_that_do_not_fit_are_refused(
    refused: Refused, body: bytes, coding: str, status: int, code: str
) -> None:
    headers = {"Content-Type": JSON, "Content-Encoding": coding}

    problem = refused(status, "POST", IRIS, content=body, headers=headers)

    assert problem["type"] == f"/problems/{code}"


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        (CSV, b"a,b\n1,2\n", 422, "missing_feature"),
        (CSV, as_csv(ROWS).replace(b"sepal_width", b"petal_width"), 422, "missing_feature"),
        (CSV, as_csv(ROWS[:0]), 422, "empty_batch"),
        (CSV, as_csv(ROWS) + b"\n1,2\n", 422, "wrong_width"),
        (CSV, as_csv(ROWS).replace(b"6.3", b"inf"), 422, "wrong_type"),
        (CSV, as_csv(ROWS).replace(b"6.3", b"6_3"), 422, "wrong_type"),
        (CSV, as_csv(ROWS).replace(b"6.3", b""), 422, "missing_value"),
        (CSV, as_csv(ROWS).replace(b"6.3", b"1e999"), 422, "not_finite"),
        (CSV, b"\xff\xfe", 400, "malformed_request"),
        (ARROW, b"no stream", 400, "malformed_request"),
        (ARROW, as_arrow(ROWS)[:-40], 400, "malformed_request"),
        (ARROW, as_arrow(ROWS[:0]), 422, "empty_batch"),
        (NPY, as_npy(ROWS)[:-8], 400, "malformed_request"),
        (NPY, as_npy(ROWS) + b"x", 400, "malformed_request"),
        (NPY, as_npy(ROWS[:, :3]), 422, "wrong_width"),
        (NPY, as_npy(ROWS[0]), 422, "wrong_width"),
        (NPY, as_npy(ROWS + 1j), 422, "wrong_type"),
        (NPY, as_npy(np.where(ROWS == 6.3, np.nan, ROWS)), 422, "missing_value"),
        (NPY, as_npy(np.where(ROWS == 6.3, np.inf, ROWS)), 422, "not_finite"),
        (NPY, b"\x93NUMPY\x01\x00v\x00{'shape':(9,)*9**9}", 400, "malformed_request"),
    ],
)
def test_bodies_that_do_not_fit_are_refused(
    refused: Refused, kind: str, body: bytes, status: int, code: str
) -> None:
    problem = refused(status, "POST", IRIS, content=body, headers={"Content-Type": kind})

    codes = {error["code"] for error in problem.get("errors", [{"code": code}])}
    assert code in codes


def test_compressed_arrow_buffers_are_refused_before_they_grow(refused: Refused) -> None:
    batch = pa.record_batch([pa.array(np.zeros(2**20)) for _ in NAMES], names=list(NAMES))
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)

    problem = refused(
        400, "POST", IRIS, content=bytes(sink.getvalue()), headers={"Content-Type": ARROW}
    )

    assert "compressed" in problem["detail"]


def test_arrow_numbers_of_any_width_and_dictionaries_of_nulls_are_read(ask: Ask) -> None:
    columns = [
        pa.array(ROWS[:, 0], type=pa.float32()),
        pa.array([3, 3, 3], type=pa.int8()),
        pa.array(ROWS[:, 2]),
        pa.array(ROWS[:, 3]),
    ]
    batch = pa.record_batch(columns, names=list(NAMES))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)

    answer = send(ask, bytes(sink.getvalue()), ARROW, Accept=JSON)

    assert answer.json()["labels"] == ["setosa", "virginica", "versicolor"]


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<i4", ">i2", "|u1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_numbers_of_any_kind_and_order_are_read(ask: Ask, dtype: str, order: Any) -> None:
    rows = np.asarray(np.round(ROWS), dtype=dtype, order=order)
    expected = send(ask, as_npy(np.round(ROWS)), NPY).content

    assert send(ask, as_npy(rows), NPY).content == expected
