"""Requests of every kind, good and bad, to a real process over a socket.

Each line of `requests/*.jsonl` is one: either `raw` bytes, or method, path, headers and a
body, as text, as hexadecimal or as a text repeated. `CANARY` stands for what a client sends
and must not find in the answer; a pointer may repeat its keys.
"""

import gzip
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.api.problems import PROBLEMS
from tests.conftest import serving
from tests.system.wire import Answer, exchanged

FOLDER = Path(__file__).parent / "requests"
CASES = [
    pytest.param(json.loads(line), id=f"{path.stem}-{number}")
    for path in sorted(FOLDER.glob("*.jsonl"))
    for number, line in enumerate(path.read_text().splitlines(), 1)
]
SHOP = """colour,weight,is_new,shelf
red,1.5,true,top
blue,2.5,false,low
red,1.7,true,top
green,,false,low
blue,2.9,false,top
red,1.1,true,top
green,2.2,false,low
blue,2.4,true,low
"""


@pytest.fixture(scope="module")
def asked(
    store: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A server with one model more: of categories, with a default for a missing number."""
    folder = tmp_path_factory.mktemp("requests")
    (folder / "shop.csv").write_text(SHOP)
    subprocess.run(["cp", "-r", str(store), str(folder / "models")], check=True)
    options = [
        "--target",
        "shelf",
        "--impute",
        "mean",
        "--test-size",
        "0",
        "--categorical",
        "is_new",
    ]
    subprocess.run(
        [sys.executable, "-m", "service", "train", str(folder / "shop.csv"), *options],
        env=environment | {"SOFTMAX_MODELS": str(folder / "models")},
        check=True,
        capture_output=True,
    )
    with serving(folder / "models", environment, folder) as url:
        yield url
    log = (folder / "server.log").read_text()
    assert "request_failed" not in log
    assert "worker_died" not in log
    assert "Traceback" not in log
    assert "CANARY" not in log


def test_there_are_enough_of_them_and_controls_too() -> None:
    controls = (FOLDER / "controls.jsonl").read_text().splitlines()

    assert len(CASES) - len(controls) >= 300
    assert len(controls) >= 50


@pytest.mark.parametrize("case", CASES)
def test_a_request_is_answered_as_it_should_be(asked: str, case: dict[str, Any]) -> None:
    answer = exchanged(asked, request_of(case), is_head=case.get("method") == "HEAD")

    assert answer is not None
    expected = case["status"]
    allowed = expected if isinstance(expected, list) else [expected]
    assert answer.status in allowed, (case["name"], answer.body[:500])
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", answer.headers["x-request-id"])
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers
    if "absent" in case:
        assert case["absent"].encode("latin-1") not in answer.head + answer.body
    if answer.status >= 400 and case.get("method") != "HEAD":
        check_problem(answer, case.get("code"))


def request_of(case: dict[str, Any]) -> bytes:
    """Write a request as a client would, whatever is in it."""
    prefix, unit, count, suffix = "", "", 0, ""
    if "repeat" in case:
        *parts, suffix = case["repeat"]
        prefix, unit, count = parts if len(parts) == 3 else ("", *parts)
    repeated = (prefix + unit * count + suffix).encode("latin-1")
    if "raw" in case:
        raw: str = case["raw"]
        return raw.encode("latin-1") + repeated
    body: bytes = case.get("body", "").encode() + bytes.fromhex(case.get("hex", "")) + repeated
    if "gzip_of" in case:
        text, times = case["gzip_of"]
        body = gzip.compress(text.encode() * times)
    lines = [f"{case['method']} {case['path']} HTTP/1.1", "Host: test"]
    lines += [f"{name}: {value}" for name, value in case.get("headers", {}).items()]
    if case.get("chunked"):
        body = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
        lines.append("Transfer-Encoding: chunked")
    elif body or case["method"] == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def check_problem(answer: Answer, code: str | None) -> None:
    """Assert that a refusal is a problem that tells nothing it should not."""
    problem = answer.json()
    kind = problem["type"].removeprefix("/problems/")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert len(answer.body) <= 16_000
    assert problem["status"] == answer.status == PROBLEMS[kind][0]
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert kind == (code or kind)
    errors = problem.get("errors", [])
    assert len(errors) <= 10
    for error in errors:
        assert error["code"] in PROBLEMS
        assert error["pointer"] == "" or error["pointer"].startswith("/")
        del error["pointer"]
    told = json.dumps(problem).lower()
    for word in ("canary", "traceback", "pydantic", "orjson", "numpy", "starlette", "fastapi"):
        assert word not in told
    assert "/models/" not in told
