"""The client against a real server: rows, tables, refusals, prefixes."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.datasets import load_iris
from starlette.types import Receive, Scope, Send

from service.api.guards import Guards, gate_of
from service.api.metrics.recorder import Recorder
from service.api.metrics.shared import SharedCounters
from service.api.served import Models
from service.app import Application, create_app
from service.artifacts.loading import load_catalogue
from service.artifacts.store import Store
from service.client import (
    AccessRefusedError,
    AsyncClient,
    BusyError,
    Client,
    InputRefusedError,
    NotFoundError,
    Retries,
)
from service.client.calls import ARROW_CELLS
from service.errors import ValueRefusedError
from service.settings import Settings
from tests.conftest import serving

X_IRIS = load_iris(return_X_y=True)[0]
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
POLICY = {
    "type": "cost",
    "costs": {
        "setosa": {"setosa": 0, "versicolor": 1, "review": 0.2},
        "versicolor": {"setosa": 1, "versicolor": 0, "review": 0.2},
        "virginica": {"setosa": 1, "versicolor": 1, "review": 0.2},
    },
}
MAKERS: dict[str, Callable[[Any], Any]] = {
    "pandas": lambda X: pd.DataFrame(X, columns=NAMES),
    "polars": lambda X: pl.DataFrame(X, schema=NAMES),
    "pyarrow": lambda X: pa.table(dict(zip(NAMES, X.T, strict=True))),
}
libraries = pytest.mark.parametrize("library", MAKERS)


def rows_of(table: Any) -> list[dict[str, Any]]:
    """Give the rows of a table of any library."""
    if isinstance(table, pd.DataFrame):
        rows = table.astype(object).where(table.notna(), None).to_dict("records")
    else:
        rows = table.to_dicts() if isinstance(table, pl.DataFrame) else table.to_pylist()
    return list(rows)


def application(store: Path, settings: Settings | None = None) -> Application:
    """Put the application together on a store, with its gate."""
    chosen = settings if settings is not None else Settings(models=store)
    guards = Guards(recorder=Recorder(SharedCounters(1)), gate=gate_of(chosen))
    return create_app(Models(load_catalogue(Store(root=store)).catalogue), chosen, guards=guards)


@pytest.fixture
def iris(server: str) -> Any:
    with Client(server, model="iris") as client:
        yield client


def test_rows_are_answered_as_the_model_answers_them(iris: Client) -> None:
    as_list = iris.predict_proba([[5.1, 3.5, 1.4, 0.2]])
    as_mapping = iris.predict_proba([dict(zip(NAMES, [5.1, 3.5, 1.4, 0.2], strict=True))])
    as_matrix = iris.predict_proba(np.array([[5.1, 3.5, 1.4, 0.2]]))

    assert as_list["labels"] == ["setosa"]
    assert as_list["classes"] == ["setosa", "versicolor", "virginica"]
    assert as_list["model"]["name"] == "iris"
    assert as_list == as_mapping == as_matrix


def test_every_task_is_asked_for_with_its_options(iris: Client) -> None:
    rows = [[5.1, 3.5, 1.4, 0.2], [6.3, 2.9, 5.6, 1.8]]

    assert iris.predict(rows)["labels"] == ["setosa", "virginica"]
    assert iris.predict_proba(rows, top_k=1, fields=["classes"])["classes"] == [
        ["setosa"],
        ["virginica"],
    ]
    assert iris.decide(rows)["decisions"] == ["setosa", "virginica"]
    assert iris.decide(rows, {"type": "threshold", "threshold": 0.9})["decisions"] == [
        "setosa",
        "abstain",
    ]
    explained = iris.explain(rows[:1], against="virginica", centred=True)["explanations"][0]
    assert explained is not None
    assert explained["against"] == "virginica"
    assert set(explained["contributions"]) == set(NAMES)


def test_cards_models_and_pictures_are_fetched(server: str, iris: Client) -> None:
    with Client(server) as client:
        assert client.card()["model"]["name"] == "demo"
        assert [one["name"] for one in client.models()["models"]] == ["demo", "iris"]
    assert iris.card()["model"]["name"] == "iris"
    assert iris.regions(x="sepal_length", y="petal_width", **{"at.petal_length": 4.5}).startswith(
        b"\x89PNG"
    )
    assert iris.regions("svg", x="sepal_length", y="sepal_width").startswith(b"<svg")


def test_a_version_is_asked_by_its_path(server: str) -> None:
    with Client(server, model="iris", version=1) as client:
        assert client.card()["model"]["version"] == 1
        assert client.predict([[5.1, 3.5, 1.4, 0.2]])["model"]["version"] == 1
    with Client(server, model="iris", version=9) as client, pytest.raises(NotFoundError):
        client.predict([[5.1, 3.5, 1.4, 0.2]])


@libraries
@pytest.mark.parametrize("task", ["predict_proba", "predict", "decide", "policy"])
def test_a_table_is_answered_alike_however_it_travels(
    iris: Client, library: str, task: str
) -> None:
    small = X_IRIS[:40]
    large = np.tile(small, (ARROW_CELLS // small.size + 1, 1))
    asks: dict[str, Callable[[Any], Any]] = {
        "predict_proba": iris.predict_proba,
        "predict": iris.predict,
        "decide": iris.decide,
        "policy": lambda table: iris.decide(table, POLICY),
    }

    as_json, as_arrow = (asks[task](MAKERS[library](X)) for X in (small, large))

    assert type(as_json) is type(as_arrow) is type(MAKERS[library](small))
    few, many = rows_of(as_json), rows_of(as_arrow)
    assert len(many) == len(large)
    assert list(few[0]) == list(many[0])
    for row, other in zip(few, many, strict=False):
        for name, value in row.items():
            same = value == other[name] or np.isclose(value, other[name], rtol=1e-12)
            assert same, name


@libraries
def test_a_long_table_goes_in_several_requests_and_comes_back_as_one(
    server: str, library: str
) -> None:
    X = np.tile(X_IRIS, (60, 1))
    with Client(server, model="iris", rows_per_request=1_000) as client:
        answer = client.predict_proba(MAKERS[library](X))

    rows = rows_of(answer)
    assert len(rows) == len(X)
    assert [row["label"] for row in rows[8_900:]] == [row["label"] for row in rows[50:150]]


@libraries
@pytest.mark.parametrize("n_rows", [400, 20_000])
def test_a_bad_row_is_pointed_at_in_the_whole_table_or_left_out(
    server: str, library: str, n_rows: int
) -> None:
    X = np.tile(X_IRIS, (n_rows // 150 + 1, 1))[:n_rows].copy()
    X[n_rows - 5, 2] = np.nan
    with Client(server, model="iris", rows_per_request=n_rows // 4) as client:
        with pytest.raises(InputRefusedError) as raised:
            client.predict(MAKERS[library](X))
        answer = rows_of(client.predict(MAKERS[library](X), on_error="reject_rows"))

    (mistake,) = raised.value.errors
    assert str(n_rows - 5) in mistake.pointer.split("/")
    assert "petal_length" in mistake.pointer.split("/")
    assert raised.value.problem_code == mistake.code == "missing_value"
    assert [n for n, row in enumerate(answer) if row["label"] is None] == [n_rows - 5]
    assert answer[n_rows - 5]["error_code"] == "missing_value"


def test_a_frame_keeps_its_index(iris: Client) -> None:
    few = pd.DataFrame(X_IRIS[:3], columns=NAMES, index=["x", "y", "z"])
    many = pd.DataFrame(np.tile(X_IRIS, (50, 1)), columns=NAMES).iloc[::-1]

    assert iris.predict(few).index.tolist() == ["x", "y", "z"]
    assert iris.predict(many).index.equals(many.index)


def test_what_is_missing_in_a_frame_is_null_whatever_pandas_calls_it(iris: Client) -> None:
    frame = pd.DataFrame(X_IRIS[:4], columns=NAMES).astype({"sepal_width": object})
    frame.loc[0, "sepal_width"] = None
    frame.loc[1, "sepal_width"] = pd.NA
    frame.loc[2, "sepal_width"] = float("nan")

    answer = iris.predict(frame, on_error="reject_rows")

    assert answer["error_code"].tolist()[:3] == ["missing_value"] * 3
    assert answer["label"][3] == "setosa"


def test_a_refusal_says_what_is_wrong_and_where(iris: Client) -> None:
    with pytest.raises(InputRefusedError) as raised:
        iris.predict([[5.1, 3.5, 1.4], [6.3, 2.9, "5.6", 1.8]])

    error = raised.value
    assert error.status == 422
    assert error.problem_code == "invalid_input"
    assert [(one.pointer, one.code) for one in error.errors] == [
        ("/instances/0", "wrong_width"),
        ("/instances/1/2", "wrong_type"),
    ]
    assert error.request_id
    assert error.detail.startswith("expected 4 features in instance 0, got 3")


def test_what_is_no_json_is_refused_before_it_is_sent(iris: Client) -> None:
    with pytest.raises(ValueRefusedError, match="expected finite numbers, texts, booleans"):
        iris.predict([[5.1, 3.5, 1.4, float("inf")]])
    with pytest.raises(ValueRefusedError, match="expected finite numbers, texts, booleans"):
        iris.predict([[5.1, 3.5, 1.4, object()]])  # type: ignore[list-item]  # that is the point


def test_a_table_has_every_class(iris: Client) -> None:
    with pytest.raises(ValueRefusedError, match="neither top_k nor fields"):
        iris.predict_proba(MAKERS["pandas"](X_IRIS), top_k=1)


def test_a_version_without_a_model_is_refused() -> None:
    with pytest.raises(ValueRefusedError, match="the name of a model with its version"):
        Client("http://127.0.0.1:1", version=1)
    with pytest.raises(ValueRefusedError, match="at least one row a request"):
        Client("http://127.0.0.1:1", rows_per_request=0)


def test_many_questions_at_once_are_answered_each_with_its_own(server: str) -> None:
    async def asked() -> list[Any]:
        async with AsyncClient(server, model="iris") as client:
            rows = [client.predict([row]) for row in X_IRIS[::10].tolist()]
            tables = [client.predict_proba(MAKERS["polars"](X_IRIS)) for _ in range(3)]
            card, models = client.card(), client.models()
            decided = client.decide([X_IRIS[0].tolist()], "argmax-by-no-name")
            explained = client.explain([X_IRIS[0].tolist()])
            picture = client.regions("geojson")
            done = await asyncio.gather(
                *rows, *tables, card, models, explained, picture, decided, return_exceptions=True
            )
            return list(done)

    *answers, card, models, explained, picture, decided = asyncio.run(asked())

    with Client(server, model="iris") as client:
        assert [one["labels"] for one in answers[:15]] == [
            client.predict([row])["labels"] for row in X_IRIS[::10].tolist()
        ]
        assert answers[15].equals(client.predict_proba(MAKERS["polars"](X_IRIS)))
    assert card["model"]["name"] == "iris"
    assert models["default"] == "demo"
    assert explained["explanations"][0]["label"] == "setosa"
    assert picture.startswith(b"{")
    assert isinstance(decided, InputRefusedError)
    assert decided.problem_code == "invalid_policy"


def test_a_service_behind_a_path_of_somebody_else_s_address_is_reached(store: Path) -> None:
    app = application(store)

    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        # As a proxy does that serves several services under one address.
        assert scope["path"].startswith("/ml/")
        path = scope["path"].removeprefix("/ml")
        await app({**scope, "path": path, "raw_path": path.encode()}, receive, send)

    async def asked() -> list[Any]:
        transport = httpx.ASGITransport(mounted)
        async with AsyncClient("http://here/ml/", model="iris", transport=transport) as client:
            table = MAKERS["pandas"](np.tile(X_IRIS, (40, 1)))
            return [await client.card(), await client.predict(table), await client.models()]

    card, labels, models = asyncio.run(asked())

    assert card["model"]["name"] == "iris"
    assert len(labels) == 6_000
    assert models["default"] == "demo"


CATEGORIES: dict[str, list[Any]] = {
    "height": [1.5, None, -2.0, 0.25],
    "colour": ["blue", "réd", None, "blue"],
    "grade": [1, 2, 2, 1],
    "old": [True, False, True, True],
}
CATEGORY_MAKERS: dict[str, Callable[[Any], Any]] = {
    "pandas": pd.DataFrame,
    "pandas categories": lambda columns: pd.DataFrame(columns).astype({"colour": "category"}),
    "polars": pl.DataFrame,
    "polars categories": lambda columns: pl.DataFrame(
        columns, schema_overrides={"colour": pl.Categorical}
    ),
    "pyarrow": pa.table,
}


@pytest.mark.parametrize("kind", CATEGORY_MAKERS)
def test_texts_whole_numbers_and_truth_values_travel_as_what_they_are(
    category_store: Path, kind: str
) -> None:
    many = {name: values * 2_000 for name, values in CATEGORIES.items()}
    rows = [
        dict(zip(CATEGORIES, row, strict=True)) for row in zip(*CATEGORIES.values(), strict=True)
    ]
    app = application(category_store)

    async def asked() -> list[Any]:
        transport = httpx.ASGITransport(app)
        async with AsyncClient("http://here", transport=transport) as client:
            tables = [CATEGORY_MAKERS[kind](columns) for columns in (CATEGORIES, many)]
            return [await client.predict_proba(one) for one in (rows, *tables)]

    by_row, few, lots = asyncio.run(asked())

    sure = [p for _, p in by_row["probabilities"]]
    assert np.allclose([row["proba_true"] for row in rows_of(few)], sure, rtol=1e-12)
    assert np.allclose([row["proba_true"] for row in rows_of(lots)], sure * 2_000, rtol=1e-12)
    assert [row["label"] for row in rows_of(few)] == by_row["labels"]


def test_a_service_without_pyarrow_gets_large_tables_as_json(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "pyarrow.py").write_text("raise ImportError")
    bare = environment | {"PYTHONPATH": str(tmp_path)}
    X = np.tile(X_IRIS, (60, 1))

    with serving(store, bare, tmp_path) as url, Client(url, model="iris") as client:
        answer = client.predict(MAKERS["pandas"](X))

    assert len(answer) == len(X)
    assert answer["label"][:3].tolist() == ["setosa"] * 3


def test_numbers_of_numpy_are_numbers(iris: Client) -> None:
    row = [np.float32(5), np.float64(3.5), np.int64(1), np.int8(0)]

    assert iris.predict([row]) == iris.predict([[5.0, 3.5, 1.0, 0.0]])  # type: ignore[list-item]  # they are like numbers


def test_a_key_travels_with_every_request(store: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"me predict {sha256(b'open-sesame').hexdigest()}\n")
    settings = Settings(models=store, keys=keys)
    app = application(store, settings)

    async def labels(api_key: str | None) -> Any:
        transport = httpx.ASGITransport(app)
        async with AsyncClient("http://here", api_key=api_key, transport=transport) as client:
            return (await client.predict([[0.4, -1.9]]))["labels"]

    assert asyncio.run(labels("open-sesame")) == [2]
    for wrong in ("close-sesame", None):
        with pytest.raises(AccessRefusedError) as raised:
            asyncio.run(labels(wrong))
        assert raised.value.problem_code == "unauthorized"


def test_a_client_that_asks_too_often_comes_back_when_it_may(store: Path) -> None:
    app = application(store, Settings(models=store, rate_limit=2))

    async def asked(retries: Retries) -> list[Any]:
        transport = httpx.ASGITransport(app)
        async with AsyncClient("http://here", retries=retries, transport=transport) as client:
            return [(await client.predict([[0.4, -1.9]]))["labels"] for _ in range(5)]

    with pytest.raises(BusyError) as raised:
        asyncio.run(asked(Retries(attempts=1)))
    assert raised.value.problem_code == "rate_limited"
    assert raised.value.retry_after_s is not None
    assert asyncio.run(asked(Retries())) == [[2]] * 5


def test_importing_the_client_imports_no_table_library() -> None:
    script = "import service.client, sys; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout.split()

    assert not {"pandas", "polars", "pyarrow", "fastapi", "sklearn"} & set(loaded)


def test_a_client_that_was_closed_has_no_connection(server: str) -> None:
    client = Client(server)
    client.close()

    with pytest.raises(RuntimeError, match="closed"):
        client.models()
