"""What holds for every request: ids, headers, limits, and an answer even to a defect."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.envelope import Envelope
from service.api.guards import lone_guards
from service.api.served import Models
from service.app import create_app
from service.artifacts.loading import load_catalogue
from service.artifacts.opening import open_store
from service.artifacts.store import Store
from service.errors import ServiceError
from service.settings import Settings

JSON = {"content-type": "application/json"}
ROW = b'{"instances": [[0.4, -1.9]]}'

Talk = Callable[[httpx.AsyncClient], Awaitable[None]]


def application(settings: Settings) -> ASGIApp:
    catalogue = load_catalogue(open_store(settings), None).catalogue
    return create_app(Models(catalogue), settings)


def talk(app: ASGIApp, conversation: Talk) -> None:
    """Let a client talk to an application, in one event loop."""

    async def run() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            await conversation(client)

    asyncio.run(run())


class Held:
    """A body that stops after its first part until it may go on."""

    def __init__(self, first: bytes = ROW[:5], last: bytes = ROW[5:]) -> None:
        self.has_begun, self.may_go_on = asyncio.Event(), asyncio.Event()
        self.first, self.last = first, last

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.first
        self.has_begun.set()
        await self.may_go_on.wait()
        yield self.last


def send(client: httpx.AsyncClient, body: Held) -> "asyncio.Task[httpx.Response]":
    request = client.post("/predict", content=body, headers=JSON)
    return asyncio.ensure_future(request)


def test_one_request_too_many_is_refused_and_the_others_are_answered(store: Path) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        bodies = [Held() for _ in range(3)]
        answers = [send(client, body) for body in bodies]
        for body in bodies:
            await body.has_begun.wait()

        refused = await client.post("/predict", content=ROW, headers=JSON)
        probes = [await client.get(path) for path in ("/healthz", "/readyz", "/metrics")]
        for body in bodies:
            body.may_go_on.set()
        statuses = [(await answer).status_code for answer in answers]
        later = await client.post("/predict", content=ROW, headers=JSON)

        assert refused.status_code == 503
        assert refused.headers["retry-after"] in {"1", "2", "3"}
        assert refused.json()["type"] == "/problems/overloaded"
        assert [probe.status_code for probe in probes] == [200, 200, 200]
        assert "softmax_in_flight_requests 3\n" in probes[2].text
        assert 'softmax_shed_requests_total{reason="requests"} 1\n' in probes[2].text
        assert statuses == [200, 200, 200]
        assert later.status_code == 200
        assert "softmax_in_flight_requests 0\n" in (await client.get("/metrics")).text

    talk(application(Settings(models=store, in_flight=3)), conversation)


def padded(n_bytes: int) -> bytes:
    return ROW[:-1] + b" " * (n_bytes - len(ROW)) + ROW[-1:]


def test_bytes_on_their_way_are_bounded_and_short_bodies_always_pass(store: Path) -> None:
    large = padded(60_000)

    async def conversation(client: httpx.AsyncClient) -> None:
        body = Held(large[:50_000], large[50_000:])
        answer = send(client, body)
        await body.has_begun.wait()

        declared = await client.post("/predict", content=large, headers=JSON)
        streamed = await client.post("/predict", content=_parts(large), headers=JSON)
        short = await client.post("/predict", content=padded(16 * 2**10), headers=JSON)
        body.may_go_on.set()

        for refused in (declared, streamed):
            assert refused.status_code == 503
            assert refused.headers["retry-after"] in {"1", "2", "3"}
        assert streamed.headers["connection"] == "close"
        assert short.status_code == 200
        assert (await answer).status_code == 200
        assert (await client.post("/predict", content=large, headers=JSON)).status_code == 200
        metrics = (await client.get("/metrics")).text
        assert 'softmax_shed_requests_total{reason="bytes"}' in metrics

    talk(application(Settings(models=store, inflight_bytes=100_000)), conversation)


async def _parts(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 10_000):
        yield body[start : start + 10_000]


def test_one_body_alone_is_admitted_however_little_is_allowed(store: Path) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        for body in (padded(60_000), _parts(padded(60_000))):
            answer = await client.post("/predict", content=body, headers=JSON)
            assert answer.status_code == 200

    talk(application(Settings(models=store, inflight_bytes=1)), conversation)


@pytest.mark.parametrize("name", ["content-type", "content-encoding", "authorization", "x-api-key"])
def test_a_header_that_must_be_one_is_refused_when_there_are_two(store: Path, name: str) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        twice = [*JSON.items(), (name, "application/json"), (name, "application/json")]
        answer = await client.post("/predict", content=ROW, headers=twice)

        assert answer.status_code == 400
        assert answer.json()["type"] == "/problems/malformed_request"
        assert answer.json()["detail"] == f"expected one {name} header"

    talk(application(Settings(models=store)), conversation)


def test_other_headers_may_be_repeated(store: Path) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        twice = [*JSON.items(), ("accept", "application/json"), ("accept", "*/*"), ("x-y", "1")]
        answer = await client.post("/predict", content=ROW, headers=twice)

        assert answer.status_code == 200

    talk(application(Settings(models=store)), conversation)


@pytest.mark.parametrize(
    ("size", "headers", "connection"),
    [
        (100, {}, None),
        (65_536, {}, None),
        (65_537, {}, "close"),
        (100, {"expect": "100-continue"}, "close"),
    ],
)
def test_a_body_that_nobody_reads_ends_the_connection_unless_it_is_short(
    store: Path, size: int, headers: dict[str, str], connection: str | None
) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        answer = await client.post("/nix", content=b"x" * size, headers=headers)

        assert answer.status_code == 404
        assert answer.headers.get("connection") == connection

    talk(application(Settings(models=store)), conversation)


def test_a_body_too_large_is_refused_by_its_length_and_by_its_bytes(store: Path) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        for body in (padded(200_000), _parts(padded(200_000))):
            answer = await client.post("/predict", content=body, headers=JSON)

            assert answer.status_code == 413
            assert answer.headers["connection"] == "close"
            assert answer.json()["type"] == "/problems/content_too_large"

    talk(application(Settings(models=store, body_bytes=100_000)), conversation)


async def breaks(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """An application with a defect, whose text tells of the inside."""
    msg = "/secret/path"
    raise RuntimeError(msg)


async def breaks_off(_scope: Scope, _receive: Receive, send: Send) -> None:
    """An application that refuses in the middle of its answer."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    msg = "too late"
    raise ServiceError(msg)


def test_a_defect_is_a_500_that_tells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        answer = await client.get("/x", headers={"x-request-id": "abc"})

        assert answer.status_code == 500
        assert answer.json() == {
            "type": "/problems/internal",
            "title": "The service made a mistake",
            "status": 500,
            "detail": "see the log under this request id",
            "request_id": "abc",
        }

    talk(Envelope(breaks, Settings(), lone_guards(Settings())), conversation)

    assert "/secret/path" in capsys.readouterr().out


def test_a_defect_inside_the_framework_leaves_no_other_way(store: Path) -> None:
    models = Models(load_catalogue(Store(root=store), None).catalogue)
    app = create_app(models, Settings(models=store))
    del models.served

    async def conversation(client: httpx.AsyncClient) -> None:
        answer = await client.get("/models")

        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "/problems/internal"
        assert answer.json()["request_id"] == answer.headers["x-request-id"]

    talk(app, conversation)


def test_an_answer_that_has_begun_is_broken_off_and_not_followed_by_another() -> None:
    scope = {"type": "http", "method": "GET", "path": "/x", "headers": []}
    sent = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message["type"])

    app = Envelope(breaks_off, Settings(), lone_guards(Settings()))
    asyncio.run(app(scope, receive, send))

    assert sent == ["http.response.start", "http.response.body"]


def test_ids_that_are_made_differ(store: Path) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        ids = {(await client.get("/healthz")).headers["x-request-id"] for _ in range(1000)}

        assert len(ids) == 1000

    talk(application(Settings(models=store)), conversation)
