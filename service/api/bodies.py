"""Receiving request bodies: media type, size, bytes."""

from collections import Counter

from fastapi import Request

from service.api.metrics.note import note_of
from service.errors import ContentTooLargeError, Fault, InputError, MediaTypeError


async def json_body(request: Request) -> bytes:
    """Receive a JSON body, counting while it comes in.

    Parameters
    ----------
    request : Request
        The request; its body has not been read.

    Returns
    -------
    bytes
        The whole body.

    Raises
    ------
    MediaTypeError
        If it is not declared as JSON in UTF-8.
    ContentTooLargeError
        If it is larger than the settings allow; nothing more of it is read then.
    """
    media_type = request.headers.get("content-type", "").lower()
    kind, *parameters = (part.strip() for part in media_type.split(";"))
    if kind != "application/json" or parameters not in ([], ["charset=utf-8"]):
        msg = "expected Content-Type: application/json"
        raise MediaTypeError(msg)
    note = note_of(request)
    limit: int = request.app.state.settings.body_bytes
    msg = f"expected a body of at most {limit} bytes"
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared[:20]) > limit:
        raise ContentTooLargeError(msg)
    note.hold(int(declared) if declared.isdigit() else 0)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise ContentTooLargeError(msg)
        note.hold(max(note.held, len(body)))
        note.bytes_in = len(body)
    note.is_read = True
    return bytes(body)


def single_parameters(request: Request) -> dict[str, str]:
    """Give the query parameters, each of which may stand only once.

    Parameters
    ----------
    request : Request
        The request.

    Returns
    -------
    dict of str to str
        Texts by name.

    Raises
    ------
    InputError
        With one fault for each name that stands more than once.
    """
    counts = Counter(name for name, _ in request.query_params.multi_items())
    repeated = [name for name, count in counts.items() if count > 1]
    _refuse_parameters(repeated, "expected each parameter once")
    return dict(request.query_params)


def refuse_query(request: Request) -> None:
    """Refuse query parameters on a path that has none.

    Parameters
    ----------
    request : Request
        The request.

    Raises
    ------
    InputError
        With one fault for each name.
    """
    _refuse_parameters(list(request.query_params), "expected no parameters")


def _refuse_parameters(names: list[str], detail: str) -> None:
    faults = [
        Fault(code="invalid_parameter", detail=detail, location=(name[:128],)) for name in names
    ]
    if faults:
        raise InputError(faults)
