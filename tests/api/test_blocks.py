"""Many rows, which are answered a block at a time, get what they would get all at once."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose

from service.api.blocks import BLOCK_ROWS
from service.api.matrix import BLOCK_BYTES
from service.settings import Settings
from tests.api.conftest import asker

Ask = Callable[..., httpx.Response]
Refused = Callable[..., dict[str, Any]]
Matrix = np.ndarray[Any, np.dtype[np.float64]]

IRIS = "/models/iris/predict_proba"
WHOLE = "?on_error=reject_rows"
"""With it rows are told apart, which is done to all of them at once."""
NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
CLASSES = ("setosa", "versicolor", "virginica")
JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"
NPY = "application/x-npy"
N_ROWS = 30_000


@pytest.fixture(scope="module")
def rows() -> Matrix:
    """Rows like those of training, but for a value now and then, for more than one block."""
    drawn = np.random.default_rng(5).uniform(2.0, 2.5, size=(N_ROWS, 4)).round(6)
    drawn[::2500, 1] = 99.0
    return drawn


def body(rows: Matrix, kind: str) -> bytes:
    if kind == JSON:
        return json.dumps({"instances": rows.tolist()}).encode()
    if kind == NPY:
        file = io.BytesIO()
        np.save(file, rows)
        return file.getvalue()
    table = pa.table(dict(zip(NAMES, rows.T, strict=True)))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=7_000)
    return bytes(sink.getvalue())


def read(answer: httpx.Response) -> tuple[Matrix, list[Any]]:
    assert answer.status_code == 200, answer.text[:500]
    kind = answer.headers["content-type"]
    if kind == NPY:
        return np.load(io.BytesIO(answer.content)), []
    if kind == ARROW:
        table = pa.ipc.open_stream(answer.content).read_all()
        assert table["error_code"].null_count == len(table)
        columns = [table[f"proba_{name}"].to_numpy() for name in CLASSES]
        return np.column_stack(columns), table["label"].to_pylist()
    content = answer.json()
    return np.array(content["probabilities"]), content["labels"]


def send(ask: Ask, path: str, content: bytes, given: str, wanted: str = JSON) -> httpx.Response:
    headers = {"Content-Type": given, "Accept": wanted}
    return ask("POST", path, content=content, headers=headers)


@pytest.mark.parametrize("given", [JSON, ARROW, NPY])
@pytest.mark.parametrize("wanted", [JSON, ARROW, NPY])
def test_blocks_are_answered_as_all_rows_at_once(
    ask: Ask, rows: Matrix, given: str, wanted: str
) -> None:
    content = body(rows, given)
    assert given != JSON or len(content) > BLOCK_BYTES
    assert len(rows) > BLOCK_ROWS
    whole = send(ask, IRIS + WHOLE, content, given, wanted)

    answer = send(ask, IRIS, content, given, wanted)

    probabilities, labels = read(answer)
    expected, expected_labels = read(whole)
    # Products of matrices add in an order that depends on the number of rows.
    assert_allclose(probabilities, expected, rtol=1e-12, atol=1e-300)
    assert labels == expected_labels
    assert answer.headers["x-warnings-total"] == whole.headers["x-warnings-total"] == "12"


def test_warnings_point_at_rows_of_any_block(ask: Ask, rows: Matrix) -> None:
    answer = send(ask, IRIS, body(rows, JSON), JSON).json()

    assert answer["warnings_total"] == 12
    assert [one["pointer"] for one in answer["warnings"]] == [
        f"/instances/{row}/1" for row in range(0, 25_000, 2500)
    ]
    assert list(answer) == [
        *("model", "classes", "probabilities", "labels", "warnings", "warnings_total")
    ]


@pytest.mark.parametrize("path", ["/models/iris/predict", "/models/iris/decide"])
def test_other_tasks_are_answered_in_blocks_too(ask: Ask, rows: Matrix, path: str) -> None:
    content = body(rows, JSON)
    whole = send(ask, path + WHOLE, content, JSON).json()

    answer = send(ask, path, content, JSON).json()

    for name in ("labels", "decisions"):
        assert answer.get(name) == whole.get(name)
    assert {*answer, "rejected"} == {*whole}


@pytest.mark.parametrize("given", [JSON, ARROW, NPY])
def test_a_fault_in_a_late_block_is_told_as_ever(
    refused: Refused, rows: Matrix, given: str
) -> None:
    worst = rows.copy()
    worst[28_000], worst[3] = 1.7e308, -1.7e308
    table = body(worst, given)

    problem = refused(422, "POST", IRIS, content=table, headers={"Content-Type": given})

    prefix = "/instances" if given == JSON else ""
    assert [(one["pointer"], one["code"]) for one in problem["errors"]] == [
        (f"{prefix}/3", "outside_domain"),
        (f"{prefix}/28000", "outside_domain"),
    ]


@pytest.mark.parametrize("given", [JSON, ARROW, NPY])
def test_too_many_rows_are_too_many_in_blocks(store: Path, rows: Matrix, given: str) -> None:
    ask = asker(Settings(models=store, rows=N_ROWS - 1), None)

    answer = send(ask, IRIS, body(rows, given), given)

    assert answer.status_code == 413
