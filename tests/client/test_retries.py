"""A service that is busy or away is asked again, as it wants and no more than is of use."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.client import (
    AsyncClient,
    BusyError,
    Client,
    Retries,
    UnexpectedAnswerError,
    UnreachableError,
)
from service.client.calls import Calls
from service.client.exchange import Failure, Request, Response, Wait
from service.client.retries import retry_after_s
from service.client.transport import failure
from service.errors import ValueRefusedError
from tests.conftest import free_port

QUICK = Retries(attempts=3, first_wait_s=0.001, longest_wait_s=1.0)
DONE: tuple[int, dict[str, str], dict[str, Any]] = (200, {}, {"default": "demo", "models": []})
BUSY_BODY = {"type": "/problems/overloaded", "title": "busy", "status": 503, "detail": "later"}


def busy(retry_after: str = "0") -> tuple[int, dict[str, str], dict[str, Any]]:
    return 503, {"Retry-After": retry_after, "Content-Type": "application/problem+json"}, BUSY_BODY


@dataclass
class Scripted:
    """A server on a real socket that answers one request after the other as it is told."""

    answers: list[tuple[int, dict[str, str], dict[str, Any]] | None]
    url: str = ""
    asked: list[float] = field(default_factory=list)


@pytest.fixture
def scripted() -> Iterator[Callable[..., Scripted]]:
    servers: list[ThreadingHTTPServer] = []

    def start(*answers: tuple[int, dict[str, str], dict[str, Any]] | None) -> Scripted:
        script = Scripted(answers=list(answers))

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                script.asked.append(time.monotonic())
                answer = script.answers.pop(0)
                if answer is None:  # the connection breaks before an answer
                    self.close_connection = True
                    return
                status, headers, body = answer
                content = json.dumps(body).encode()
                self.send_response(status)
                for name, text in ({"Content-Type": "application/json"} | headers).items():
                    self.send_header(name, text)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        script.url = f"http://127.0.0.1:{server.server_address[1]}"
        return script

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def ask(url: str, retries: Retries = QUICK) -> dict[str, Any]:
    with Client(url, retries=retries) as client:
        return client.models()


def ask_asynchronously(url: str, retries: Retries = QUICK) -> dict[str, Any]:
    async def asked() -> dict[str, Any]:
        async with AsyncClient(url, retries=retries) as client:
            return await client.models()

    return asyncio.run(asked())


both = pytest.mark.parametrize("asking", [ask, ask_asynchronously])
Asking = Callable[..., dict[str, Any]]


@both
def test_a_busy_service_and_a_broken_connection_are_asked_again(
    scripted: Callable[..., Scripted], asking: Asking
) -> None:
    service = scripted(busy(), None, DONE)

    assert asking(service.url)["default"] == "demo"
    assert len(service.asked) == 3


@both
def test_a_service_is_not_asked_before_the_time_it_names(
    scripted: Callable[..., Scripted], asking: Asking
) -> None:
    service = scripted(busy("1"), DONE)

    asking(service.url)

    first, second = service.asked
    assert second - first >= 1.0


@both
def test_in_the_end_the_refusal_is_raised(
    scripted: Callable[..., Scripted], asking: Asking
) -> None:
    service = scripted(busy(), busy(), busy("7"))

    with pytest.raises(BusyError, match="later") as raised:
        asking(service.url)

    assert (raised.value.status, raised.value.retry_after_s) == (503, 7.0)
    assert raised.value.problem_code == "overloaded"
    assert len(service.asked) == 3


def test_a_service_that_wants_to_be_left_alone_for_long_is(
    scripted: Callable[..., Scripted],
) -> None:
    service = scripted(busy("3600"))

    with pytest.raises(BusyError):
        ask(service.url)

    assert len(service.asked) == 1


@both
def test_nobody_there_is_an_error_of_its_own(asking: Asking) -> None:
    with pytest.raises(UnreachableError, match=r"no answer from 127\.0\.0\.1"):
        asking(f"http://127.0.0.1:{free_port()}")


@both
def test_a_page_of_something_else_is_told_from_a_refusal(
    scripted: Callable[..., Scripted], asking: Asking
) -> None:
    service = scripted((404, {"Content-Type": "text/html"}, {"no": "problem"}))

    with pytest.raises(UnexpectedAnswerError, match=r"got status 404: .*no.*problem"):
        asking(service.url)


def test_an_answer_that_takes_too_long_is_not_asked_for_again() -> None:
    calls = Calls(retries=QUICK).models()
    calls.send(None)

    with pytest.raises(UnreachableError, match="slow"):
        calls.send(Failure(reason="slow", is_passing=False))


def test_a_read_timeout_counts_as_slow_and_a_refused_connection_as_passing() -> None:
    request = httpx.Request("GET", "http://somewhere/")
    kinds = {
        kind: failure(kind("", request=request)).is_passing
        for kind in (httpx.ReadTimeout, httpx.ConnectTimeout, httpx.ConnectError, httpx.ReadError)
    }

    assert [one.__name__ for one, is_passing in kinds.items() if not is_passing] == ["ReadTimeout"]


@given(
    attempts=st.integers(1, 8),
    share=st.floats(0, 1),
    wanted=st.lists(st.one_of(st.none(), st.floats(0, 30)), min_size=8, max_size=8),
)
def test_waits_grow_no_longer_than_allowed_and_never_undercut_the_service(
    attempts: int, share: float, wanted: list[float | None]
) -> None:
    retries = Retries(attempts=attempts, first_wait_s=0.5, longest_wait_s=20.0)

    waits = [retries.wait_s(n + 1, wanted[n], share) for n in range(8)]

    assert waits[attempts - 1 :] == [None] * (9 - attempts)
    for wait, least in zip(waits[: attempts - 1], wanted, strict=False):
        if least is not None and least > 20.0:
            assert wait is None
        else:
            assert wait is not None
            assert (least or 0.0) <= wait <= 20.5


def test_a_call_says_what_to_do_and_leaves_the_doing_to_others() -> None:
    call = Calls(model="a b", version=3, retries=QUICK).card()

    first = next(call)
    refusal = Response(
        status=503,
        headers={"content-type": "application/problem+json", "retry-after": "0.5"},
        content=json.dumps(BUSY_BODY).encode(),
    )
    second = call.send(refusal)
    third = call.send(None)

    assert isinstance(first, Request)
    assert first.path == "/models/a%20b/versions/3"
    assert isinstance(second, Wait)
    assert third == first


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 60.0),
        ("Wed, 21 Oct 2015 07:26:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 60.0),
        ("soon", None),
        ("", None),
        ("-1", None),
        ("½", None),
    ],
)
def test_the_time_to_come_back_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    now = datetime(2015, 10, 21, 7, 27, tzinfo=UTC)

    assert retry_after_s({"retry-after": text}, now) == seconds


@pytest.mark.parametrize(
    "wrong", [{"attempts": 0}, {"first_wait_s": -1.0}, {"first_wait_s": 9.0, "longest_wait_s": 1.0}]
)
def test_retries_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueRefusedError):
        Retries(**wrong)
