"""Receiving request bodies: size, coding, bytes."""

import zlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from time import perf_counter

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from service.api.metrics.note import Note
from service.errors import ContentTooLargeError, Fault, InputError, MediaTypeError

CODINGS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
"""Each content coding with what zlib calls it."""

CHUNK_BYTES = 2**16
"""Bytes that are decompressed at a time."""


async def whole_body(
    receive: Receive, note: Note, *, limit: int, declared: str = "", coding: str = ""
) -> bytes:
    """Receive a body, counting while it comes in.

    Parameters
    ----------
    receive : callable
        Where ASGI messages come from; none has been taken yet.
    note : Note
        The request, on whose account the body is held.
    limit : int
        The most bytes to accept, as they are sent and also decompressed.
    declared : str
        The header Content-Length.
    coding : str
        The header Content-Encoding.

    Returns
    -------
    bytes
        The body, decompressed.

    Raises
    ------
    MediaTypeError
        If the coding is unknown.
    ContentTooLargeError
        If it is larger than the limit; nothing more of it is read then.
    OverloadedError
        If the process holds too much already.
    InputError
        If it is not compressed as it says.
    """
    began = perf_counter()
    refuse_declared(declared, limit)
    note.hold(int(declared[:20]) if declared.isdigit() else 0)
    body: bytes
    message = await receive()
    if not coding and message["type"] == "http.request" and not message.get("more_body"):
        body = message.get("body", b"")  # all of it at once, as short ones come
        note.bytes_in = len(body)
        if len(body) > limit:
            raise _too_large(limit)
    else:
        parts, n_bytes = [], 0
        async for part in body_parts(_again(message, receive), note, limit=limit, coding=coding):
            parts.append(part)
            n_bytes += len(part)
            note.hold(max(note.held, n_bytes))
        body = b"".join(parts)
    note.is_read = True
    note.read_s = perf_counter() - began
    return body


def _again(message: Message, receive: Receive) -> Receive:
    """Give a message that was taken already before those that follow."""
    taken = [message]

    async def next_one() -> Message:
        return taken.pop() if taken else await receive()

    return next_one


def refuse_declared(declared: str, limit: int) -> None:
    """Refuse a body that says itself that it is too large.

    Parameters
    ----------
    declared : str
        The header Content-Length.
    limit : int
        The most bytes to accept.

    Raises
    ------
    ContentTooLargeError
        If it is.
    """
    if declared.isdigit() and int(declared[:20]) > limit:
        raise _too_large(limit)


async def body_parts(
    receive: Receive, note: Note, *, limit: int, coding: str = ""
) -> AsyncIterator[bytes]:
    """Receive a body in parts, decompressed.

    Parameters
    ----------
    receive : callable
        Where ASGI messages come from.
    note : Note
        The request, whose bytes are counted.
    limit : int
        The most bytes to accept, as they are sent and also decompressed.
    coding : str
        The header Content-Encoding.

    Yields
    ------
    bytes
        Never empty; a compressed one is of bounded size.

    Raises
    ------
    MediaTypeError
        If the coding is unknown.
    ContentTooLargeError
        If there is more than the limit.
    InputError
        If it is not compressed as it says.
    """
    inflate = _inflater(coding)
    sent = decoded = 0
    async for chunk in _chunks(receive):
        sent += len(chunk)
        note.bytes_in = sent
        if sent > limit:
            raise _too_large(limit)
        for part in inflate(chunk):
            decoded += len(part)
            if decoded > limit:
                raise _too_large(limit)
            yield part
    for part in inflate(b""):
        yield part


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    is_more = True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        is_more = message.get("more_body", False)
        chunk: bytes = message.get("body", b"")
        if chunk:
            yield chunk


class _Plain:
    """No coding: what comes in goes out."""

    def __call__(self, chunk: bytes) -> Iterator[bytes]:
        if chunk:
            yield chunk


class _Inflater:
    """Decompresses piece by piece, so that a small bomb stays small."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._inflate = zlib.decompressobj(CODINGS[coding])
        self._is_new = True

    def __call__(self, chunk: bytes) -> Iterator[bytes]:
        if not chunk:
            if not self._inflate.eof:
                raise self._damaged()
            return
        if self._inflate.eof:
            raise self._damaged()
        try:
            part = self._begin(chunk) if self._is_new else self._more(chunk)
            while part:
                yield part
                part = self._more(self._inflate.unconsumed_tail)
        except zlib.error:
            raise self._damaged() from None
        if self._inflate.unused_data:
            raise self._damaged()

    def _begin(self, chunk: bytes) -> bytes:
        self._is_new = False
        try:
            return self._more(chunk)
        except zlib.error:
            if self._coding != "deflate":
                raise
            # Some clients send deflate without the zlib header that belongs to it.
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._more(chunk)

    def _more(self, chunk: bytes) -> bytes:
        return self._inflate.decompress(chunk, CHUNK_BYTES)

    def _damaged(self) -> InputError:
        detail = f"expected a body compressed as {self._coding}"
        return InputError([Fault(code="malformed_request", detail=detail)])


def _inflater(coding: str) -> "_Plain | _Inflater":
    name = coding.strip().lower()
    if name in {"", "identity"}:
        return _Plain()
    if name not in CODINGS:
        msg = "expected Content-Encoding: identity, gzip or deflate"
        raise MediaTypeError(msg)
    return _Inflater(name)


def _too_large(limit: int) -> ContentTooLargeError:
    return ContentTooLargeError(f"expected a body of at most {limit} bytes")


def single_parameters(request: Request) -> dict[str, str]:
    """Give the query parameters, each of which may stand only once.

    Parameters
    ----------
    request : Request
        The request.

    Returns
    -------
    dict of str to str
        Texts by name.

    Raises
    ------
    InputError
        With one fault for each name that stands more than once.
    """
    counts = Counter(name for name, _ in request.query_params.multi_items())
    repeated = [name for name, count in counts.items() if count > 1]
    _refuse_parameters(repeated, "expected each parameter once")
    return dict(request.query_params)


def refuse_query(request: Request) -> None:
    """Refuse query parameters on a path that has none.

    Parameters
    ----------
    request : Request
        The request.

    Raises
    ------
    InputError
        With one fault for each name.
    """
    _refuse_parameters(list(request.query_params), "expected no parameters")


def _refuse_parameters(names: list[str], detail: str) -> None:
    faults = [
        Fault(code="invalid_parameter", detail=detail, location=(name[:128],)) for name in names
    ]
    if faults:
        raise InputError(faults)
