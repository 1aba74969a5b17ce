"""Requests that came together, and wait for each other."""

import asyncio
import os
from collections.abc import Callable
from http import HTTPStatus
from time import monotonic

from service.api.admission import QUEUE_S
from service.api.envelope import PROBES
from service.api.head import Head
from service.api.problems import problem, when_to_come_again
from service.api.shortcut import Whole

_ID = "0" * 32
_AGAIN = b"retry-after: 0\r\n"


class Crowd:
    """Counts the requests of one worker that its event loop found waiting at one time.

    Short requests are answered one after the other, each at once: however many there are,
    none of them is in flight beside another. What tells of too many is how many came together,
    and how long the last of them waits. They are refused here, since a refusal that costs as
    much as an answer would help nobody.

    To be told that the event loop has been round costs a turn of it. It is asked for that only once
    for as many requests as are no crowd yet; who comes after them, before it, has waited for them.

    Parameters
    ----------
    many : int
        More than so many are a crowd.
    on_refused : callable
        Called for each that is refused.
    """

    def __init__(self, many: int, on_refused: Callable[[], None]) -> None:
        self._many = many
        self._on_refused = on_refused
        self._loop = asyncio.get_running_loop()
        self._n_requests = 0
        self._since = 0.0
        detail = "expected fewer requests at a time; the same one fits a little later"
        answer = problem("overloaded", detail, _ID, headers={"Retry-After": "0"})
        status = HTTPStatus(answer.status_code)
        headers = [*answer.raw_headers, (b"x-request-id", _ID.encode())]
        headers.append((b"x-content-type-options", b"nosniff"))
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        self._head = f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() + lines
        self._body = bytes(answer.body)

    def joins(self) -> float | None:
        """Count a request.

        Returns
        -------
        float or None
            Since when it has waited at least, in seconds of `monotonic`; None where those that
            came together are few.
        """
        self._n_requests += 1
        if self._n_requests < self._many:
            return None
        if self._n_requests == self._many:
            self._since = monotonic()
            self._loop.call_soon(self._disperse)  # after all that wait now have been read
            return None
        return self._since

    def refusal(self, head: Head, since: float | None) -> Whole | None:
        """Give the answer to a request that has waited too long.

        Parameters
        ----------
        head : Head
            The request.
        since : float or None
            What it was told when it joined.

        Returns
        -------
        Whole or None
            None for one that is to be answered.
        """
        if since is None or monotonic() - since <= QUEUE_S:
            return None
        if head.path in PROBES or head.method == "HEAD":
            return None
        self._on_refused()
        identifier = os.urandom(16).hex()
        new, old = identifier.encode(), _ID.encode()
        lines = self._head.replace(_AGAIN, b"retry-after: %d\r\n" % when_to_come_again(identifier))
        return lines.replace(old, new), self._body.replace(old, new)

    def _disperse(self) -> None:
        self._n_requests = 0
