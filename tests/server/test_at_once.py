"""What a connection answers does not depend on what it remembers, nor on how packets are cut."""

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.responses import Response
from uvicorn.server import ServerState

from service.api.envelope import Envelope
from service.api.front import Front
from service.api.guards import lone_guards
from service.api.health import Health
from service.api.lifecycle import Lifecycle
from service.api.served import Models
from service.app import Application
from service.artifacts.catalogue import Catalogue
from service.artifacts.loading import load_catalogue
from service.artifacts.opening import open_store
from service.server.at_once import END_OF_HEAD, LONGEST, AtOnce
from service.server.crowd import Crowd
from service.server.limits import Limits
from service.server.protocol import Connection
from service.settings import Settings

LIMITS = Limits(receipt_s=10, keep_alive_s=10, header_bytes=16_384)
LONG_WAY = Response("the long way", status_code=299)
IRIS = "/models/iris/predict_proba"
ROW = b'{"instances": [[5.1, 3.5, 1.4, 0.2]]}'
BODIES = (
    ROW,
    b'{"instances": [[6.3, 2.9, 5.6, 1.8]]}',
    b'{"instances": [[5.1, 3.5, 1.4, 0.2], [6.3, 2.9, 5.6, 1.8]]}',
    b'{"instances": [[5.1, 3.5, "1.4", 0.2]]}',
    b'{"instances": [[99, 3.5, 1.4, 0.2]]}',
    b'{"instances": [[5.1, 3.5, 1.4]]}',
    b'{"instances"',
    b"",
)
PATHS = (IRIS, "/predict", "/models/none/predict", "/models/iris/predict?top_k=1")
EXTRAS = (
    "",
    "X-Request-ID: a.b-c_1\r\n",
    "X-API-Key: one\r\nX-API-Key: two\r\n",
    "Accept: */*\r\n",
)


class Wire(asyncio.Transport):
    """The end of a connection, which keeps what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        for data in list_of_data:
            self.write(data)

    def is_closing(self) -> bool:
        return False

    def close(self) -> None: ...

    def write_eof(self) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Forgetful(AtOnce):
    """Recognises nothing."""

    def remember(self, packet: bytes, head: object) -> None: ...


@pytest.fixture(scope="module")
def models(store: Path) -> Models:
    return Models(load_catalogue(open_store(Settings(models=store))).catalogue)


def connected(
    models: Models,
    kind: type[AtOnce] = AtOnce,
    lifecycle: Lifecycle | None = None,
    options: Settings | None = None,
) -> tuple[Connection, Wire]:
    options = options or Settings()
    guards = lone_guards(options)
    front = Front(LONG_WAY, models, options, guards.recorder)
    lifecycle = lifecycle or Lifecycle()
    health = Health(models, lifecycle)
    application = Application(Envelope(front, options, guards), front, health)
    config = uvicorn.Config(application, ws="none", lifespan="off", log_config=None)
    config.load()
    at_once = kind(application.shortcut, Crowd(10**6, lambda: None))
    made = Connection(config, ServerState(), LIMITS, lifecycle, at_once)
    wire = Wire()
    made.connection_made(wire)
    return made, wire


def request(path: str = IRIS, body: bytes = ROW, extra: str = "") -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: a\r\n{extra}Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def conversation(
    models: Models,
    steps: Sequence[bytes | Callable[[], None]],
    kind: type[AtOnce] = AtOnce,
    lifecycle: Lifecycle | None = None,
    options: Settings | None = None,
) -> tuple[Connection, bytes]:
    """Send packets, and do what else happens between them; give what was answered."""

    async def run() -> tuple[Connection, bytes]:
        connection, wire = connected(models, kind, lifecycle, options)
        for step in steps:
            if isinstance(step, bytes):
                connection.data_received(step)
            else:
                step()
            while connection.server_state.tasks and not connection.is_in_message:
                await asyncio.wait(connection.server_state.tasks)  # each before the next
                await asyncio.sleep(0)
        return connection, wire.written

    return asyncio.run(run())


def answered(models: Models, packets: list[bytes], kind: type[AtOnce]) -> bytes:
    _, written = conversation(models, packets, kind)
    return re.sub(rb"[0-9a-f]{32}", b"id", written)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[list[bytes], list[bytes]]:
    """Draw requests, each some times, and the same bytes as packets that are cut otherwise."""
    choice = st.builds(
        request, st.sampled_from(PATHS), st.sampled_from(BODIES), st.sampled_from(EXTRAS)
    )
    asked = draw(st.lists(choice, min_size=1, max_size=4)) * 3
    packets = [b""]
    for one in asked:
        cut = draw(st.sampled_from((0, 1, one.index(END_OF_HEAD) + 4, len(one) - 1, len(one))))
        packets[-1] += one[:cut]  # with the rest of the one before, or without
        packets.append(one[cut:])
        if draw(st.booleans()):
            packets.append(b"")
    return asked, [packet for packet in packets if packet]


@settings(deadline=None)
@given(drawn=conversations())
def test_known_heads_and_cut_packets_change_no_answer(
    models: Models, drawn: tuple[list[bytes], list[bytes]]
) -> None:
    asked, packets = drawn

    plain = answered(models, asked, Forgetful)

    assert answered(models, asked, AtOnce) == plain
    assert answered(models, packets, AtOnce) == plain


def is_known(connection: Connection, packet: bytes) -> bool:
    return connection.at_once.find(packet[: packet.index(b"\r\n\r\n") + 4]) is not None


def test_a_head_is_remembered_unless_it_is_long(models: Models) -> None:
    long = request(extra=f"X: {'x' * LONGEST}\r\n")

    connection, written = conversation(models, [request(), long, request(), long])

    assert (is_known(connection, request()), is_known(connection, long)) == (True, False)
    assert written.count(b"HTTP/1.1 200 OK") == 4


def test_a_known_head_is_no_key(models: Models, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"one predict {'0' * 64}\n")

    connection, written = conversation(models, [request()] * 3, options=Settings(keys=keys))

    assert is_known(connection, request())
    assert written.count(b"HTTP/1.1 401 ") == 3


def test_a_known_head_asks_the_models_of_now(store: Path) -> None:
    models = Models(load_catalogue(open_store(Settings(models=store))).catalogue)

    def withdraw() -> None:
        models.exchange(Catalogue(models={}, default=None))

    _, written = conversation(models, [request(), request(), withdraw, request()])

    assert written.count(b"HTTP/1.1 200 OK") == 2
    assert written.endswith(b"the long way")


def test_a_parting_connection_says_so_to_a_known_head(models: Models) -> None:
    lifecycle = Lifecycle()

    def part() -> None:
        lifecycle.is_parting = True

    _, written = conversation(models, [request(), part, request()], lifecycle=lifecycle)

    _, first, last = written.split(b"HTTP/1.1 200 OK")
    assert b"\r\nconnection: close\r\n" not in first
    assert b"\r\nconnection: close\r\n" in last


def test_a_known_head_answers_the_body_that_comes_with_it(models: Models) -> None:
    other = request(body=b'{"instances": [[6.3, 2.9, 5.6, 1.8]]}')

    connection, written = conversation(models, [request(), other, request()])

    labels = re.findall(rb'"labels":(\[.*?\])', written)
    assert [json.loads(one) for one in labels] == [["setosa"], ["virginica"], ["setosa"]]
    assert connection.server_state.total_requests == 3
