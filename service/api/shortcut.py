"""Plain, short requests and probes: from head and body to the bytes of the answer, in one call.

A task, a queue and two messages for each request cost as much as everything else together.
A server that has a whole short request in its hands can ask here for the whole answer; all
that the envelope does for other requests is done for these, by the same parts of it.
"""

from time import perf_counter

import structlog
from starlette.responses import Response

from service.api.endpoint import Endpoint, Reply
from service.api.envelope import Envelope
from service.api.exchange import head_of
from service.api.front import Found, Front
from service.api.head import Head
from service.api.health import LIVENESS, READINESS, Health
from service.api.metrics.note import Note
from service.api.refusals import defect, refusal
from service.errors import ServiceError

log = structlog.get_logger()

Whole = tuple[bytes, bytes]
"""The status line and headers, without the empty line at their end; and the body."""

_ID = b"x-request-id: "
_END = b"\r\nx-content-type-options: nosniff\r\n"
_NOTHING_TO_SAY = b"\r\nx-rejected-rows: 0\r\nx-warnings-total: 0\r\n" + _ID


class Shortcut:
    """Answers plain requests whose bodies are there, at once.

    Parameters
    ----------
    envelope : Envelope
        What holds for every request.
    front : Front
        What answers plain ones.
    health : Health
        What answers probes, which many requests that wait must not keep waiting.
    """

    def __init__(self, envelope: Envelope, front: Front, health: Health) -> None:
        self._envelope = envelope
        self._front = front
        self._health = health

    def __call__(self, head: Head, body: bytes) -> Whole | None:
        """Answer a request, if it is a plain one.

        Parameters
        ----------
        head : Head
            What it says before its body.
        body : bytes
            Its whole body.

        Returns
        -------
        Whole or None
            The answer, be it a refusal; None for a request that goes the long way.
        """
        began = perf_counter()
        found = self._front.plain(head)
        if found is None:
            return self._got(head, began) if head.method == "GET" else None
        if len(body) > found[1].inline_bytes:
            return None
        envelope = self._envelope
        note = Note(envelope.identifier(head.headers), head, envelope.admission)
        note.is_read = True
        note.bytes_in = len(body)
        try:
            envelope.glance(note)
            whole = self._answer(found, body, note)
        except ServiceError as error:
            whole = _written(refusal(error, note, envelope.recorder), note)
        except Exception:
            log.exception("request_failed", request_id=note.request_id)
            whole = _written(defect(note), note)
        finally:
            envelope.close(note, began)
        return whole

    def _answer(self, found: Found, body: bytes, note: Note) -> Whole:
        short = found[1].short
        content = None if short is None else short.answer(body, note)
        if content is None:
            return _whole(found[1], self._front.answer(found, body, note), note)
        self._front.take_note(found, note)
        note.status = 200
        note.bytes_out = len(content)
        head = (found[1].head, b"content-length: %d" % len(content), _NOTHING_TO_SAY)
        return b"".join((*head, note.identifier, _END)), content

    def _got(self, head: Head, began: float) -> Whole | None:
        """Answer a probe, or with a picture that is at hand."""
        if not head.is_unambiguous:
            return None
        is_probe = head.path in (LIVENESS, READINESS) and not head.scope["query_string"]
        shelved = None if is_probe else self._front.shelf.find(head)
        known = head.headers.get(b"if-none-match")
        picture = None if shelved is None else shelved.whole(known)
        if not is_probe and picture is None:
            return None
        envelope = self._envelope
        note = Note(envelope.identifier(head.headers), head, envelope.admission)
        note.route = head.path if shelved is None else shelved.route
        try:
            envelope.admit(note)
            if picture is None:
                whole = _written(self._health.answer(head.path, note.request_id), note)
            else:
                lines, body = picture
                note.status = 200 if body else 304
                note.bytes_out = len(body)
                whole = b"".join((lines, _ID, note.identifier, _END)), body
        except ServiceError as error:
            whole = _written(refusal(error, note, envelope.recorder), note)
        finally:
            envelope.close(note, began)
        return whole


def _whole(endpoint: Endpoint, reply: Reply, note: Note) -> Whole:
    note.status = 200
    note.bytes_out = reply.size
    content = reply.content
    numbers = (len(content), reply.n_rejected, reply.n_warnings)
    counts = b"content-length: %d\r\nx-rejected-rows: %d\r\nx-warnings-total: %d\r\n" % numbers
    policy = (f"{name.lower()}: {text}\r\n".encode() for name, text in reply.policy.items())
    return b"".join((endpoint.head, counts, *policy, _ID, note.identifier, _END)), content


def _written(response: Response, note: Note) -> Whole:
    content = bytes(response.body)
    note.status = response.status_code
    note.bytes_out = len(content)
    return b"".join((head_of(response), _ID, note.identifier, _END)), content
