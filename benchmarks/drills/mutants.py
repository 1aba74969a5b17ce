"""Requests that were valid once: bytes changed, left out, repeated, exchanged, cut off."""

import random
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

ROWS = b'{"instances": [[5.1, 3.5, 1.4, 0.2], {"petal_width": 1.8}], "on_error": "reject_rows"}'
POLICY = b'{"instances": [[1, 2, 3, 4]], "policy": {"type": "threshold", "threshold": 0.9}}'
CSV = b"sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n"
LINES = b'[5.1, 3.5, 1.4, 0.2]\n{"sepal_length": 1}\n'
NPY = b"\x93NUMPY\x01\x00\x3f\0{'descr': '<f8', 'fortran_order': False, 'shape': (1, 4), }   \n"
NPY += bytes(32)
CHUNKS = b"1c\r\n" + b'{"instances": [[0.4, -1.9]]}' + b"\r\n0\r\n\r\n"

TOKENS: Sequence[bytes] = (
    *(b"\r\n", b"\r\n\r\n", b"\0", b"\xff", b"%00", b"%2f", b"../", b" ", b"\t", b":", b"&", b"?"),
    *(b"null", b"NaN", b"1e999", b"-0", b"9" * 400, b"[", b"]" * 50, b"{", b'"', b"\\u0000", b","),
    *(b"chunked", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 0\r\n", b"Host: b\r\n"),
    *(b"Content-Encoding: gzip\r\n", b"Expect: 100-continue\r\n", b"Upgrade: h2c\r\n", b"HTTP/9.9"),
    *(b"application/x-npy", b"application/vnd.apache.arrow.stream", b"text/csv", b"Accept: x\r\n"),
)
TIMEOUT_S = 30.0
HALF = 0.5
NO_ANSWER = 0
"""Stands for a connection that ended without an answer, as it may after half a request."""


def post(path: bytes, media_type: bytes, body: bytes) -> bytes:
    """Write a request with a body."""
    head = b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
    return head % (path, media_type, len(body)) + body


BODIES: Sequence[tuple[bytes, bytes, bytes]] = (
    (b"/models/iris/predict_proba", b"application/json", ROWS),
    (b"/models/iris/predict?on_error=reject_rows", b"application/json", ROWS),
    (b"/models/iris/decide", b"application/json", POLICY),
    (b"/models/iris/explain", b"application/json", ROWS),
    (b"/models/iris/predict_proba?top_k=2", b"text/csv", CSV),
    (b"/models/iris/predict_proba", b"application/x-ndjson", LINES),
    (b"/models/iris/predict_proba", b"application/x-npy", NPY),
)
"""Path, media type and body of valid requests."""

REQUESTS: Sequence[bytes] = (
    *(post(*parts) for parts in BODIES),
    b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    b"GET /models/iris/regions.svg?width=100&height=100&theme=dark HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /models/iris/versions/1 HTTP/1.1\r\nHost: a\r\nX-Request-ID: abc\r\n\r\n",
    b"HEAD /metrics HTTP/1.1\r\nHost: a\r\nX-API-Key: abc\r\nAuthorization: Bearer x\r\n\r\n",
)


def mutants(seed: int, number: int) -> Iterator[bytes]:
    """Make requests out of valid ones.

    Parameters
    ----------
    seed : int
        The same seed makes the same requests.
    number : int
        How many.

    Yields
    ------
    bytes
        A request, changed in one to four places: half of them in the body alone.
    """
    chance = random.Random(seed)  # noqa: S311 - the same each time
    for _ in range(number):
        if chance.random() < HALF:
            path, media_type, body = chance.choice(BODIES)
            yield post(path, media_type, _changed(body, chance))
        else:
            yield _changed(chance.choice(REQUESTS), chance)


def _changed(valid: bytes, chance: random.Random) -> bytes:
    changed = bytearray(valid)
    for _ in range(chance.randint(1, 4)):
        _change(changed, chance)
    return bytes(changed)


def _change(request: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(request) + 1)
    end = min(len(request), start + chance.choice((0, 1, 1, 2, 8, 64)))
    match chance.randrange(6):
        case 0:
            request[start:end] = chance.randbytes(end - start)
        case 1:
            del request[start:end]
        case 2:
            request[start:start] = request[start:end]
        case 3:
            request[start:end] = chance.choice(TOKENS)
        case 4:
            request[start:start] = chance.choice(TOKENS)
        case 5:
            del request[max(start, len(request) // 2) :]


def statuses(port: int, requests: Iterator[bytes]) -> Counter[int]:
    """Send requests, each on a connection of its own, and count the statuses of the answers.

    Parameters
    ----------
    port : int
        Where the service answers, on the loopback interface.
    requests : iterator of bytes
        What is sent; then the client says that it has no more to say.

    Returns
    -------
    Counter of int
        Answers by status; a request may hold two, of which the last counts.
    """
    with ThreadPoolExecutor(8) as pool:
        return Counter(pool.map(lambda request: _status(port, request), requests))


def _status(port: int, request: bytes) -> int:
    received = b""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(2**16):
                received += part
        except (BrokenPipeError, ConnectionResetError):
            pass
    found = [word for word in received.split(b"HTTP/1.1 ")[1:] if not word.startswith(b"100")]
    return max((int(word[:3]) for word in found if word[:3].isdigit()), default=NO_ANSWER)
