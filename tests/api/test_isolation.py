"""One bad row does not kill a batch: it is rejected with its reason, the others answered."""

import io
import json
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest

Ask = Callable[..., httpx.Response]
Refused = Callable[..., dict[str, Any]]

IRIS = "/models/iris/predict_proba"
NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
ROW = [5.1, 3.5, 1.4, 0.2]


def test_rejected_rows_are_null_and_have_one_entry_each(ask: Ask) -> None:
    by_name = dict(zip(NAMES, [None, "x", 1.4, 0.2], strict=True))
    rows = [ROW, [1, 2, 3], by_name, ROW, "row", [1e308, -1e308, 1e308, 1e308]]

    answer = ask("POST", IRIS, json={"instances": rows, "on_error": "reject_rows"})

    body = answer.json()
    assert body["labels"] == ["setosa", None, None, "setosa", None, None]
    assert [p is None for p in body["probabilities"]] == [False, True, True, False, True, True]
    assert [(one["pointer"], one["code"]) for one in body["rejected"]] == [
        ("/instances/1", "wrong_width"),
        ("/instances/2/sepal_length", "missing_value"),
        ("/instances/4", "wrong_type"),
        ("/instances/5", "outside_domain"),
    ]
    assert answer.headers["x-rejected-rows"] == "4"


def test_answered_rows_of_a_batch_with_bad_ones_get_the_answers_they_get_alone(ask: Ask) -> None:
    rows = [ROW, [6.3, 2.9, 5.6, 1.8]]

    alone = ask("POST", IRIS, json={"instances": rows}).json()["probabilities"]
    among = ask(
        "POST", IRIS, json={"instances": [rows[0], [], rows[1]], "on_error": "reject_rows"}
    ).json()["probabilities"]

    assert [among[0], among[2]] == alone


def test_a_batch_of_nothing_but_bad_rows_is_answered(ask: Ask) -> None:
    body = ask("POST", IRIS, json={"instances": [[], {}], "on_error": "reject_rows"}).json()

    assert body["labels"] == [None, None]
    assert [one["code"] for one in body["rejected"]] == ["wrong_width", "missing_feature"]


def test_every_bad_row_is_told_however_many(ask: Ask) -> None:
    body = ask(
        "POST", IRIS, json={"instances": [[]] * 50 + [ROW], "on_error": "reject_rows"}
    ).json()

    assert len(body["rejected"]) == 50
    assert body["labels"][50] == "setosa"


def test_cells_of_columns_reject_their_rows(ask: Ask) -> None:
    columns: dict[str, list[Any]] = {
        name: [value] * 4 for name, value in zip(NAMES, ROW, strict=True)
    }
    columns |= {"sepal_width": [3.5, "x", 3.5, None], "petal_width": [0.2, None, 0.2, 0.2]}

    body = ask("POST", IRIS, json={"columns": columns, "on_error": "reject_rows"}).json()

    assert body["labels"] == ["setosa", None, "setosa", None]
    assert [(one["pointer"], one["code"]) for one in body["rejected"]] == [
        ("/columns/sepal_width/1", "wrong_type"),
        ("/columns/sepal_width/3", "missing_value"),
    ]


def test_columns_of_the_wrong_model_are_refused_all_the_same(refused: Refused) -> None:
    refused(422, "POST", IRIS, json={"columns": {"a": [1]}, "on_error": "reject_rows"})


def test_rows_of_a_csv_are_rejected_by_their_number(ask: Ask) -> None:
    text = ",".join(NAMES) + "\n5.1,3.5,1.4,0.2\n5.1,x,1.4,0.2\n1,2\n5.1,3.5,,0.2\n"

    answer = ask(
        "POST",
        f"{IRIS}?on_error=reject_rows",
        content=text.encode(),
        headers={"Content-Type": "text/csv"},
    )

    header, *lines = answer.text.splitlines()
    assert header.endswith(",label,error_code")
    assert lines[0].endswith(",setosa,")
    assert lines[1:] == [",,,,wrong_type", ",,,,wrong_width", ",,,,missing_value"]
    assert answer.headers["x-rejected-rows"] == "3"


def test_rows_of_a_matrix_are_rejected_as_nan(ask: Ask) -> None:
    file = io.BytesIO()
    np.save(file, np.array([ROW, [np.nan, 1, 1, 1], ROW]))

    answer = ask(
        "POST",
        f"{IRIS}?on_error=reject_rows",
        content=file.getvalue(),
        headers={"Content-Type": "application/x-npy"},
    )

    proba = np.load(io.BytesIO(answer.content))
    assert np.isnan(proba).all(axis=1).tolist() == [False, True, False]


def test_values_outside_the_training_range_are_answered_with_a_warning(ask: Ask) -> None:
    rows = [ROW, [5.1, 3.5, 1.4, 99.0], *[[-50.0, 3.5, 1.4, 0.2]] * 20]

    answer = ask("POST", IRIS, json={"instances": rows})

    body = answer.json()
    assert len(body["warnings"]) == 10
    assert body["warnings_total"] == 21 == int(answer.headers["x-warnings-total"])
    first = body["warnings"][0]
    assert (first["pointer"], first["code"]) == ("/instances/1/3", "out_of_range")
    assert "99" not in first["detail"]
    assert None not in body["labels"]


def test_one_row_outside_the_range_is_warned_of_too(ask: Ask) -> None:
    body = ask("POST", IRIS, json={"instances": [[5.1, 3.5, 1.4, 99.0]]}).json()

    assert [one["pointer"] for one in body["warnings"]] == ["/instances/0/3"]


OUTSIDE = [1.7e308, -1.7e308, 1.7e308, 1.7e308]  # of every range, and its scores of the doubles


def test_values_of_rejected_rows_are_not_warned_of(ask: Ask) -> None:
    rows = [[5.1, 3.5, 1.4, 99.0], OUTSIDE, ROW, [5.1, 99.0, 1.4, 0.2]]

    answer = ask("POST", IRIS, json={"instances": rows, "on_error": "reject_rows"})

    body = answer.json()
    assert [one["pointer"] for one in body["rejected"]] == ["/instances/1"]
    assert [one["pointer"] for one in body["warnings"]] == ["/instances/0/3", "/instances/3/1"]
    assert body["warnings_total"] == 2 == int(answer.headers["x-warnings-total"])


def test_a_batch_whose_only_odd_row_is_rejected_has_no_warnings(ask: Ask) -> None:
    answer = ask("POST", IRIS, json={"instances": [OUTSIDE, ROW], "on_error": "reject_rows"})

    assert "warnings" not in answer.json()
    assert answer.headers["x-warnings-total"] == "0"


@pytest.mark.parametrize(
    ("body", "kind", "row"),
    [
        (json.dumps({"instances": [[], OUTSIDE]}), "application/json", "instance 1"),
        (
            json.dumps({"columns": dict(zip(NAMES, zip(ROW, OUTSIDE, strict=True), strict=True))}),
            "application/json",
            "row 1",
        ),
        (f"{json.dumps(ROW)}\n{json.dumps(OUTSIDE)}", "application/x-ndjson", "row 1"),
        ("\n".join([",".join(NAMES), "x", ",".join(map(str, OUTSIDE))]), "text/csv", "row 1"),
    ],
)
def test_a_row_is_called_by_the_name_and_the_number_that_its_sender_knows(
    ask: Ask, body: str, kind: str, row: str
) -> None:
    headers = {"Content-Type": kind, "Accept": "application/json, application/x-ndjson;q=0.5"}

    answer = ask("POST", f"{IRIS}?on_error=reject_rows", content=body.encode(), headers=headers)

    assert answer.status_code == 200, answer.text
    assert f"expected scores within the numeric range in {row}" in answer.text


@pytest.mark.parametrize(
    "row",
    [
        [1.0326445936849425e308, -1.3361615821644044e306, -1.6920345450415208e308, 2.2e305],
        [-6.355329573017671e307, -1.0214150571734376e308, 2.1363872137872508e306, 5.1e305],
        [-7.412472523537161e307, -7.437924922472045e307, -9.754618519806393e306, 1.1e307],
    ],
)
@pytest.mark.parametrize("centred", [False, True])
def test_a_row_that_can_be_scored_and_not_explained_does_not_kill_the_batch(
    ask: Ask, refused: Refused, row: list[float], *, centred: bool
) -> None:
    request = {"instances": [ROW, row, ROW], "centred": centred}

    body = ask("POST", "/models/iris/explain", json=request | {"on_error": "reject_rows"}).json()

    assert [one["pointer"] for one in body["rejected"]] in ([], ["/instances/1"])
    assert [one is None for one in body["explanations"]] == [False, bool(body["rejected"]), False]
    assert body["explanations"][0] == body["explanations"][2]
    if body["rejected"]:
        problem = refused(422, "POST", "/models/iris/explain", json=request)
        assert problem["errors"] == body["rejected"]


@pytest.mark.parametrize(
    ("options", "query", "pointer"),
    [
        ({"on_error": "ignore"}, "", "/on_error"),
        ({"top_k": 0}, "", "/top_k"),
        ({"top_k": True}, "", "/top_k"),
        ({"fields": ["secret"]}, "", "/fields/0"),
        ({"other": 1}, "", "/other"),
        ({"on_error": "fail"}, "?on_error=reject_rows", "/on_error"),
        ({}, "?top_k=x", "/top_k"),
        ({}, "?top_k=1&top_k=2", "/top_k"),
        ({"policy": "p"}, "", "/policy"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    refused: Refused, options: dict[str, Any], query: str, pointer: str
) -> None:
    problem = refused(422, "POST", IRIS + query, json={"instances": [ROW], **options})

    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert "secret" not in json.dumps(problem)


@pytest.mark.parametrize(
    ("options", "detail"),
    [
        ({"top_k": 0}, "expected a number greater than or equal to 1"),
        ({"fields": ["x"]}, "expected 'classes', 'probabilities' or 'labels'"),
        ({"on_error": 1}, "expected 'fail' or 'reject_rows'"),
        ({"policy": "p"}, "expected no option or field of that name"),
    ],
)
def test_a_refused_option_is_told_what_was_expected(
    refused: Refused, options: dict[str, Any], detail: str
) -> None:
    problem = refused(422, "POST", IRIS, json={"instances": [ROW], **options})

    assert problem["detail"] == detail


@pytest.mark.parametrize(
    ("policy", "detail"),
    [
        ("p" * 65, "expected a text of at most 64 characters"),
        ({"type": "set"}, "expected a value, got none"),
        ({"type": "argmax", "other": 1}, "expected no option or field of that name"),
        ({"type": "threshold", "threshold": "x"}, "expected a valid number"),
    ],
)
def test_a_refused_policy_is_told_what_was_expected(
    refused: Refused, policy: object, detail: str
) -> None:
    body = {"instances": [ROW], "policy": policy}

    assert refused(422, "POST", "/models/iris/decide", json=body)["detail"] == detail


@pytest.mark.parametrize(
    ("task", "fields"),
    [("predict_proba", []), ("predict", []), ("explain", []), ("decide", ["policy", "actions"])],
)
def test_lines_without_a_part_for_each_row_are_empty(
    ask: Ask, task: str, fields: list[str]
) -> None:
    request = {"instances": [ROW, [], ROW], "fields": fields, "on_error": "reject_rows"}

    answer = ask(
        "POST",
        f"/models/iris/{task}",
        json=request,
        headers={"Accept": "application/x-ndjson"},
    )

    assert answer.status_code == 200, answer.text
    first, second, third = map(json.loads, answer.text.splitlines())
    assert first == third == {}
    assert second["rejected"]["code"] == "wrong_width"


def test_columns_that_are_no_lists_are_told_so(refused: Refused) -> None:
    columns = dict(zip(NAMES, ROW, strict=True))

    problem = refused(422, "POST", IRIS, json={"columns": columns})

    detail = "expected a list of values for 'sepal_length' in the columns"
    assert problem["errors"][0]["detail"] == detail


def test_the_query_and_the_body_may_say_the_same(ask: Ask) -> None:
    answer = ask("POST", f"{IRIS}?top_k=1", json={"instances": [ROW], "top_k": 1})

    assert answer.json()["classes"] == [["setosa"]]


def test_fields_and_top_k_trim_the_answer(ask: Ask) -> None:
    request = {"instances": [ROW, [6.3, 2.9, 5.6, 1.8]], "top_k": 2}
    whole = ask("POST", IRIS, json={"instances": request["instances"]}).json()

    body = ask("POST", IRIS, json=request | {"fields": ["probabilities", "classes"]}).json()

    assert list(body) == ["model", "classes", "probabilities"]
    assert body["classes"] == [["setosa", "versicolor"], ["virginica", "versicolor"]]
    assert body["probabilities"][0] == sorted(whole["probabilities"][0], reverse=True)[:2]


def test_tables_have_no_top_k(refused: Refused) -> None:
    headers = {"Accept": "text/csv"}

    refused(422, "POST", IRIS, json={"instances": [ROW], "top_k": 1}, headers=headers)
