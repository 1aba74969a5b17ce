"""Each model's own OpenAPI: what it says is what the model takes and answers."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Ask = Callable[..., httpx.Response]
Refused = Callable[..., dict[str, Any]]

NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


@pytest.mark.parametrize("prefix", ["/models/iris", "/models/iris/versions/1", "/models/demo"])
@pytest.mark.parametrize("task", ["predict_proba", "predict", "decide", "explain"])
def test_the_example_works_when_pasted(ask: Ask, prefix: str, task: str) -> None:
    document = ask("GET", f"{prefix}/openapi.json").json()
    path = f"{prefix}/{task}"
    content = document["paths"][path]["post"]["requestBody"]["content"]

    answer = ask("POST", path, json=content["application/json"]["example"])

    assert answer.status_code == 200, answer.text


def test_features_are_named_with_their_types_and_ranges(ask: Ask) -> None:
    document = ask("GET", "/models/iris/openapi.json").json()

    body = document["paths"]["/models/iris/predict_proba"]["post"]["requestBody"]
    rows = body["content"]["application/json"]["schema"]["oneOf"][0]["properties"]["instances"]
    as_list, as_object = rows["items"]["anyOf"]
    assert as_list["minItems"] == as_list["maxItems"] == 4
    assert list(as_object["properties"]) == as_object["required"] == NAMES
    assert as_object["additionalProperties"] is False
    assert as_object["properties"]["sepal_length"]["type"] == "number"
    assert "in training from" in as_object["properties"]["sepal_length"]["description"]


@pytest.mark.parametrize(("document", "prefix"), [("", ""), ("/models/iris", "/models/iris")])
def test_it_says_how_many_rows_are_explained_at_a_time(
    ask: Ask, document: str, prefix: str
) -> None:
    paths = ask("GET", f"{document}/openapi.json").json()["paths"]

    def bound(task: str) -> int | None:
        content = paths[f"{prefix}/{task}"]["post"]["requestBody"]["content"]
        as_rows, _ = content["application/json"]["schema"]["oneOf"]
        most: int | None = as_rows["properties"]["instances"].get("maxItems")
        return most

    assert bound("explain") == 1000
    assert bound("predict") is None
    assert "At most 1,000 rows" in paths[f"{prefix}/explain"]["post"]["description"]


def test_a_model_that_is_not_there_has_no_specification(refused: Refused) -> None:
    refused(404, "GET", "/models/none/openapi.json")


def test_the_documentation_page_shows_any_model_or_one(ask: Ask) -> None:
    general, iris = ask("GET", "/docs").text, ask("GET", "/docs?model=iris").text

    assert "url: '/openapi.json'" in general
    assert '<a href="/docs?model=iris">iris</a>' in general
    assert "url: '/models/iris/openapi.json'" in iris
    assert ask("GET", "/docs?model=none").status_code == 404
