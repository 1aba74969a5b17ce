"""Asking, without a socket: requests go out, outcomes come in, a driver does the rest.

A call is a generator. It yields what is to be done, a request to send or a time to wait, and
is sent what came of it; what it returns is the answer. `Client` and `AsyncClient` do nothing
but drive such calls.
"""

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.client.errors import UnexpectedAnswerError, UnreachableError, refusal_of
from service.client.retries import ASK_AGAIN, Retries, retry_after_s

_REFUSALS = 300


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request to send.

    Parameters
    ----------
    method : str
        GET or POST.
    path : str
        Below the service's own address.
    parameters : mapping of str to str
        Query parameters.
    headers : mapping of str to str
        Headers.
    content : bytes
        The body.
    """

    method: str
    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """A time to let pass."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class Response:
    """An answer that came.

    Parameters
    ----------
    status : int
        Its HTTP status.
    headers : mapping of str to str
        Its headers, names in lower case.
    content : bytes
        Its body.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def media_type(self) -> str:
        """What the body is."""
        return self.headers.get("content-type", "")

    def json(self) -> Any:
        """Read the body.

        Raises
        ------
        UnexpectedAnswerError
            If it is not JSON.
        """
        try:
            return json.loads(self.content)
        except ValueError:
            text = self.content.decode("utf-8", "replace")
            raise UnexpectedAnswerError(self.status, text) from None


@dataclass(frozen=True, kw_only=True)
class Failure:
    """No answer came.

    Parameters
    ----------
    reason : str
        Why.
    is_passing : bool
        Whether asking again may help.
    """

    reason: str
    is_passing: bool


Step = Request | Wait
Outcome = Response | Failure | None
"""What comes of a request; nothing comes of a wait."""


def exchanged(
    request: Request, retries: Retries, share: float
) -> Generator[Step, Outcome, Response]:
    """Send a request until it is answered or it is no use.

    Parameters
    ----------
    request : Request
        What to send; it may arrive twice without harm.
    retries : Retries
        How often.
    share : float
        A random number from 0 to 1 for the waits.

    Yields
    ------
    Request or Wait
        What to do.

    Returns
    -------
    Response
        An answer that is no refusal.

    Raises
    ------
    ClientError
        If there is none.
    """
    attempt = 0
    while True:
        attempt += 1
        outcome = yield request
        if isinstance(outcome, Response):
            if outcome.status < _REFUSALS:
                return outcome
            asked_s = retry_after_s(outcome.headers)
            error: Exception = refusal_of(
                outcome.status, outcome.media_type, outcome.content, asked_s
            )
            is_passing = outcome.status in ASK_AGAIN
        else:
            reason = outcome.reason if outcome is not None else "nobody sent the request"
            asked_s, error = None, UnreachableError(reason)
            is_passing = outcome is not None and outcome.is_passing
        wait_s = retries.wait_s(attempt, asked_s, share) if is_passing else None
        if wait_s is None:
            raise error
        yield Wait(seconds=wait_s)
