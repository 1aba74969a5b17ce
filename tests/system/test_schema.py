"""The description of the service is true: schemathesis finds nothing that breaks it."""

import re
from pathlib import Path
from typing import Any

import httpx

from benchmarks.drills.schema import examined
from tests.conftest import serving
from tests.system.test_keys import softmax


def test_whatever_is_asked_is_answered_as_described(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    keyed = environment | {"SOFTMAX_KEYS": str(tmp_path / "keys")}
    key = softmax(keyed, "keys", "add", "schema", "--scope", "predict", "--scope", "admin")

    with serving(store, keyed, tmp_path) as url:
        done = examined(url, key, tmp_path, examples=5, seed=1, seconds=15)

    assert done.returncode == 0, done.stdout[-5000:]
    generated = re.search(r"(\d+) generated", done.stdout)
    assert generated
    assert int(generated[1]) >= 100
    assert "request_failed" not in (tmp_path / "server.log").read_text()


def document(
    store: Path, environment: dict[str, str], folder: Path, variables: dict[str, str]
) -> Any:
    with serving(store, environment | variables, folder) as url:
        return httpx.get(url + "/openapi.json").json()


def test_the_description_says_where_a_key_is_asked_for(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    keys = {"SOFTMAX_KEYS": str(tmp_path / "keys")}
    softmax(environment | keys, "keys", "add", "any")

    found = document(store, environment, tmp_path, keys)

    assert found["components"]["securitySchemes"].keys() == {"ApiKey", "Bearer"}
    asked = {
        path for path, ways in found["paths"].items() for way in ways.values() if way["security"]
    }
    assert found["paths"].keys() - asked == {"/healthz", "/readyz", "/metrics"}


def test_without_keys_none_is_described(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    found = document(store, environment, tmp_path, {})

    assert "securitySchemes" not in found["components"]
    for path, ways in found["paths"].items():
        for way in ways.values():
            assert "security" not in way
            named = {one["name"] for one in way.get("parameters", []) if one["in"] == "path"}
            assert named == {name for name in ("name", "version") if f"{{{name}}}" in path}
            assert "application/problem+json" in way["responses"]["default"]["content"]
