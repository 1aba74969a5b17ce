"""The line of a request in the log."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.settings import Settings
from tests.api.conftest import asker

Lines = Callable[[], list[dict[str, Any]]]
ROWS = {"instances": [[0.4, -1.9], [2.0, 1.5]]}


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """Give what the log has got since, each line read as JSON."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_request_leaves_one_line_with_what_it_was(
    ask: Callable[..., httpx.Response], lines: Lines
) -> None:
    answer = ask("POST", "/models/demo/predict", json=ROWS, headers={"x-request-id": "abc"})

    (line,) = lines()
    assert 0 < line.pop("duration_seconds") < 60
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request_answered",
        "level": "info",
        "request_id": "abc",
        "route": "/models/{name}/predict",
        "method": "POST",
        "status": 200,
        "rows": 2,
        "model": "demo",
        "key": None,
        "request_bytes": len(answer.request.content),
        "response_bytes": len(answer.content),
    }


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/nothing%0d%0a{}", {}),
        ("GET", "/models/%1b[31mred", {}),
        ("GET", "/models?a=%0aINJECTED", {}),
        ("GET", "/healthz", {"x-request-id": "a\x1b[0m"}),
        ("GET", "/healthz", {"x-request-id": '"}'}),
        ("GET", "/healthz", {"user-agent": "INJECTED\x7f"}),
        ("INJECTED", "/healthz", {}),
        ("POST", "/models/INJECTED/predict", {}),
    ],
)
def test_nothing_that_a_client_chooses_reaches_the_log(
    ask: Callable[..., httpx.Response],
    capsys: pytest.CaptureFixture[str],
    method: str,
    path: str,
    headers: dict[str, str],
) -> None:
    ask(method, path, headers=headers)

    text = capsys.readouterr().out
    assert text.endswith("}\n")
    assert json.loads(text)["event"] == "request_answered"
    assert text.isascii()
    assert not [character for character in text[:-1] if ord(character) < 32]
    assert not [word for word in ("INJECTED", "31m", "nothing", "[0m") if word in text]


def test_no_value_of_a_row_reaches_the_log(
    ask: Callable[..., httpx.Response], capsys: pytest.CaptureFixture[str]
) -> None:
    values: list[Any] = [12345.5, "secret", {"secret": 1}, [], None]
    for value in values:
        ask("POST", "/predict", json={"instances": [[12345.5, value]], "secret": "secret"})
        ask("POST", "/predict?secret=secret", json={"instances": [[12345.5, value]]})

    text = capsys.readouterr().out
    assert len(text.splitlines()) == 10
    assert "12345" not in text
    assert "secret" not in text


def test_the_log_can_be_left_out(store: Path, lines: Lines) -> None:
    ask = asker(Settings(models=store, request_log=False), None)

    ask("GET", "/healthz")

    assert lines() == []
