"""Who came together with many is told so, and refused where that takes too long."""

import asyncio
import json
from collections import Counter
from time import monotonic

import pytest

from service.api.admission import QUEUE_S
from service.api.head import Head
from service.api.problems import when_to_come_again
from service.server.crowd import Crowd


def head(path: str = "/predict") -> Head:
    return Head({"method": "POST", "path": path, "query_string": b"", "headers": []})


def since(waited_s: float | None) -> float | None:
    return None if waited_s is None else monotonic() - waited_s


def test_who_comes_together_with_many_is_one_of_a_crowd() -> None:
    async def come() -> tuple[list[bool], list[bool]]:
        crowd = Crowd(2, lambda: None)
        together = [crowd.joins() is not None for _ in range(4)]
        await asyncio.sleep(0)
        return together, [crowd.joins() is not None for _ in range(3)]

    together, later = asyncio.run(come())

    assert together == [False, False, True, True]
    assert later == [False, False, True]


def test_who_has_waited_too_long_gets_a_problem_and_is_counted() -> None:
    async def ask() -> tuple[bytes, bytes]:
        found = Crowd(2, lambda: refused.append(1)).refusal(head(), since(2 * QUEUE_S))
        assert found is not None
        return found

    refused: list[int] = []
    lines, body = asyncio.run(ask())

    problem = json.loads(body)
    assert lines.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert f"content-length: {len(body)}\r\n".encode() in lines
    again = when_to_come_again(problem["request_id"])
    assert f"retry-after: {again}\r\n".encode() in lines
    assert f"x-request-id: {problem['request_id']}\r\n".encode() in lines
    assert problem["type"] == "/problems/overloaded"
    assert refused == [1]


@pytest.mark.parametrize(
    ("waited_s", "path"), [(None, "/predict"), (0.0, "/predict"), (2 * QUEUE_S, "/readyz")]
)
def test_few_those_who_came_just_now_and_probes_are_answered(
    waited_s: float | None, path: str
) -> None:
    async def ask() -> object:
        return Crowd(2, lambda: None).refusal(head(path), since(waited_s))

    assert asyncio.run(ask()) is None


def test_those_who_are_refused_together_do_not_come_together_again() -> None:
    waits = Counter(when_to_come_again(f"{number:032x}") for number in range(3_000))

    assert set(waits) == {1, 2, 3}
    assert max(waits.values()) < 1_200


def test_those_who_come_one_after_the_other_are_no_crowd_however_slowly() -> None:
    async def come() -> list[float | None]:
        crowd = Crowd(3, lambda: None)
        joined = []
        for _ in range(20):
            joined.append(crowd.joins())
            await asyncio.sleep(0)
        return joined

    assert asyncio.run(come()) == [None] * 20
