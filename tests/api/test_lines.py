"""Rows that are streamed: a line in, a line out, and memory that does not grow."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from service.api.admission import Admission
from service.api.endpoint import Endpoint
from service.api.head import Head
from service.api.lines import BLOCK_ROWS, answer_lines, isolating_options
from service.api.metrics.note import Note
from service.api.served import Models

Ask = Callable[..., httpx.Response]
Refused = Callable[..., dict[str, Any]]

IRIS = "/models/iris/predict_proba"
HEADERS = {"Content-Type": "application/x-ndjson"}
ROW = [5.1, 3.5, 1.4, 0.2]
LINE = json.dumps(ROW).encode()


@pytest.fixture
def endpoint(models: Models) -> Endpoint:
    return models.served.endpoints[IRIS][1]


async def collected(endpoint: Endpoint, parts: list[bytes], most: int = 2**20) -> list[bytes]:
    async def body() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    head = Head({"method": "POST", "path": IRIS, "query_string": b"", "headers": []})
    note = Note(b"", head, Admission(memoryview(bytearray(80)).cast("d"), 1, 1))
    lines = answer_lines(
        endpoint, body(), isolating_options(endpoint, {}), note, max_line_bytes=most
    )
    return [block async for block in lines]


def answers(blocks: list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in b"".join(blocks).splitlines()]


def test_each_line_gets_its_line_good_or_bad(ask: Ask) -> None:
    by_name = dict(
        zip(("sepal_length", "sepal_width", "petal_length", "petal_width"), ROW, strict=True)
    )
    lines = [LINE, b"not json", b"[1,2,3]", json.dumps(by_name).encode(), b"", b"[1,null,3,4]"]

    answer = ask("POST", IRIS, content=b"\n".join(lines), headers=HEADERS)

    assert answer.headers["content-type"].startswith("application/x-ndjson")
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert found[0] == found[3]
    assert found[0]["label"] == "setosa"
    assert len(found[0]["probabilities"]) == 3
    assert [(line["rejected"]["pointer"], line["rejected"]["code"]) for line in found[1:3]] == [
        ("/1", "malformed_json"),
        ("/2", "wrong_width"),
    ]
    assert found[4]["rejected"]["pointer"] == "/4/1"
    assert len(found) == 5


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_lines_may_be_cut_anywhere(endpoint: Endpoint, size: int) -> None:
    body = b"\n".join([LINE] * 40)
    parts = [body[start : start + size] for start in range(0, len(body), size)]

    found = answers(asyncio.run(collected(endpoint, parts)))

    assert [line["label"] for line in found] == ["setosa"] * 40


def test_answers_come_in_blocks_of_bounded_size(endpoint: Endpoint) -> None:
    blocks = asyncio.run(collected(endpoint, [b"\n".join([LINE] * 2500)]))

    assert [block.count(b"\n") for block in blocks] == [BLOCK_ROWS, BLOCK_ROWS, 499, 1]


def test_a_line_that_is_too_long_is_rejected_and_forgotten(endpoint: Endpoint) -> None:
    parts = [b"[" + b"1," * 100, b"1," * 100 + b"1]\n", LINE]

    found = answers(asyncio.run(collected(endpoint, parts, most=100)))

    assert found[0]["rejected"]["code"] == "content_too_large"
    assert found[1]["label"] == "setosa"


def test_lines_that_cannot_be_one_row_are_rejected(endpoint: Endpoint) -> None:
    tricks = [b"[1,2,3,4],[1,2,3,4]", b'[1,2,3,4]],"instances":[[1,2,3,4]', b"[1,2,3,4]]}"]

    found = answers(asyncio.run(collected(endpoint, [b"\n".join(tricks)])))

    assert [line["rejected"]["code"] for line in found] == ["malformed_json"] * 3


@pytest.mark.parametrize(
    ("body", "query", "status", "code"),
    [
        (b"", "", 422, "empty_batch"),
        (b"\n\n", "", 422, "empty_batch"),
        (LINE, "?on_error=fail", 422, "invalid_parameter"),
        (LINE, "?top_k=0", 422, "invalid_parameter"),
    ],
)
def test_what_is_wrong_before_the_first_row_is_a_refusal(
    refused: Refused, body: bytes, query: str, status: int, code: str
) -> None:
    problem = refused(status, "POST", IRIS + query, content=body, headers=HEADERS)

    assert problem["type"] == f"/problems/{code}"


@pytest.mark.parametrize("task", ["predict", "predict_proba", "decide", "explain"])
def test_every_task_is_answered_in_lines(ask: Ask, task: str) -> None:
    answer = ask("POST", f"/models/iris/{task}", content=LINE, headers=HEADERS)

    line = json.loads(answer.text)
    assert "rejected" not in line
    assert "setosa" in json.dumps(line)


def test_a_compressed_stream_that_ends_too_early_says_so_in_its_last_line(ask: Ask) -> None:
    whole = gzip.compress(b"\n".join([LINE] * 5), mtime=0)

    answer = ask("POST", IRIS, content=whole[:-5], headers=HEADERS | {"Content-Encoding": "gzip"})

    *answered, last = map(json.loads, answer.text.splitlines())
    assert [line["label"] for line in answered] == ["setosa"] * len(answered)
    assert last["rejected"] == {
        "pointer": f"/{len(answered)}",
        "code": "malformed_request",
        "detail": "expected a body compressed as gzip",
    }
