"""JSON bodies as far as their rows: what stands where, before any of it is judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from pydantic_core import from_json

from service.api.places import Location
from service.errors import ContentTooLargeError, Fault, InputError
from service.softmax.arrays import Floats

KEYS = ("instances", "columns")


@dataclass(frozen=True, kw_only=True, eq=False)
class Document:
    """A body that is JSON and has rows under one of the two names.

    Parameters
    ----------
    kind : {"instances", "columns"}
        The name under which they stand.
    content : object
        What stands there.
    options : mapping of str to object
        What stands beside it.
    matrix : ndarray of shape (n_samples, n_features) or None
        The rows, where they are nothing but numbers and have been checked already.
    is_checked : bool
        Whether each row is a list of the right length and types.
    """

    kind: str
    content: Any
    options: Mapping[str, Any]
    matrix: Floats | None = None
    is_checked: bool = False


def open_document(body: bytes) -> Document:
    """Read a JSON body as far as its rows.

    Parameters
    ----------
    body : bytes
        JSON text in UTF-8.

    Returns
    -------
    Document
        The rows and what stands beside them.

    Raises
    ------
    InputError
        If the body is not JSON, or has no rows.
    """
    try:
        document = from_json(body)
    except ValueError as error:
        raise InputError([Fault(code="malformed_json", detail=str(error))]) from None
    if not isinstance(document, dict):
        refuse("wrong_type", 'expected an object like {"instances": [...]}', ())
    present = [key for key in KEYS if key in document]
    if len(present) != 1:
        got = "both" if present else "neither"
        refuse("invalid_input", f"expected 'instances' or 'columns', got {got}", ())
    kind = present[0]
    if not isinstance(document[kind], list if kind == "instances" else dict):
        noun = "a list of rows" if kind == "instances" else "an object of columns"
        refuse("wrong_type", f"expected {noun} under {kind!r}", (kind,))
    return Document(kind=kind, content=document.pop(kind), options=document)


def check_count(n_rows: int, max_rows: int, where: str | None = None) -> None:
    """Refuse a request without rows, or with too many.

    Parameters
    ----------
    n_rows : int
        How many there are.
    max_rows : int
        The most to accept.
    where : str, optional
        The name under which they stand in the body.

    Raises
    ------
    InputError
        If there is none.
    ContentTooLargeError
        If there are more than `max_rows`.
    """
    if not n_rows:
        refuse(
            "empty_batch", "expected at least one row, got none", () if where is None else (where,)
        )
    if n_rows > max_rows:
        msg = f"expected at most {max_rows} rows, got {n_rows}"
        raise ContentTooLargeError(msg)


def refuse(code: str, detail: str, location: Location) -> NoReturn:
    """Raise an input error with one fault."""
    raise InputError([Fault(code=code, detail=detail, location=location)])


def shortened(part: str | int) -> str | int:
    """Bound a key, which is the client's own text and becomes part of a pointer."""
    return part if isinstance(part, int) else part[:128]
