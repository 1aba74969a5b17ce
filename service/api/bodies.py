"""Receiving request bodies: media type, size, bytes."""

from fastapi import Request

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
    limit: int = request.app.state.settings.body_bytes
    msg = f"expected a body of at most {limit} bytes"
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared[:20]) > limit:
        raise ContentTooLargeError(msg)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise ContentTooLargeError(msg)
    return bytes(body)


def refuse_query(request: Request, known: frozenset[str] = frozenset()) -> None:
    """Refuse query parameters that a path does not know.

    Parameters
    ----------
    request : Request
        The request.
    known : frozenset of str
        The names it does know.

    Raises
    ------
    InputError
        With one fault for each other name, and for each known one that is given twice.
    """
    names = [name for name, _ in request.query_params.multi_items()]
    faults = [
        Fault(
            code="invalid_parameter",
            detail="expected each parameter once" if name in known else _known(known),
            location=(name[:128],),
        )
        for name in dict.fromkeys(names)
        if name not in known or names.count(name) > 1
    ]
    if faults:
        raise InputError(faults)


def _known(known: frozenset[str]) -> str:
    return f"expected one of {', '.join(sorted(known))}" if known else "expected no parameters"
