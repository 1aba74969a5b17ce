"""How errors leave: one handler each for ours and for the framework's."""

from typing import TYPE_CHECKING

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from service.api.metrics.note import Note, note_of, request_id
from service.api.metrics.recorder import LEFT, Recorder
from service.api.problems import CODES_OF_STATUS, problem, problem_of
from service.errors import Fault, OverloadedError, ServiceError

if TYPE_CHECKING:
    from fastapi import FastAPI

log = structlog.get_logger()


def add_refusals(app: "FastAPI") -> None:
    """Let every error leave an application as a problem.

    Parameters
    ----------
    app : FastAPI
        The application.
    """
    from fastapi.exceptions import RequestValidationError

    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(ClientDisconnect, _client_left)
    app.add_exception_handler(Exception, _defect)


def refusal(error: ServiceError, note: Note, recorder: Recorder) -> Response:
    """Answer with the problem that an error raised on purpose stands for, and count it.

    Parameters
    ----------
    error : ServiceError
        The error.
    note : Note
        The request.
    recorder : Recorder
        Counts requests that there was too much to do for.

    Returns
    -------
    Response
        ``application/problem+json``.
    """
    if isinstance(error, OverloadedError):
        recorder.shed(error.reason)
    answer = problem_of(error, note.request_id)
    if answer.status_code == 500:  # noqa: PLR2004 - a defect
        log.error("request_failed", request_id=note.request_id, reason=str(error))
    return answer


def defect(note: Note) -> Response:
    """Answer with nothing but the id under which the log has the rest."""
    return problem("internal", "see the log under this request id", note.request_id)


async def _service_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, ServiceError):
        raise error
    return refusal(error, note_of(request), request.app.state.recorder)


async def _defect(request: Request, error: Exception) -> Response:
    del error  # it is raised again, and the envelope logs it
    return defect(note_of(request))


async def _client_left(request: Request, error: Exception) -> Response:
    del request, error
    return Response(status_code=LEFT)  # for the metrics: nobody reads it


async def _http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = CODES_OF_STATUS.get(error.status_code, "malformed_request")
    headers = dict(error.headers or {})
    if headers.get("Allow") == "GET":
        headers["Allow"] = "GET, HEAD"  # the envelope takes one for the other
    return problem(code, str(error.detail), request_id(request), headers=headers)


async def _validation_error(request: Request, error: Exception) -> Response:
    from fastapi.exceptions import RequestValidationError

    if not isinstance(error, RequestValidationError):
        raise error
    faults = tuple(
        Fault(code="invalid_parameter", detail=details["msg"], location=tuple(details["loc"][1:]))
        for details in error.errors()
    )
    return problem("invalid_parameter", faults[0].detail, request_id(request), faults=faults)
