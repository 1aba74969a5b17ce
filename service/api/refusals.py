"""How errors leave: one handler each for ours and for the framework's."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from service.api.middleware import log, request_id
from service.api.problems import CODES_OF_STATUS, problem, problem_of
from service.errors import Fault, ServiceError


def add_refusals(app: FastAPI) -> None:
    """Let every error leave an application as a problem.

    Parameters
    ----------
    app : FastAPI
        The application.
    """
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RequestValidationError, _validation_error)


async def _service_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, ServiceError):
        raise error
    answer = problem_of(error, request_id(request))
    if answer.status_code == 500:  # noqa: PLR2004 - a defect
        log.error("request_failed", request_id=request_id(request), reason=str(error))
    return answer


async def _http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = CODES_OF_STATUS.get(error.status_code, "malformed_request")
    return problem(code, str(error.detail), request_id(request), headers=error.headers)


async def _validation_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = tuple(
        Fault(code="invalid_parameter", detail=details["msg"], location=tuple(details["loc"][1:]))
        for details in error.errors()
    )
    return problem("invalid_parameter", faults[0].detail, request_id(request), faults=faults)
