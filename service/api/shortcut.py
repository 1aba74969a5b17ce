"""Plain, short requests: from head and body to the bytes of the answer, in one call.

A task, a queue and two messages for each request cost as much as everything else together.
A server that has a whole short request in its hands can ask here for the whole answer; all
that the envelope does for other requests is done for these, by the same parts of it.
"""

from collections.abc import Mapping, MutableMapping
from time import perf_counter
from typing import Any

import structlog
from starlette.responses import Response

from service.api.endpoint import Endpoint, Reply
from service.api.envelope import Envelope
from service.api.exchange import head_of
from service.api.front import Front
from service.api.metrics.note import Note
from service.api.refusals import defect, refusal
from service.errors import ServiceError

SHORT_BYTES = 16 * 2**10
"""A longer body is worth a task of its own: others are answered in between."""

log = structlog.get_logger()

Whole = tuple[bytes, bytes]
"""The status line and headers, without the empty line at their end; and the body."""

_END = b"x-request-id: %b\r\nx-content-type-options: nosniff\r\n"


class Shortcut:
    """Answers plain requests whose bodies are there, at once.

    Parameters
    ----------
    envelope : Envelope
        What holds for every request.
    front : Front
        What answers plain ones.
    """

    def __init__(self, envelope: Envelope, front: Front) -> None:
        self._envelope = envelope
        self._front = front

    def __call__(self, scope: MutableMapping[str, Any], body: bytes) -> Whole | None:
        """Answer a request, if it is a plain one.

        Parameters
        ----------
        scope : dict
            The request's line and headers.
        body : bytes
            Its whole body.

        Returns
        -------
        Whole or None
            The answer, be it a refusal; None for a request that goes the long way.
        """
        began = perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if scope["method"] == "GET":
            return self._picture(scope, headers, began)
        found = self._front.plain(scope, headers)
        if found is None or len(body) > SHORT_BYTES or len(headers) != len(scope["headers"]):
            return None
        envelope = self._envelope
        note = Note(envelope.identifier(headers), headers, envelope.admission)
        note.is_read = True
        note.bytes_in = len(body)
        try:
            envelope.admit(scope, note)
            whole = _whole(found[1], self._front.answer(found, body, note), note)
        except ServiceError as error:
            whole = _refused(refusal(error, note, envelope.recorder), note)
        except Exception:
            log.exception("request_failed", request_id=note.request_id)
            whole = _refused(defect(note), note)
        finally:
            envelope.close(note, "POST", began)
        return whole

    def _picture(
        self, scope: MutableMapping[str, Any], headers: Mapping[bytes, bytes], began: float
    ) -> Whole | None:
        """Answer with a picture that is at hand."""
        shelved = self._front.shelf.find(scope, headers)
        if shelved is None or len(headers) != len(scope["headers"]):
            return None
        whole = shelved.whole(headers.get(b"if-none-match"))
        if whole is None:
            return None
        envelope = self._envelope
        note = Note(envelope.identifier(headers), headers, envelope.admission)
        note.route = shelved.route
        try:
            envelope.admit(scope, note)
            head, body = whole
            note.status = 200 if body else 304
            note.bytes_out = len(body)
            whole = head + _END % note.identifier, body
        except ServiceError as error:
            whole = _refused(refusal(error, note, envelope.recorder), note)
        finally:
            envelope.close(note, "GET", began)
        return whole


def _whole(endpoint: Endpoint, reply: Reply, note: Note) -> Whole:
    note.status = 200
    note.bytes_out = len(reply.content)
    head = b"%bcontent-length: %d\r\nx-rejected-rows: %d\r\nx-warnings-total: %d\r\n" + _END
    numbers = (len(reply.content), reply.n_rejected, reply.n_warnings)
    return head % (endpoint.head, *numbers, note.identifier), reply.content


def _refused(response: Response, note: Note) -> Whole:
    content = bytes(response.body)
    note.status = response.status_code
    note.bytes_out = len(content)
    return head_of(response) + _END % note.identifier, content
