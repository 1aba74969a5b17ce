"""Everything around predictions: cards, probes, refusals, headers, pages."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.settings import Settings
from tests.api.conftest import asker

Ask = Callable[..., httpx.Response]
Refused = Callable[..., dict[str, Any]]


def test_the_card_tells_what_a_model_expects_and_how_good_it_is(ask: Ask) -> None:
    card = ask("GET", "/models/iris").json()

    assert card["model"]["name"] == "iris"
    assert card["classes"] == ["setosa", "versicolor", "virginica"]
    assert card["features"][0]["name"] == "sepal_length"
    assert card["test_metrics"]["accuracy"] > 0.9
    low, high = card["test_metrics"]["intervals"]["log_loss"]
    assert low < card["test_metrics"]["log_loss"] < high
    assert (card["calibration"], card["n_set_scores"], card["n_set_rows"]) == (None, 0, 0)
    assert card["recipe"]["C"] == 1.0


def test_the_example_of_the_card_can_be_sent_as_it_is(ask: Ask) -> None:
    example = ask("GET", "/model").json()["example"]

    assert ask("POST", "/predict_proba", json={"instances": [example]}).status_code == 200


def test_the_default_model_s_card_is_that_of_its_name_and_version(ask: Ask) -> None:
    cards = {ask("GET", p).content for p in ("/model", "/models/demo", "/models/demo/versions/1")}

    assert len(cards) == 1


def test_the_list_names_every_model_with_its_versions(ask: Ask) -> None:
    listing = ask("GET", "/models").json()

    assert listing["default"] == "demo"
    assert listing["models"][0] == {
        "name": "demo",
        "active": 1,
        "is_ready": True,
        "versions": [{"version": 1, "is_ready": True}],
    }


def test_probes_answer(ask: Ask) -> None:
    assert ask("GET", "/healthz").json() == {"status": "alive"}
    assert ask("GET", "/readyz").json() == {"status": "ready"}


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/model", "/models", "/docs", "/openapi.json"]
)
def test_head_is_get_without_a_body(ask: Ask, path: str) -> None:
    head, get = ask("HEAD", path), ask("GET", path)

    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/predict_proba", "POST"),
        ("HEAD", "/predict_proba", "POST"),
        ("DELETE", "/predict_proba", "POST"),
        ("POST", "/readyz", "GET, HEAD"),
        ("OPTIONS", "/models", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_405_and_says_which_is_right(
    ask: Ask, method: str, path: str, allowed: str
) -> None:
    answer = ask(method, path)

    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize("path", ["/nix", "/predict_proba/", "/models/", "/docs/../x", "/problems"])
def test_a_path_that_is_not_there_is_404_and_never_a_redirect(refused: Refused, path: str) -> None:
    problem = refused(404, "GET", path)

    assert problem["type"] == "/problems/not_found"


def test_a_request_id_is_kept_if_well_formed_and_made_otherwise(ask: Ask) -> None:
    kept = ask("GET", "/healthz", headers={"X-Request-ID": "abc-1.2_3"})
    made = [
        ask("GET", "/healthz", headers={"X-Request-ID": bad})
        for bad in (b"", b"a b", b"a" * 65, b"\xe9", b"<script>")
    ]

    assert kept.headers["x-request-id"] == "abc-1.2_3"
    for answer in made:
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


def test_answers_are_not_sniffed_and_problems_not_stored(ask: Ask) -> None:
    answer = ask("GET", "/nix")

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_the_home_leads_to_the_documentation_which_needs_nothing_from_elsewhere(ask: Ask) -> None:
    home = ask("GET", "/")
    page = ask("GET", home.headers["location"]).text

    assert home.headers["location"] == "/docs"
    assert re.findall(r'(?:src|href)="(.+?)"', page)
    assert not re.findall(r"https?://", page)
    for asset in re.findall(r'(?:src|href)="(.+?)"', page):
        assert ask("GET", asset).status_code == 200


def test_the_schema_lists_the_public_paths(ask: Ask) -> None:
    paths = ask("GET", "/openapi.json").json()["paths"]

    assert {
        "/predict_proba",
        "/predict",
        "/models/{name}/predict_proba",
        "/models/{name}/versions/{version}/predict_proba",
        "/model",
        "/models",
        "/models/{name}",
        "/healthz",
        "/readyz",
    } <= paths.keys()
    for operations in paths.values():
        for operation in operations.values():
            assert operation["summary"]
            assert operation["description"]


@pytest.fixture
def damaged(store: Path, tmp_path: Path) -> Settings:
    """A copy of the store in which one byte of iris has changed."""
    shutil.copytree(store, tmp_path / "models")
    with (tmp_path / "models" / "iris" / "1" / "model.joblib").open("r+b") as file:
        file.write(b"x")
    return Settings(models=tmp_path / "models")


def test_a_damaged_model_is_503_and_the_others_serve(damaged: Settings) -> None:
    ask = asker(damaged, None)

    answer = ask("POST", "/models/iris/predict", json={"instances": [[1, 2, 3, 4]]})

    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/model_unavailable"
    assert ask("GET", "/models/iris").status_code == 503
    assert ask("GET", "/readyz").status_code == 200
    assert ask("POST", "/predict", json={"instances": [[1, 2]]}).status_code == 200


def test_without_a_sound_default_model_nothing_is_ready(damaged: Settings) -> None:
    ask = asker(damaged, "iris")

    assert ask("GET", "/readyz").json()["type"] == "/problems/not_ready"
    assert ask("GET", "/healthz").status_code == 200
