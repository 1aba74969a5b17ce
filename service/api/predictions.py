"""`predict_proba`, `predict`, `decide` and `explain`."""

import functools
from collections.abc import AsyncIterator, Sequence

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from service.api.bodies import body_parts, refuse_declared, single_parameters, whole_body
from service.api.endpoint import Endpoint
from service.api.lines import answer_lines, isolating_options
from service.api.media import Format, answer_format, body_format
from service.api.metrics.note import note_of
from service.api.schemas import DOCUMENTED
from service.api.served import asked_endpoint
from service.settings import Settings


def prediction_routes(prefix: str) -> APIRouter:
    """Make the prediction routes under one prefix.

    Parameters
    ----------
    prefix : str
        Empty for the default model, else a path that names a model.

    Returns
    -------
    APIRouter
        The routes.
    """
    router = APIRouter(prefix=prefix, tags=["predictions"])

    @router.post("/predict_proba", **DOCUMENTED["predict_proba"])
    async def predict_proba(request: Request) -> Response:
        """Give the probability of every class, and the most probable one, for each row."""
        return await _answer(request, "predict_proba")

    @router.post("/predict", **DOCUMENTED["predict"])
    async def predict(request: Request) -> Response:
        """Give the most probable class of each row."""
        return await _answer(request, "predict")

    @router.post("/decide", **DOCUMENTED["decide"])
    async def decide(request: Request) -> Response:
        """Decide for each row by a policy: thresholds, costs, or sets of classes."""
        return await _answer(request, "decide")

    @router.post("/explain", **DOCUMENTED["explain"])
    async def explain(request: Request) -> Response:
        """Say for each row why this class and not another, feature by feature.

        At most 1,000 rows at a time, beyond which the answer is 413; as JSON lines any number.
        """
        return await _answer(request, "explain")

    return router


class Lines(Response):
    """An answer that leaves block by block while the request still comes in.

    The framework's own streaming answer waits for the client to go away by reading the
    request, of which it would take the rows.

    Parameters
    ----------
    blocks : async iterator of bytes
        The body.
    media_type : str
        What it is.
    headers : dict of str to str
        Further headers.
    """

    def __init__(
        self, blocks: AsyncIterator[bytes], *, media_type: str, headers: dict[str, str]
    ) -> None:
        super().__init__(media_type=media_type, headers=headers)
        del self.headers["content-length"]
        self._blocks = blocks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the blocks as they are made."""
        del receive
        extend_receipt = scope["state"].get("extend_receipt")
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for block in self._blocks:
            if extend_receipt is not None:  # the time to send is that of each block
                extend_receipt()
            await send({"type": "http.response.body", "body": block, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _answer(request: Request, task: str) -> Response:
    endpoint = asked_endpoint(request, task)
    settings: Settings = request.app.state.settings
    note = note_of(request)
    note.tally = endpoint.tally(request.app.state.recorder)
    query = single_parameters(request)
    given = body_format(request.headers.get("content-type", ""))
    wanted = answer_format(request.headers.get("accept", ""), _offered(endpoint, given))
    coding = request.headers.get("content-encoding", "")
    declared = request.headers.get("content-length", "")
    if given is Format.NDJSON:
        limit = settings.ndjson_body_bytes
        refuse_declared(declared, limit)
        parts = body_parts(request.receive, note, limit=limit, coding=coding)
        options = isolating_options(endpoint, query)
        headers = endpoint.headers | endpoint.policy_headers(options)
        lines = answer_lines(endpoint, parts, options, note, max_line_bytes=settings.body_bytes)
        first = await anext(lines)  # what is wrong before the first row is still a refusal
        note.is_read = True  # or will be, while it is answered
        return Lines(_chained(first, lines), media_type=given.value, headers=headers)
    limit = settings.body_bytes
    body = await whole_body(request.receive, note, limit=limit, declared=declared, coding=coding)
    work = functools.partial(
        endpoint.answer, body, given, wanted, query, note, max_rows=settings.rows
    )
    reply = await run_in_threadpool(work) if len(body) > endpoint.inline_bytes else work()
    return Response(
        reply.content, media_type=reply.media_type, headers=endpoint.headers | reply.headers
    )


def _offered(endpoint: Endpoint, given: Format) -> Sequence[Format]:
    """Give the formats of the answer: by default that of the request, where it can be."""
    offered = endpoint.task.offered
    if given is Format.NDJSON:
        return (Format.NDJSON,)
    return (given, *(one for one in offered if one is not given)) if given in offered else offered


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for block in rest:
        yield block
