"""Between httpx and the calls: what both clients share of it."""

import httpx

from service import __version__
from service.client.exchange import Failure, Response

TIMEOUT_S = 30.0


def headers(api_key: str | None) -> dict[str, str]:
    """Give the headers of every request.

    Parameters
    ----------
    api_key : str or None
        The key, if the service wants one.

    Returns
    -------
    dict of str to str
        Headers.
    """
    key = {} if api_key is None else {"X-API-Key": api_key}
    return {"User-Agent": f"softmax-service/{__version__}"} | key


def response(answer: httpx.Response) -> Response:
    """Take what matters of an answer.

    Parameters
    ----------
    answer : httpx.Response
        The answer, read.

    Returns
    -------
    Response
        The same.
    """
    return Response(
        status=answer.status_code,
        headers={name.lower(): text for name, text in answer.headers.items()},
        content=answer.content,
    )


def failure(error: httpx.RequestError) -> Failure:
    """Say why no answer came, and whether asking again may help.

    Parameters
    ----------
    error : httpx.RequestError
        What httpx says.

    Returns
    -------
    Failure
        A connection that could not be made or broke off may be better the next time; an
        answer that took too long would take as long again.
    """
    is_slow = isinstance(error, httpx.ReadTimeout | httpx.WriteTimeout)
    kind = type(error).__name__
    return Failure(
        reason=f"no answer from {error.request.url.host}: {str(error) or kind}",
        is_passing=isinstance(error, httpx.TransportError) and not is_slow,
    )
