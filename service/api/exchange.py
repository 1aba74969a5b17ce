"""The answer to one request on its way out: safe headers, counted bytes."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.head import Head
from service.api.metrics.note import Account, Note

SMALL_BYTES = 64 * 2**10
"""A body of at most this that nobody reads is let run past, and the connection kept."""

_NOSNIFF = (b"x-content-type-options", b"nosniff")
_CLOSE = (b"connection", b"close")


class Exchange(Note):
    """One request, and its answer.

    Parameters
    ----------
    identifier : bytes
        The id under which the log knows the request.
    head : Head
        What the request says before its body.
    account : Account
        What the process has taken on.
    send : callable
        Of the server.
    is_head : bool
        Whether the answer goes without its body.
    """

    def __init__(
        self,
        identifier: bytes,
        head: Head,
        account: Account,
        send: Send,
        *,
        is_head: bool,
    ) -> None:
        self.identifier = identifier
        self.head = head
        self.account = account
        self._send = send
        self._is_head = is_head

    async def answer(self, message: Message) -> None:
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message["headers"], (b"x-request-id", self.identifier), _NOSNIFF]
            if not self.is_read and _is_left_unread(self.head.headers):
                headers.append(_CLOSE)
            message = {**message, "headers": headers}
        elif self._is_head:
            message = {**message, "body": b""}
        else:
            self.bytes_out += len(message["body"])
        await self._send(message)

    async def answer_with(self, response: ASGIApp, scope: Scope, receive: Receive) -> None:
        """Answer this instead, unless an answer has begun: then the server breaks it off."""
        if not self.status:
            await response(scope, receive, self.answer)


def head_of(response: Response) -> bytes:
    """Write the status line and the headers of an answer, as HTTP/1.1 has them.

    Parameters
    ----------
    response : Response
        The answer.

    Returns
    -------
    bytes
        Lines with their ends, without the empty one.
    """
    line = f"HTTP/1.1 {response.status_code} {HTTPStatus(response.status_code).phrase}\r\n"
    return line.encode() + b"".join(b"%b: %b\r\n" % header for header in response.raw_headers)


def _is_left_unread(headers: Mapping[bytes, bytes]) -> bool:
    """Say whether a body is on its way that is too large, or too uncertain, to let run past."""
    declared = headers.get(b"content-length")
    if declared is None:
        return b"transfer-encoding" in headers
    if b"expect" in headers:  # whether the body follows is for the client to decide
        return True
    # A number of more digits is above the limit, and may be too long for a quick conversion.
    return len(declared) > len(str(SMALL_BYTES)) or int(declared) > SMALL_BYTES
