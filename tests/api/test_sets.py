"""Prediction sets over HTTP, of a model that was trained with calibration rows."""

import asyncio
import csv
import io
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from sklearn.datasets import load_iris

from service.api.served import Models
from service.app import create_app
from service.artifacts.loading import load_catalogue
from service.artifacts.store import Store
from service.cli.main import commands
from service.settings import Settings

CLASSES = ["setosa", "versicolor", "virginica"]
PRIORS = {"setosa": 1, "versicolor": 1, "virginica": 30}
FLOWERS: Any = load_iris()
X, y = FLOWERS.data, FLOWERS.target


@pytest.fixture(scope="module")
def flowers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with iris, with rows for sets and without."""
    root = tmp_path_factory.mktemp("flowers") / "models"
    options = ["--C", "0.01", "--calibration-size", "0.5", "--test-size", "0"]
    for name, more in (("open", []), ("closed", ["--no-sample"])):
        done = CliRunner().invoke(
            commands,
            ["train", "iris", "--name", name, *options, *more],
            env={"SOFTMAX_MODELS": str(root)},
        )
        assert done.exit_code == 0, done.output
    return root


def decide(root: Path, model: str, **policy: Any) -> httpx.Response:
    body = {"instances": X.tolist(), "policy": {"type": "set", "coverage": 0.8, **policy}}
    return asked(root, model, body)


def asked(root: Path, model: str, body: dict[str, Any], accept: str = "") -> httpx.Response:
    app = create_app(Models(load_catalogue(Store(root=root)).catalogue), Settings(models=root))

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://test"
        ) as client:
            headers = {"Accept": accept} if accept else {}
            return await client.post(f"/models/{model}/decide", json=body, headers=headers)

    return asyncio.run(send())


def sets_of(answer: httpx.Response) -> np.ndarray[Any, Any]:
    assert answer.status_code == 200, answer.text
    return np.array([[c in one for c in CLASSES] for one in answer.json()["sets"]])


@pytest.mark.parametrize("method", ["lac", "aps"])
def test_sets_for_another_mix_of_classes_keep_the_promise_to_each_class(
    flowers: Path, method: str
) -> None:
    plain = decide(flowers, "open", per_class=True, method=method)

    answer = decide(flowers, "open", per_class=True, method=method, priors=PRIORS)

    assert (sets_of(answer) != sets_of(plain)).any()
    assert answer.json()["probabilities"] == plain.json()["probabilities"]
    held = sets_of(answer)[np.arange(150), y]
    # 25 calibration rows a class let the coverage of a model vary by 0.08, 50 rows by 0.06.
    assert min(held[y == k].mean() for k in range(3)) > 0.8 - 3 * (0.08 + 0.06)
    for one, decision in zip(answer.json()["sets"], answer.json()["decisions"], strict=True):
        assert decision == (one[0] if len(one) == 1 else "abstain")
    assert "whatever the mix of the classes" in answer.json()["policy"]["guarantee"]


def test_a_model_without_rows_answers_sets_for_its_own_mix_and_refuses_another(
    flowers: Path,
) -> None:
    plain = decide(flowers, "closed", per_class=True)
    refused = decide(flowers, "closed", per_class=True, priors=PRIORS)

    assert plain.json()["sets"] == decide(flowers, "open", per_class=True).json()["sets"]
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/policy/priors", "invalid_policy")
    assert "train it anew, without --no-sample" in error["detail"]


def test_priors_without_a_promise_by_class_are_refused(flowers: Path) -> None:
    refused = decide(flowers, "open", priors=PRIORS)

    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["pointer"] == "/policy/priors"
    assert "'per_class': true" in error["detail"]


SOME = {
    "instances": [X[0].tolist(), [], X[100].tolist(), X[70].tolist()],
    "policy": {"type": "set", "coverage": 0.8},
    "on_error": "reject_rows",
}


def test_a_table_says_of_each_class_whether_it_is_in_the_set(flowers: Path) -> None:
    sets = asked(flowers, "open", SOME).json()["sets"]

    answer = asked(flowers, "open", SOME, "application/vnd.apache.arrow.stream")

    table = pa.ipc.open_stream(answer.content).read_all()
    assert table.column_names == [
        *(f"proba_{name}" for name in CLASSES),
        "decision",
        *(f"in_set_{name}" for name in CLASSES),
        "error_code",
    ]
    for name in CLASSES:
        column = table[f"in_set_{name}"]
        assert pa.types.is_boolean(column.type)
        assert column.to_pylist() == [None if one is None else name in one for one in sets]
    assert sets[1] is None


def test_sets_in_csv_are_true_and_false_and_nothing_where_a_row_is_rejected(flowers: Path) -> None:
    sets = asked(flowers, "open", SOME).json()["sets"]

    answer = asked(flowers, "open", SOME, "text/csv")

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [[row[f"in_set_{name}"] for name in CLASSES] for row in rows] == [
        [""] * 3 if one is None else [str(name in one).lower() for name in CLASSES] for one in sets
    ]


def test_a_table_without_the_sets_is_one_without_their_columns(flowers: Path) -> None:
    answer = asked(flowers, "open", SOME | {"fields": ["decisions"]}, "text/csv")

    assert answer.text.splitlines()[0] == "decision,error_code"
