"""Around every request: an id, safe headers, and an answer even to a defect."""

import re
import uuid

import structlog
from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import problem

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = structlog.get_logger()


class Envelope:
    """The outermost application: what holds for every answer is seen to here, once.

    Parameters
    ----------
    app : ASGI application
        Everything inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        identifier = _identifier(scope)
        scope.setdefault("state", {})["request_id"] = identifier
        is_head = scope["method"] == "HEAD"  # the answer of GET, without its body
        if is_head:
            scope["method"] = "GET"
        is_started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal is_started
            if message["type"] == "http.response.start":
                is_started = True
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = identifier
                headers["X-Content-Type-Options"] = "nosniff"
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:
            log.exception("request_failed", request_id=identifier)
            if not is_started:
                detail = "see the log under this request id"
                await problem("internal", detail, identifier)(scope, receive, send_with_headers)


def request_id(request: Request) -> str:
    """Give the id under which the log knows a request."""
    identifier: str = request.state.request_id
    return identifier


def _identifier(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text = value.decode("latin-1")
            if _REQUEST_ID.fullmatch(text):
                return str(text)
    return uuid.uuid4().hex
