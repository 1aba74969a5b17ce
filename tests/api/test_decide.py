"""Decisions and explanations over HTTP."""

import math
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest

Ask = Callable[..., httpx.Response]
Refused = Callable[..., dict[str, Any]]

CSV = "text/csv"
ARROW = "application/vnd.apache.arrow.stream"
NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.0, 2.7, 5.1, 1.6], [6.3, 2.9, 5.6, 1.8]]
CLASSES = ["setosa", "versicolor", "virginica"]


def decide(ask: Ask, policy: object, **options: object) -> dict[str, Any]:
    answer = ask(
        "POST", "/models/iris/decide", json={"instances": ROWS, "policy": policy, **options}
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def proba_of(ask: Ask) -> np.ndarray[Any, Any]:
    body = ask("POST", "/models/iris/predict_proba", json={"instances": ROWS}).json()
    return np.array(body["probabilities"])


def test_argmax_is_what_is_decided_by_default(ask: Ask) -> None:
    body = ask("POST", "/models/iris/decide", json={"instances": ROWS}).json()

    assert body["policy"] == {"type": "argmax"}
    assert body["actions"] == body["classes"] == CLASSES
    assert body["decisions"] == [CLASSES[k] for k in proba_of(ask).argmax(axis=1)]
    ordered = np.sort(proba_of(ask), axis=1)
    assert np.abs(np.array(body["margins"]) - (ordered[:, -1] - ordered[:, -2])).max() < 1e-12


def test_a_threshold_leaves_unclear_rows_to_somebody_else(ask: Ask) -> None:
    proba = proba_of(ask).max(axis=1)
    between = float(np.sort(proba)[:2].mean())  # above the least clear row alone

    body = decide(ask, {"type": "threshold", "threshold": between})

    assert body["actions"] == [*CLASSES, "abstain"]
    assert [d == "abstain" for d in body["decisions"]] == (proba < between).tolist()
    assert body["decisions"].count("abstain") == 1


def test_costs_choose_the_action_that_is_expected_to_cost_least(ask: Ask) -> None:
    costs = {
        "setosa": {"setosa": 0, "versicolor": 1, "virginica": 1, "review": 0.2},
        "versicolor": {"setosa": 1, "versicolor": 0, "virginica": 1, "review": 0.2},
        "virginica": {"setosa": 9, "versicolor": 9, "virginica": 0, "review": 0.2},
    }

    body = decide(ask, {"type": "cost", "costs": costs})

    table = np.array([[costs[c][a] for a in body["actions"]] for c in CLASSES])
    expected = proba_of(ask) @ table
    assert body["actions"] == [*CLASSES, "review"]
    assert np.abs(np.array(body["expected_costs"]) - expected).max() < 1e-12
    assert body["decisions"] == [body["actions"][k] for k in expected.argmin(axis=1)]
    assert body["policy"]["costs"] == costs


def test_priors_move_decisions_and_leave_probabilities_alone(ask: Ask) -> None:
    priors = {"setosa": 1, "versicolor": 1000, "virginica": 1}

    body = decide(ask, {"type": "argmax", "priors": priors})

    assert np.abs(np.array(body["probabilities"]) - proba_of(ask)).max() < 1e-13
    assert body["decisions"].count("versicolor") >= 2


@pytest.mark.parametrize(
    ("policy", "pointer"),
    [
        ({"type": "nothing"}, "/policy"),
        ({}, "/policy"),
        (7, "/policy"),
        ("unpublished", "/policy"),
        ({"type": "threshold"}, "/policy"),
        ({"type": "threshold", "threshold": 2}, "/policy/threshold"),
        ({"type": "threshold", "threshold": "0.5"}, "/policy/threshold"),
        ({"type": "threshold", "thresholds": {"setosa": 0.5}}, "/policy/thresholds/versicolor"),
        ({"type": "argmax", "extra": 1}, "/policy/extra"),
        ({"type": "argmax", "priors": {"setosa": 0}}, "/policy/priors/setosa"),
        ({"type": "argmax", "priors": {"setosa": -1}}, "/policy/priors/setosa"),
        ({"type": "set", "coverage": 0.9}, "/policy"),
    ],
)
def test_policies_that_do_not_fit_are_refused(
    refused: Refused, policy: object, pointer: str
) -> None:
    problem = refused(
        422, "POST", "/models/iris/decide", json={"instances": ROWS, "policy": policy}
    )

    assert problem["type"] == "/problems/invalid_policy"
    assert pointer in [error["pointer"] for error in problem["errors"]]


@pytest.mark.parametrize("wanted", [CSV, ARROW])
def test_decisions_are_a_table_too(ask: Ask, wanted: str) -> None:
    costs = {name: {"keep": 0.0, "send": 1.0} for name in CLASSES[:2]}
    costs["virginica"] = {"keep": 5.0, "send": 0.0}
    policy = {"type": "cost", "costs": costs}

    answer = ask(
        "POST",
        "/models/iris/decide",
        json={"instances": ROWS, "policy": policy},
        headers={"Accept": wanted},
    )

    if wanted == CSV:
        names = answer.text.splitlines()[0].split(",")
    else:
        names = pa.ipc.open_stream(answer.content).read_all().column_names
    assert names == [
        *(f"proba_{name}" for name in CLASSES),
        "decision",
        "expected_cost_keep",
        "expected_cost_send",
        "error_code",
    ]


def test_contributions_add_up_to_the_log_odds_of_the_probabilities(ask: Ask) -> None:
    body = ask("POST", "/models/iris/explain", json={"instances": ROWS}).json()

    for one, proba in zip(body["explanations"], proba_of(ask), strict=True):
        parts = [one["baseline"], *one["contributions"].values()]
        assert abs(math.fsum(parts) - one["log_odds"]) <= 1e-12 * sum(map(abs, parts))
        winner, other = CLASSES.index(one["label"]), CLASSES.index(one["against"])
        assert abs(one["log_odds"] - math.log(proba[winner] / proba[other])) < 1e-9
        assert list(one["contributions"]) == list(NAMES)


def test_every_flip_is_what_predict_says_over_http(ask: Ask) -> None:
    def predict(row: list[float]) -> str:
        answer = ask("POST", "/models/iris/predict", json={"instances": [row]})
        label: str = answer.json()["labels"][0]
        return label

    explanations = ask("POST", "/models/iris/explain", json={"instances": ROWS}).json()
    n_flips = 0

    for row, one in zip(ROWS, explanations["explanations"], strict=True):
        for place, (name, flip) in enumerate(one["flips"].items()):
            assert name == NAMES[place]
            if flip is None:
                continue
            n_flips += 1
            beyond = [*row[:place], flip["value"], *row[place + 1 :]]
            towards = math.nextafter(flip["value"], row[place])
            before = [*row[:place], towards, *row[place + 1 :]]
            assert predict(beyond) == flip["label"] != one["label"]
            assert predict(before) == one["label"]
    assert n_flips


def test_a_billionth_beyond_a_flip_the_label_is_the_new_one_in_a_batch_too(ask: Ask) -> None:
    explanations = ask("POST", "/models/iris/explain", json={"instances": ROWS}).json()
    beyond, labels = [], []
    for row, one in zip(ROWS, explanations["explanations"], strict=True):
        for place, flip in enumerate(one["flips"].values()):
            if flip is not None:
                further = flip["value"] + math.copysign(1e-9, flip["delta"]) * abs(flip["value"])
                beyond.append([*row[:place], further, *row[place + 1 :]])
                labels.append(flip["label"])

    batch = ask("POST", "/models/iris/predict", json={"instances": beyond}).json()

    assert len(labels) > 1
    assert batch["labels"] == labels


def test_the_other_class_may_be_named(ask: Ask, refused: Refused) -> None:
    path = "/models/iris/explain"

    body = ask("POST", path, json={"instances": ROWS[:1], "against": "virginica"}).json()

    assert body["explanations"][0]["against"] == "virginica"
    problem = refused(422, "POST", path, json={"instances": ROWS[:1], "against": "rose"})
    assert problem["errors"][0]["pointer"] == "/against"


def test_centred_contributions_add_up_to_nothing_over_the_classes(ask: Ask) -> None:
    rows = ROWS[:2]  # not as many as there are classes
    body = ask("POST", "/models/iris/explain", json={"instances": rows, "centred": True}).json()

    for one in body["explanations"]:
        assert list(one["centred"]["baseline"]) == CLASSES
        assert abs(math.fsum(one["centred"]["baseline"].values())) < 1e-12
        for parts in one["centred"]["contributions"].values():
            assert list(parts) == CLASSES
            assert abs(math.fsum(parts.values())) < 1e-12


def test_more_rows_than_can_be_explained_in_a_moment_are_refused(refused: Refused) -> None:
    problem = refused(413, "POST", "/models/iris/explain", json={"instances": ROWS * 400})

    assert problem["type"] == "/problems/content_too_large"
    assert "1000 rows" in problem["detail"]
    # Rejected rows count as the others do, as the specification says.
    isolated = {"instances": [*ROWS * 333, ["no number"] * 4, ["no number"] * 4]}
    refused(413, "POST", "/models/iris/explain", json=isolated | {"on_error": "reject_rows"})
