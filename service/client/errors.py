"""What can go wrong between a client and a service.

::

    ClientError
    ├── UnreachableError         no answer came, however often it was asked
    ├── UnexpectedAnswerError    what answered is not the service
    └── AnswerError              the service refused, and says why
        ├── InputRefusedError    400, 413, 415, 422 …: other rows or options are needed
        ├── AccessRefusedError   401, 403: another key is needed
        ├── NotFoundError        404: another model is needed
        ├── BusyError            429, 503: the same fits later
        └── ServerFaultError     5xx: nothing the client could do
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from service.errors import ServiceError

_PROBLEM = "application/problem+json"
_SHOWN = 200


class ClientError(ServiceError):
    """Root of what can go wrong between a client and a service."""


class UnreachableError(ClientError):
    """No answer came."""


class UnexpectedAnswerError(ClientError):
    """What answered does not speak as the service does: a proxy, or another service.

    Parameters
    ----------
    status : int
        Its HTTP status.
    text : str
        The beginning of its body.
    """

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        super().__init__(f"expected an answer of the service, got status {status}: {text[:_SHOWN]}")


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One thing that is wrong with a request.

    Parameters
    ----------
    pointer : str
        Where, by RFC 6901, such as ``/instances/2/petal_width``.
    code, detail : str
        What.
    """

    pointer: str
    code: str
    detail: str


class AnswerError(ClientError):
    """The service refused; by RFC 9457 it says why.

    Parameters
    ----------
    status : int
        The HTTP status.
    problem : mapping
        The body of the answer.
    retry_after_s : float, optional
        When the service wants to be asked again, in seconds.
    """

    def __init__(
        self, status: int, problem: Mapping[str, Any], retry_after_s: float | None = None
    ) -> None:
        self.status = status
        self.problem = problem
        self.retry_after_s = retry_after_s
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail", self.title))
        self.request_id = str(problem.get("request_id", ""))
        self.errors = tuple(
            Mistake(**{name: str(one.get(name, "")) for name in ("pointer", "code", "detail")})
            for one in problem.get("errors", ())
        )
        super().__init__(self.detail)

    def moved(self, n_rows: int) -> Self:
        """Give the same refusal of rows that stand further down.

        Parameters
        ----------
        n_rows : int
            How many rows stood before those that were sent.

        Returns
        -------
        AnswerError
            With pointers into all of the rows.
        """
        errors = [asdict(replace(one, pointer=_moved(one.pointer, n_rows))) for one in self.errors]
        told = {"errors": errors} if errors else {}
        return type(self)(self.status, {**self.problem, **told}, self.retry_after_s)

    @property
    def problem_code(self) -> str:
        """The code of the problem, such as ``wrong_width``."""
        return str(self.problem.get("type", "")).rpartition("/")[2]


def _moved(pointer: str, n_rows: int) -> str:
    """Move a pointer into columns, `/columns/x/3`, or into a table, `/3/x`.

    Examples
    --------
    >>> _moved("/columns/0/3", 100), _moved("/3/0", 100), _moved("/columns", 100)
    ('/columns/0/103', '/103/0', '/columns')
    """
    parts = pointer.split("/")
    place = len(parts) - 1 if parts[1:2] == ["columns"] else 1
    if place < len(parts) and parts[place].isdecimal():
        parts[place] = str(int(parts[place]) + n_rows)
    return "/".join(parts)


class InputRefusedError(AnswerError):
    """The rows or the options do not fit."""


class AccessRefusedError(AnswerError):
    """The key is missing, or may not do this."""


class NotFoundError(AnswerError):
    """There is no such model, version or path."""


class BusyError(AnswerError):
    """There is too much to do, or the model is not there just now."""


class ServerFaultError(AnswerError):
    """The service made a mistake; its log has the request id."""


_OF_STATUS: Mapping[int, type[AnswerError]] = {
    401: AccessRefusedError,
    403: AccessRefusedError,
    404: NotFoundError,
    429: BusyError,
    503: BusyError,
}
_FAULTS = 500


def refusal_of(
    status: int, media_type: str, content: bytes, retry_after_s: float | None
) -> ClientError:
    """Make the error that an answer stands for.

    Parameters
    ----------
    status : int
        The HTTP status, 300 or more.
    media_type : str
        The answer's Content-Type.
    content : bytes
        Its body.
    retry_after_s : float or None
        When to ask again, if it says so.

    Returns
    -------
    ClientError
        To be raised.
    """
    try:
        problem = json.loads(content)
    except ValueError:
        problem = None
    if not media_type.startswith(_PROBLEM) or not isinstance(problem, dict):
        return UnexpectedAnswerError(status, content.decode("utf-8", "replace"))
    otherwise = ServerFaultError if status >= _FAULTS else InputRefusedError
    return _OF_STATUS.get(status, otherwise)(status, problem, retry_after_s)
