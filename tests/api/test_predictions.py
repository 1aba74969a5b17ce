"""Predictions over HTTP: answers, and every way a request can be wrong."""

import math
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from service.artifacts.artifact import unpack
from service.artifacts.store import Store
from service.settings import Settings

Ask = Callable[..., httpx.Response]
Refused = Callable[..., dict[str, Any]]

IRIS = "/models/iris/predict_proba"
NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
ROW = [5.1, 3.5, 1.4, 0.2]


def faults(problem: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in problem["errors"]]


def json_text(text: str) -> dict[str, Any]:
    return {"content": text.encode(), "headers": {"Content-Type": "application/json"}}


def test_an_answer_holds_model_classes_probabilities_and_labels(ask: Ask, store: Path) -> None:
    artifact = unpack(Store(root=store).read("iris", 1))

    answer = ask("POST", IRIS, json={"instances": [ROW, [6.3, 2.9, 5.6, 1.8]]})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["model"] == {"name": "iris", "version": 1, "digest": artifact.digest}
    assert body["classes"] == ["setosa", "versicolor", "virginica"]
    assert body["labels"] == ["setosa", "virginica"]
    # Read back, the text gives the very doubles that the model computed.
    expected = artifact.model.predict_proba(np.array([ROW, [6.3, 2.9, 5.6, 1.8]]))
    assert_array_equal(body["probabilities"], expected)


def test_headers_say_which_model_answered(ask: Ask) -> None:
    answer = ask("POST", IRIS, json={"instances": [ROW]})

    assert answer.headers["x-model-name"] == "iris"
    assert answer.headers["x-model-version"] == "1"
    assert answer.headers["x-model-digest"] == answer.json()["model"]["digest"]


def test_rows_may_be_lists_objects_both_or_columns(ask: Ask) -> None:
    by_name = dict(zip(reversed(NAMES), reversed(ROW), strict=True))
    columns = {name: [value] for name, value in by_name.items()}
    requests = [
        {"instances": [ROW]},
        {"instances": [by_name]},
        {"columns": columns},
    ]

    answers = [ask("POST", IRIS, json=request).json() for request in requests]
    mixed = ask("POST", IRIS, json={"instances": [ROW, by_name]}).json()

    assert answers[0] == answers[1] == answers[2]
    # Two rows are added up in another order than one.
    assert_allclose(mixed["probabilities"], answers[0]["probabilities"] * 2, rtol=1e-13)


def test_predict_answers_labels_alone(ask: Ask) -> None:
    body = ask("POST", "/models/iris/predict", json={"instances": [ROW]}).json()

    assert list(body) == ["model", "labels"]
    assert body["labels"] == ["setosa"]


def test_the_root_the_model_and_the_version_answer_alike(ask: Ask) -> None:
    paths = ["", "/models/demo", "/models/demo/versions/1"]

    answers = {
        ask("POST", f"{path}/predict_proba", json={"instances": [[0.4, -1.9]]}).content
        for path in paths
    }

    assert len(answers) == 1


def test_labels_keep_the_type_they_had_in_training(ask: Ask) -> None:
    body = ask("POST", "/predict", json={"instances": [[0.4, -1.9]]}).json()

    assert [type(label) for label in body["labels"]] == [int]


def test_a_large_body_gets_the_answer_that_its_rows_get_alone(ask: Ask) -> None:
    rows = np.random.default_rng(2).uniform(0, 8, size=(5000, 4)).round(3).tolist()

    together = ask("POST", IRIS, json={"instances": rows}).json()

    alone = [ask("POST", IRIS, json={"instances": [row]}).json() for row in rows[:20]]
    assert len(together["labels"]) == 5000
    assert together["labels"][:20] == [answer["labels"][0] for answer in alone]
    for row in together["probabilities"]:
        assert abs(math.fsum(row) - 1) <= 8 * np.finfo(float).eps


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("[[1,2,3]]", [("/instances/0", "wrong_width")]),
        ("[[]]", [("/instances/0", "wrong_width")]),
        (
            "[[1,2,3,4],[1,2,3],[1,2,3,4,5]]",
            [("/instances/1", "wrong_width"), ("/instances/2", "wrong_width")],
        ),
        ("[[1,2,3,NaN]]", [("/instances/0/3", "not_finite")]),
        ("[[1,-Infinity,3,4]]", [("/instances/0/1", "not_finite")]),
        ("[[1,2,3,1e400]]", [("/instances/0/3", "not_finite")]),
        (f"[[1,2,3,1{'0' * 400}]]", [("/instances/0/3", "not_finite")]),
        ('[[1,2,"3",4]]', [("/instances/0/2", "wrong_type")]),
        ("[[1,2,true,4]]", [("/instances/0/2", "wrong_type")]),
        ("[[1,2,[3],{}]]", [("/instances/0/2", "wrong_type"), ("/instances/0/3", "wrong_type")]),
        ("[[1,2,null,4]]", [("/instances/0/2", "missing_value")]),
        ("[5]", [("/instances/0", "wrong_type")]),
        ("[null]", [("/instances/0", "wrong_type")]),
        ("[[1,2,3,4],[1e308,1e308,1e308,1e308]]", [("/instances/1", "outside_domain")]),
        ("[]", [("/instances", "empty_batch")]),
        ("{}", [("/instances", "wrong_type")]),
        (
            '[{"sepal_length":1,"sepal_width":2,"petal_length":3}]',
            [("/instances/0/petal_width", "missing_feature")],
        ),
        (
            '[{"sepal_length":1,"sepal_width":2,"petal_length":3,"petal_width":4,"a/b~":5}]',
            [("/instances/0/a~1b~0", "unknown_feature")],
        ),
        (
            '[{"sepal_length":1,"sepal_width":2,"petal_length":null,"petal_width":"x"}]',
            [
                ("/instances/0/petal_length", "missing_value"),
                ("/instances/0/petal_width", "wrong_type"),
            ],
        ),
    ],
)
def test_a_row_that_does_not_fit_is_refused_with_its_place(
    refused: Refused, rows: str, expected: list[tuple[str, str]]
) -> None:
    problem = refused(422, "POST", IRIS, **json_text(f'{{"instances": {rows}}}'))

    assert faults(problem) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("[]", [("/columns", "wrong_type")]),
        ("{}", [(f"/columns/{name}", "missing_feature") for name in NAMES]),
        (
            '{"sepal_length":[],"sepal_width":[],"petal_length":[],"petal_width":[]}',
            [("/columns", "empty_batch")],
        ),
        (
            '{"sepal_length":[1,2],"sepal_width":[1],"petal_length":[1,2],"petal_width":[1,2]}',
            [("/columns/sepal_width", "wrong_width")],
        ),
        (
            '{"sepal_length":[1],"sepal_width":["x"],"petal_length":[null],"petal_width":[1e400]}',
            [
                ("/columns/sepal_width/0", "wrong_type"),
                ("/columns/petal_length/0", "missing_value"),
                ("/columns/petal_width/0", "not_finite"),
            ],
        ),
        (
            '{"sepal_length":[1,9e307],"sepal_width":[1,9e307],"petal_length":[1,9e307],"petal_width":[1,9e307]}',
            [("/columns/1", "outside_domain")],
        ),
    ],
)
def test_a_column_that_does_not_fit_is_refused_with_its_place(
    refused: Refused, columns: str, expected: list[tuple[str, str]]
) -> None:
    problem = refused(422, "POST", IRIS, **json_text(f'{{"columns": {columns}}}'))

    assert faults(problem) == expected


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("", 400, "malformed_json"),
        ("{", 400, "malformed_json"),
        ('{"instances": [[1,2,3,4]]} x', 400, "malformed_json"),
        ("\ufeff{}", 400, "malformed_json"),
        ('{"instances": ' + "[" * 5000, 400, "malformed_json"),
        ('{"instances": [[1' + "0" * 5000 + "]]}", 400, "malformed_json"),
        ("[]", 422, "wrong_type"),
        ("null", 422, "wrong_type"),
        ("{}", 422, "invalid_input"),
        ('{"instances": [], "columns": {}}', 422, "invalid_input"),
        ('{"instances": [[1,2,3,4]], "x": 1}', 422, "invalid_parameter"),
    ],
    ids=range(11),
)
def test_a_body_that_is_no_request_is_refused(
    refused: Refused, text: str, status: int, code: str
) -> None:
    problem = refused(status, "POST", IRIS, **json_text(text))

    assert problem["type"] == f"/problems/{code}"
    assert problem["errors"][0]["code"] == code


def test_bytes_that_are_no_text_are_refused(refused: Refused) -> None:
    headers = {"Content-Type": "application/json"}

    problem = refused(400, "POST", IRIS, content=b'{"instances": "\xff"}', headers=headers)

    assert problem["type"] == "/problems/malformed_json"


def test_one_kind_of_fault_names_the_problem_and_several_are_invalid_input(
    refused: Refused,
) -> None:
    one = refused(422, "POST", IRIS, **json_text('{"instances":[[1,2,null,null]]}'))
    several = refused(422, "POST", IRIS, **json_text('{"instances":[[1,2,null,"x"]]}'))

    assert one["type"] == "/problems/missing_value"
    assert several["type"] == "/problems/invalid_input"


def test_at_most_ten_faults_are_listed_and_none_repeats_the_value(refused: Refused) -> None:
    rows = [["secret", 2, 3, 4]] * 1000

    problem = refused(422, "POST", IRIS, json={"instances": rows})

    assert len(problem["errors"]) == 10
    assert "secret" not in str(problem)


def test_a_long_name_is_not_repeated_whole(refused: Refused) -> None:
    problem = refused(422, "POST", IRIS, json={"instances": [{"x" * 100_000: 1}]})

    assert len(str(problem)) < 16_000


def test_a_body_is_json_and_says_so(refused: Refused) -> None:
    for kind in ("text/plain", "application/jsonx", "application/json; charset=latin-1", ""):
        problem = refused(415, "POST", IRIS, content=b"{}", headers={"Content-Type": kind})
        assert problem["type"] == "/problems/unsupported_media_type"


@pytest.mark.parametrize(
    "kind",
    ["Application/JSON; charset=UTF-8", "application/json;", "application/json; charset=utf-8;"],
)
def test_utf_8_may_be_named(ask: Ask, kind: str) -> None:
    headers = {"Content-Type": kind}
    body = b'{"instances":[[5.1,3.5,1.4,0.2]]}'

    assert ask("POST", IRIS, content=body, headers=headers).status_code == 200


def test_parameters_that_a_path_does_not_know_are_refused(refused: Refused) -> None:
    problem = refused(422, "POST", IRIS + "?top=3", json={"instances": [ROW]})

    assert faults(problem) == [("/top", "invalid_parameter")]


@pytest.mark.parametrize(
    "path",
    [
        "/models/nix/predict",
        "/models/..%2Fdemo/predict",
        "/models/iris/versions/2/predict",
        "/models/iris/versions/x/predict",
        "/models/iris/versions/%C2%B2/predict",
        "/models/iris/versions/999999999999/predict",
    ],
)
def test_a_model_that_is_not_there_is_404(refused: Refused, path: str) -> None:
    problem = refused(404, "POST", path, json={"instances": [ROW]})

    assert problem["type"] in {"/problems/unknown_model", "/problems/not_found"}


class TestLimits:
    """A server with small limits."""

    @pytest.fixture
    def settings(self, store: Path) -> Settings:
        return Settings(models=store, body_bytes=1000, rows=5)

    def test_too_many_bytes_are_413(self, refused: Refused) -> None:
        refused(
            413, "POST", IRIS, content=b" " * 1001, headers={"Content-Type": "application/json"}
        )

    def test_too_many_bytes_in_pieces_are_413(self, refused: Refused) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(100):
                yield b" " * 100

        headers = {"Content-Type": "application/json"}
        refused(413, "POST", IRIS, content=pieces(), headers=headers)

    @pytest.mark.parametrize("n_rows", [5, 6])
    def test_too_many_rows_are_413(self, ask: Ask, n_rows: int) -> None:
        by_column = {"columns": {name: [1] * n_rows for name in NAMES}}
        by_row = {"instances": [[1, 2, 3, 4]] * n_rows}
        by_name = {"instances": [dict(zip(NAMES, ROW, strict=True))] * n_rows}

        statuses = {
            ask("POST", IRIS, json=body).status_code for body in (by_row, by_column, by_name)
        }

        assert statuses == {200 if n_rows == 5 else 413}
