"""One request and its answer on a socket, byte for byte."""

import contextlib
import json
import select
import socket
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

TIMEOUT_S = 30.0
BLOCK = 2**16


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back.

    Parameters
    ----------
    head : bytes
        Status line and headers.
    body : bytes
        The body, without chunks.
    """

    head: bytes
    body: bytes

    @cached_property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1])

    @cached_property
    def headers(self) -> dict[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}

    def json(self) -> Any:
        return json.loads(self.body)


def exchanged(url: str, request: bytes, *, is_head: bool = False) -> Answer | None:
    """Send a request, and give its answer; None where the connection was closed without one."""
    host, _, port = url.removeprefix("http://").partition(":")
    pending, received = memoryview(request), b""
    until = time.monotonic() + TIMEOUT_S
    with socket.create_connection((host, int(port)), TIMEOUT_S) as connection:
        connection.settimeout(0.0)
        while time.monotonic() < until:
            writers = [connection] if pending else []
            readable, writable, _ = select.select([connection], writers, [], 1.0)
            if writable:
                try:
                    pending = pending[connection.send(pending[:BLOCK]) :]
                except (BrokenPipeError, ConnectionResetError):
                    pending = memoryview(b"")
            if readable:
                part = _read(connection)
                received += part
                answer = parsed(received, is_head=is_head)
                if answer is not None or not part:
                    return answer
    msg = f"no whole answer within {TIMEOUT_S} s: {received[:500]!r}"
    raise TimeoutError(msg)


def _read(connection: socket.socket) -> bytes:
    with contextlib.suppress(ConnectionResetError):
        return connection.recv(BLOCK)
    return b""


def parsed(received: bytes, *, is_head: bool = False) -> Answer | None:
    """Read an answer, if it is whole."""
    while received.startswith(b"HTTP/1.1 100 "):
        received = received.partition(b"\r\n\r\n")[2]
    head, end, rest = received.partition(b"\r\n\r\n")
    if not end:
        return None
    answer = Answer(head=head, body=rest)
    if is_head or answer.status in {204, 304}:
        return answer
    if answer.headers.get("transfer-encoding") == "chunked":
        return Answer(head=head, body=_joined(rest)) if rest.endswith(b"0\r\n\r\n") else None
    return answer if len(rest) >= int(answer.headers["content-length"]) else None


def _joined(chunks: bytes) -> bytes:
    body = b""
    while chunks:
        size, _, chunks = chunks.partition(b"\r\n")
        body += chunks[: int(size, 16)]
        chunks = chunks[int(size, 16) + 2 :]
    return body
