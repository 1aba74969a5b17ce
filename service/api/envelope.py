"""Around every request: an id, limits, metrics, and an answer even to a defect."""

from collections import Counter
from collections.abc import Mapping
from itertools import count
from secrets import token_hex
from time import perf_counter

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.admission import Admission
from service.api.exchange import Exchange
from service.api.guards import Guards
from service.api.head import Head
from service.api.metrics.note import Note
from service.api.refusals import defect, refusal
from service.api.request_log import request_log
from service.errors import RequestError, ServiceError
from service.settings import Settings

PROBES = frozenset({"/healthz", "/readyz", "/metrics", "/ping"})
"""Paths that are answered however much there is to do, and are not in flight themselves."""

UNMATCHED = "unmatched"
"""Stands for the path of a request that no route was found for, or looked for."""

ONCE = frozenset({b"content-type", b"content-encoding", b"authorization", b"x-api-key"})
"""Headers of which a second one could mean one thing here and another on the way."""

_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
_ID_BYTES = 64

log = structlog.get_logger()


class Envelope:
    """The outermost application: what holds for every request is seen to here, once.

    It takes few steps, since every request pays for each: headers are looked up in one
    dictionary of them all, and only if two have one name are they looked at one by one.

    Parameters
    ----------
    app : ASGI application
        Everything inside; a `ServiceError` that it raises becomes a problem here.
    settings : Settings
        The limits.
    guards : Guards
        Says who may ask, and counts.
    """

    def __init__(self, app: ASGIApp, settings: Settings, guards: Guards) -> None:
        self.app = app
        self.gate = guards.gate
        self.recorder = recorder = guards.recorder
        self.admission = Admission(recorder.values, settings.in_flight, settings.inflight_bytes)
        self._tell = request_log() if settings.request_log else None
        self._prefix = token_hex(8).encode()  # of this process
        self._ids = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        head = Head(scope)
        is_head = head.method == "HEAD"
        note = Exchange(self.identifier(head.headers), head, self.admission, send, is_head=is_head)
        state = scope.setdefault("state", {})
        state["note"] = note
        if is_head:  # in a copy: the server reads the method in its own
            scope = {**scope, "method": "GET"}
        try:
            self.admit(note, state.get("crowded_since"))
            await self.app(scope, receive, note.answer)
        except ServiceError as error:
            await note.answer_with(refusal(error, note, self.recorder), scope, receive)
        except ClientDisconnect:
            pass  # nobody is left to answer
        except Exception as error:
            # Starlette wraps what it cannot answer any more, since an answer has begun.
            if isinstance(error.__cause__, ServiceError):
                code = error.__cause__.code
                log.warning("answer_broken_off", request_id=note.request_id, code=code)
            elif not isinstance(error.__cause__, ClientDisconnect):
                log.exception("request_failed", request_id=note.request_id)
                await note.answer_with(defect(note), scope, receive)
        finally:
            if not note.route:
                note.route = getattr(scope.get("route"), "path", UNMATCHED)
            self.close(note, began)

    def identifier(self, headers: Mapping[bytes, bytes]) -> bytes:
        """Give the id of a request: its own, if that is a word, else a new one.

        Parameters
        ----------
        headers : mapping of bytes to bytes
            Of the request.

        Returns
        -------
        bytes
            Letters, digits, dots, underscores and hyphens; 32 hexadecimal digits if it is new.
        """
        given = headers.get(b"x-request-id")
        return given if given and _is_word(given) else b"%b%016x" % (self._prefix, next(self._ids))

    def admit(self, note: Note, crowded_since: float | None = None) -> None:
        """Let a request in.

        Parameters
        ----------
        note : Note
            What is noted about it.
        crowded_since : float, optional
            See `Admission.enter`.

        Raises
        ------
        RequestError
            If a header that may stand once stands twice.
        UnauthorizedError
            If it brings no key that is known, where one is asked for.
        ForbiddenError
            If its key is for something else.
        RateLimitedError
            If its key has asked too often.
        OverloadedError
            If there are too many requests already.
        """
        head = note.head
        if not head.is_unambiguous:
            _refuse_repeated(head.scope["headers"])
        if not self.gate.is_wide_open:
            note.key = self.gate.let_in(head.path, head.headers)
        if head.path not in PROBES:
            self.admission.enter(note, crowded_since)

    def glance(self, note: Note) -> None:
        """Let a plain request in that is answered before anything else happens.

        Parameters
        ----------
        note : Note
            What is noted about it; it is never in flight beside another.

        Raises
        ------
        UnauthorizedError, ForbiddenError, RateLimitedError, OverloadedError
            As by `admit`.
        """
        if not self.gate.is_wide_open:
            note.key = self.gate.let_in(note.head.path, note.head.headers)
        self.admission.demand_room()

    def close(self, note: Note, began: float) -> None:
        """Let a request go, count it, and tell of it.

        Parameters
        ----------
        note : Note
            What was noted about it.
        began : float
            When it began, by `perf_counter`.
        """
        self.admission.leave(note)
        seconds = perf_counter() - began
        self.recorder.answered(note, seconds)
        if self._tell is not None:
            self._tell(note, seconds)


def _is_word(given: bytes) -> bool:
    return len(given) <= _ID_BYTES and _WORD.issuperset(given)


def _refuse_repeated(headers: list[tuple[bytes, bytes]]) -> None:
    counts = Counter(name for name, _ in headers)
    for name in ONCE:
        if counts[name] > 1:
            msg = f"expected one {name.decode()} header"
            raise RequestError(msg)
