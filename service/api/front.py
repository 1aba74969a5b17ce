"""The short way to a prediction: plain requests are answered without the framework.

FastAPI takes longer to route a request than a model to answer it. What is plain, a JSON body
for a model that is there, is therefore answered here, by the same function that the routes
call; everything else is handed on. Without this class the service would only be slower.
"""

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.bodies import whole_body
from service.api.endpoint import Endpoint, Reply
from service.api.head import Head
from service.api.media import Format
from service.api.metrics.note import Note
from service.api.metrics.recorder import Recorder
from service.api.served import Models
from service.api.shelf import Shelf
from service.settings import Settings

WHOLE_BYTES = 2**19
"""An answer of more bytes leaves in parts, since putting them together takes as long as sending."""

Found = tuple[str, Endpoint]
"""The template of a path, and what answers there."""


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
        note: Note = scope["state"]["note"]
        found = self.plain(note.head)
        if found is None:
            await self._app(scope, receive, send)
            return
        note.route = found[0]
        declared = note.head.headers[b"content-length"].decode()
        body = await whole_body(receive, note, limit=self._body_bytes, declared=declared)
        if len(body) > found[1].inline_bytes:
            reply = await run_in_threadpool(self.answer, found, body, note)
        else:
            reply = self.answer(found, body, note)
        _, endpoint = found
        headers = [*endpoint.raw_headers, *reply.raw_headers]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        parts = reply.parts if reply.size > WHOLE_BYTES else [reply.content]
        for part in parts[:-1]:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": parts[-1]})

    @property
    def shelf(self) -> Shelf:
        """Pictures that were asked for, of the models as they are now."""
        return self._models.served.shelf

    def plain(self, head: Head) -> Found | None:
        """Find what answers a request, if that is a plain one.

        Parameters
        ----------
        head : Head
            What it says before its body.

        Returns
        -------
        Found or None
            None for whatever is not a JSON body for a model that is there.
        """
        return self._models.served.endpoints.get(head.path) if head.is_plain else None

    def answer(self, found: Found, body: bytes, note: Note) -> Reply:
        """Answer a plain request.

        Parameters
        ----------
        found : Found
            What answers it.
        body : bytes
            Its whole body.
        note : Note
            Is told what there is to tell.

        Returns
        -------
        Reply
            The answer.

        Raises
        ------
        InputError
            If the rows or the options do not fit the model.
        ContentTooLargeError
            If there are too many rows.
        """
        self.take_note(found, note)
        return found[1].answer(body, Format.JSON, Format.JSON, {}, note, max_rows=self._max_rows)

    def take_note(self, found: Found, note: Note) -> None:
        """Note what answers a request.

        Parameters
        ----------
        found : Found
            What answers it.
        note : Note
            The request.
        """
        note.route, endpoint = found
        note.tally = endpoint.tally(self._recorder)
