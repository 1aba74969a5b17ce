"""The short way to a prediction: plain requests are answered without the framework.

FastAPI takes longer to route a request than a model to answer it. What is plain, a JSON body
for a model that is there, is therefore answered here, by the same function that the routes
call; everything else is handed on. Without this class the service would only be slower.
"""

from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.bodies import whole_body
from service.api.endpoint import Endpoint, Reply
from service.api.exchange import Exchange
from service.api.media import Format
from service.api.metrics.note import Note
from service.api.metrics.recorder import Recorder
from service.api.predictions import THREAD_BYTES
from service.api.served import Models
from service.settings import Settings

_JSON = b"application/json"
_ANY = (b"*/*", _JSON)
_UNUSUAL = frozenset({b"content-encoding", b"transfer-encoding", b"expect"})


class Front:
    """Answers plain predictions, and hands everything else on.

    Parameters
    ----------
    app : ASGI application
        What answers everything else.
    models : Models
        The models.
    settings : Settings
        Limits.
    recorder : Recorder
        Counts predictions.
    """

    def __init__(
        self, app: ASGIApp, models: Models, settings: Settings, recorder: Recorder
    ) -> None:
        self._app = app
        self._models = models
        self._recorder = recorder
        self._body_bytes = settings.body_bytes
        self._max_rows = settings.rows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        found = None
        if scope["type"] == "http" and scope["method"] == "POST" and not scope["query_string"]:
            found = self._models.served.endpoints.get(scope["path"])
        if found is None or not self._is_plain(scope["state"]["note"]):
            await self._app(scope, receive, send)
            return
        note: Exchange = scope["state"]["note"]
        note.route, endpoint = found
        note.tally = endpoint.tally(self._recorder)
        reply = await self._reply(endpoint, receive, note)
        at_once = scope["state"].get("reply")
        if at_once is not None:
            head = b"%bcontent-length: %d\r\nx-rejected-rows: %d\r\nx-warnings-total: %d\r\n" % (
                endpoint.head,
                len(reply.content),
                reply.n_rejected,
                reply.n_warnings,
            )
            if note.answer_at_once(at_once, head, reply.content):
                return
        await send(_start(endpoint, reply))
        await send({"type": "http.response.body", "body": reply.content})

    def _is_plain(self, note: Note) -> bool:
        headers = note.headers
        return (
            headers.get(b"content-type") == _JSON
            and headers.get(b"accept", b"*/*") in _ANY
            and b"content-length" in headers
            and _UNUSUAL.isdisjoint(headers)
        )

    async def _reply(self, endpoint: Endpoint, receive: Receive, note: Note) -> Reply:
        declared = note.headers[b"content-length"].decode()
        body = await whole_body(receive, note, limit=self._body_bytes, declared=declared)
        if len(body) > THREAD_BYTES:
            return await run_in_threadpool(self._answer, endpoint, body, note)
        return self._answer(endpoint, body, note)

    def _answer(self, endpoint: Endpoint, body: bytes, note: Note) -> Reply:
        return endpoint.answer(body, Format.JSON, Format.JSON, {}, note, max_rows=self._max_rows)


def _start(endpoint: Endpoint, reply: Reply) -> Message:
    return {
        "type": "http.response.start",
        "status": 200,
        "headers": [
            (b"content-length", b"%d" % len(reply.content)),
            (b"content-type", _JSON),
            *endpoint.raw_headers,
            (b"x-rejected-rows", b"%d" % reply.n_rejected),
            (b"x-warnings-total", b"%d" % reply.n_warnings),
        ],
    }
