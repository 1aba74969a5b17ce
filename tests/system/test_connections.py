"""What a client may do to a connection, byte by byte."""

import contextlib
import json
import re
import select
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.drills.service import Service, eventually, running

ROW = b'{"instances": [[5.1, 3.5, 1.4, 0.2]]}'
HEAD = (
    b"POST /models/iris/predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n" % len(ROW)
)
CHUNKED = (
    b"POST /models/iris/predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
PREDICT = HEAD + b"\r\n" + ROW
LAST = HEAD + b"Connection: close\r\n\r\n" + ROW
PROBE = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
LAST_PROBE = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def service(
    store: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service that has little patience."""
    directory = tmp_path_factory.mktemp("service")
    settings = {"receipt_seconds": 0.4, "keep_alive_seconds": 0.5, "body_bytes": 100_000}
    with running(store, directory, environment, **settings) as service:
        yield service


def answers(text: bytes) -> list[tuple[int, bytes, bytes]]:
    """Status, head and body of each answer."""
    found = []
    while text:
        head, _, rest = text.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        assert length is not None, text[:200]
        body, text = rest[: int(length[1])], rest[int(length[1]) :]
        assert len(body) == int(length[1])
        found.append((int(head[9:12]), head, body))
    return found


def statuses(text: bytes) -> list[int]:
    return [status for status, _, _ in answers(text)]


def assert_problem(text: bytes, status: int, code: str) -> None:
    ((got, head, body),) = answers(text)
    problem = json.loads(body)
    assert (got, problem["status"], problem["type"]) == (status, status, f"/problems/{code}")
    assert b"\r\ncontent-type: application/problem+json" in head
    assert b"\r\nconnection: close" in head
    assert f"x-request-id: {problem['request_id']}".encode() in head
    assert b"\r\ndate: " in head
    assert b"\r\nserver:" not in head.lower()


def test_an_answer_tells_the_date_and_not_what_serves(service: Service) -> None:
    ((status, head, _),) = answers(service.ask(LAST_PROBE))

    assert status == 200
    assert re.search(rb"\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n", head + b"\r\n")
    assert b"\r\nserver:" not in head.lower()


@pytest.mark.parametrize(
    "part", [b"G", b"GET /healthz HTTP/1.1\r\nHost", HEAD, PREDICT[:-1], CHUNKED + b"5\r\n{"]
)
def test_a_request_that_does_not_come_whole_is_a_timeout(service: Service, part: bytes) -> None:
    assert_problem(service.ask(part), 408, "request_timeout")


def test_a_request_that_drips_is_a_timeout(service: Service) -> None:
    received = b""
    with service.connect() as client:
        for byte in PREDICT:
            with contextlib.suppress(OSError):
                client.sendall(bytes([byte]))
            if select.select([client], [], [], 0.05)[0]:
                received = b"".join(iter(lambda: client.recv(65_536), b""))
                break

    assert_problem(received, 408, "request_timeout")


def test_a_stream_of_rows_has_its_time_for_each_block(service: Service) -> None:
    head = CHUNKED.replace(b"application/json", b"application/x-ndjson")
    block = b"[5.1, 3.5, 1.4, 0.2]\n" * 1_000
    received = b""
    with service.connect() as client:
        client.sendall(head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        for _ in range(5):  # longer, together, than one request may take
            client.sendall(b"%x\r\n%s\r\n" % (len(block), block))
            if select.select([client], [], [], 0.25)[0]:
                received += client.recv(65_536)
        client.sendall(b"0\r\n\r\n")
        received += b"".join(iter(lambda: client.recv(65_536), b""))

    assert received.startswith(b"HTTP/1.1 200 OK")
    assert received.count(b'"setosa"') == 5_000
    assert received.endswith(b"0\r\n\r\n")


def test_a_client_that_says_nothing_is_left(service: Service) -> None:
    assert service.ask(b"") == b""


def test_a_connection_that_lies_idle_is_closed_and_was_kept_until_then(service: Service) -> None:
    assert statuses(service.ask(PROBE)) == [200]
    assert statuses(service.ask(PROBE + PREDICT + PROBE)) == [200, 200, 200]


def test_a_body_that_was_refused_early_does_not_hold_the_connection(service: Service) -> None:
    head = HEAD.replace(b"application/json", b"text/plain") + b"\r\n"

    ((status, _, body),) = answers(service.ask(head))

    assert status == 415
    assert b"unsupported_media_type" in body


@pytest.mark.parametrize("size", [20_000, 200_000])
@pytest.mark.parametrize("end", [b"\r\n\r\n", b""], ids=["whole", "endless"])
def test_a_large_head_is_refused(service: Service, size: int, end: bytes) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * size + end

    assert_problem(service.ask(request), 431, "header_too_large")


def test_many_small_headers_are_refused(service: Service) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"a: b\r\n" * 5_000 + b"\r\n"

    assert_problem(service.ask(request), 431, "header_too_large")


def test_a_long_target_is_refused(service: Service) -> None:
    request = b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"

    assert_problem(service.ask(request), 431, "header_too_large")


def test_many_requests_at_once_are_not_one_large_head(service: Service) -> None:
    assert statuses(service.ask(PROBE * 1_000 + LAST_PROBE)) == [200] * 1_001


def test_a_large_body_is_not_a_large_head(service: Service) -> None:
    body = ROW[:-2] + b", [5.1, 3.5, 1.4, 0.2]" * 3_000 + b"]}"
    head = HEAD.replace(b"%d" % len(ROW), b"%d" % len(body)) + b"\r\n"

    assert statuses(service.ask(head + body + LAST_PROBE)) == [200, 200]


@pytest.mark.parametrize("request_", [PREDICT, PROBE, PROBE + PREDICT])
def test_a_client_that_has_said_all_is_answered(service: Service, request_: bytes) -> None:
    with service.connect() as client:
        client.sendall(request_)
        client.shutdown(socket.SHUT_WR)

        received = b"".join(iter(lambda: client.recv(65_536), b""))

    assert set(statuses(received)) == {200}


OFFER = (
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n\r\n"
)


@pytest.mark.parametrize(
    "pieces",
    [
        [HEAD + OFFER + ROW + LAST_PROBE],
        [HEAD + OFFER, ROW, LAST_PROBE],
        [(HEAD + OFFER + ROW)[:150], (HEAD + OFFER + ROW)[150:] + LAST_PROBE],
        [CHUNKED[:-2] + OFFER + b"%x\r\n%s\r\n0\r\n\r\n" % (len(ROW), ROW) + LAST_PROBE],
        [PROBE[:-2] + OFFER + LAST_PROBE],
        [PROBE[:-2] + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + LAST_PROBE],
    ],
    ids=["whole", "pieces", "split-head", "chunked", "no-body", "websocket"],
)
def test_an_offer_of_another_protocol_is_passed_over(service: Service, pieces: list[bytes]) -> None:
    with service.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            client.sendall(piece)
            select.select([], [], [], 0.05)  # so that they are read one by one
        received = b"".join(iter(lambda: client.recv(65_536), b""))

    assert statuses(received) == [200, 200]


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        b"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n",
        b"GET /healthz\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        CHUNKED + b"fffffffffffffffff\r\n",
        CHUNKED + b"zz\r\n",
    ],
)
def test_what_is_not_http_is_refused(service: Service, request_: bytes) -> None:
    assert_problem(service.ask(request_), 400, "malformed_request")


def test_an_old_probe_without_a_host_is_answered(service: Service) -> None:
    assert statuses(service.ask(b"GET /healthz HTTP/1.0\r\n\r\n")) == [200]


@pytest.mark.parametrize("wrong", [b"nonsense\r\n\r\n", CHUNKED + b"zz\r\n"])
def test_requests_before_a_wrong_one_are_answered_first(service: Service, wrong: bytes) -> None:
    received = service.ask(PREDICT + PROBE + wrong)

    assert statuses(received) == [200, 200, 400]


def test_an_answer_reaches_a_client_that_is_still_sending(service: Service) -> None:
    body = b"x" * 2_000_000
    head = HEAD.replace(b"%d" % len(ROW), b"%d" % len(body)) + b"\r\n"
    with service.connect() as client:
        client.sendall(head)
        with contextlib.suppress(OSError):  # it may be cut off, but not before it was answered
            client.sendall(body)

        received = b"".join(iter(lambda: client.recv(65_536), b""))

    assert statuses(received) == [413]


def test_a_client_that_waits_for_leave_gets_it(service: Service) -> None:
    with service.connect() as client:
        client.sendall(HEAD + b"Connection: close\r\nExpect: 100-continue\r\n\r\n")
        leave = client.recv(25)
        client.sendall(ROW)
        received = b"".join(iter(lambda: client.recv(65_536), b""))

    assert leave == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert statuses(received) == [200]


def test_what_is_refused_here_is_in_the_log(service: Service) -> None:
    before = len(service.events("request_refused"))

    ((_, _, body),) = answers(service.ask(b"nonsense\r\n\r\n"))

    eventually(lambda: len(service.events("request_refused")) > before)
    event = service.events("request_refused")[-1]
    assert event["request_id"] == json.loads(body)["request_id"]
    assert (event["code"], event["status"]) == ("malformed_request", 400)
