"""Failures as RFC 9457 problems: the one table of codes, statuses and titles."""

from collections.abc import Mapping
from typing import Any
from zlib import crc32

import orjson
from starlette.responses import Response

from service.errors import (
    Fault,
    InputError,
    OverloadedError,
    RateLimitedError,
    ServiceError,
    UnauthorizedError,
    UnknownModelError,
)

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 10
MAX_DETAIL = 1_000

PROBLEMS: Mapping[str, tuple[int, str]] = {
    "malformed_json": (400, "The body is not JSON"),
    "malformed_request": (400, "The request cannot be read"),
    "unauthorized": (401, "A key is needed"),
    "forbidden": (403, "The key is for something else"),
    "not_found": (404, "There is nothing at this path"),
    "unknown_model": (404, "There is no such model"),
    "method_not_allowed": (405, "The path does not answer this method"),
    "not_acceptable": (406, "No accepted media type can be answered"),
    "request_timeout": (408, "The request did not come in time"),
    "content_too_large": (413, "The request is larger than allowed"),
    "unsupported_media_type": (415, "The body's media type is not read here"),
    "invalid_input": (422, "The rows do not fit the model"),
    "wrong_width": (422, "A row has another number of features"),
    "wrong_type": (422, "A value has another type"),
    "not_finite": (422, "A number is not finite"),
    "missing_value": (422, "A value is missing"),
    "missing_feature": (422, "A feature is missing"),
    "unknown_feature": (422, "The model has no such feature"),
    "unknown_category": (422, "The model knows no such category"),
    "out_of_range": (422, "A value is outside the training range"),
    "outside_domain": (422, "The scores of a row leave the numeric range"),
    "empty_batch": (422, "There are no rows"),
    "invalid_parameter": (422, "A parameter does not fit"),
    "invalid_policy": (422, "The policy does not fit the model"),
    "no_plane": (422, "The model has no plane to draw"),
    "rate_limited": (429, "The key has asked too often"),
    "header_too_large": (431, "The head of the request is larger than allowed"),
    "internal": (500, "The service made a mistake"),
    "overloaded": (503, "There is too much to do just now"),
    "model_unavailable": (503, "The model is not available"),
    "not_ready": (503, "The service is not ready"),
}
"""Each public code with its status and title."""

CODES_OF_STATUS: Mapping[int, str] = {404: "not_found", 405: "method_not_allowed"}
"""What the framework's own refusals are called."""


def problem(
    code: str,
    detail: str,
    request_id: str,
    *,
    faults: tuple[Fault, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with a problem.

    Parameters
    ----------
    code : str
        One of `PROBLEMS`.
    detail : str
        One line for the client.
    request_id : str
        The id under which the log knows the request.
    faults : tuple of Fault
        What is wrong with the input; the first ten are listed.
    headers : mapping of str to str, optional
        Further headers.

    Returns
    -------
    Response
        ``application/problem+json``.
    """
    status, title = PROBLEMS[code]
    body: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "detail": detail[:MAX_DETAIL],
        "request_id": request_id,
    }
    if faults:
        body["errors"] = [
            {"pointer": f.pointer, "code": f.code, "detail": f.detail[:MAX_DETAIL]}
            for f in faults[:MAX_ERRORS]
        ]
    return Response(
        orjson.dumps(body),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def problem_of(error: ServiceError, request_id: str) -> Response:
    """Answer with the problem that an error raised on purpose stands for.

    Parameters
    ----------
    error : ServiceError
        The error.
    request_id : str
        The id under which the log knows the request.

    Returns
    -------
    Response
        ``application/problem+json``; an error whose code has no status is a defect of the
        service, and its text stays in the log.
    """
    if isinstance(error, InputError):
        return problem(error.common_code, str(error), request_id, faults=error.faults)
    if isinstance(error, UnknownModelError):  # its text repeats what the client sent
        return problem(error.code, "expected the name and version of a model", request_id)
    if error.code not in PROBLEMS or error.code == "internal":
        return problem("internal", "see the log under this request id", request_id)
    return problem(error.code, str(error), request_id, headers=_headers(error, request_id))


def when_to_come_again(request_id: str) -> int:
    """Give the seconds after which who is refused may come again.

    Clients that are refused together, and all wait as long, come together again: by their ids,
    a third of them waits one second, a third two, and a third three.

    Parameters
    ----------
    request_id : str
        The id of the request.

    Returns
    -------
    int
        From 1 to 3.
    """
    return 1 + crc32(request_id.encode()) % 3


def _headers(error: ServiceError, request_id: str) -> dict[str, str]:
    if isinstance(error, RateLimitedError):
        return {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, OverloadedError):
        return {"Retry-After": str(when_to_come_again(request_id))}
    return {"WWW-Authenticate": "Bearer"} if isinstance(error, UnauthorizedError) else {}
