"""Media types: what a body says it is, and what a client wants back."""

from collections.abc import Sequence
from enum import Enum

from service.errors import MediaTypeError, NotAcceptableError


class Format(Enum):
    """The formats of rows and of answers, by media type."""

    JSON = "application/json"
    NDJSON = "application/x-ndjson"
    CSV = "text/csv"
    ARROW = "application/vnd.apache.arrow.stream"
    NPY = "application/x-npy"


_PARAMETERS = {
    Format.JSON: ({"charset=utf-8"}, {'charset="utf-8"'}),
    Format.NDJSON: ({"charset=utf-8"},),
    Format.CSV: ({"charset=utf-8"}, {"header=present"}, {"charset=utf-8", "header=present"}),
}
_KNOWN = {one.value: one for one in Format}


def body_format(content_type: str) -> Format:
    """Give the format that a body is declared to have.

    Parameters
    ----------
    content_type : str
        The header; its parameters may say UTF-8, and of CSV that it has a header line.

    Returns
    -------
    Format
        Never a guess.

    Raises
    ------
    MediaTypeError
        If rows are not read in that format.
    """
    kind, *rest = (part.strip() for part in content_type.lower().split(";"))
    found, parameters = _KNOWN.get(kind), list(filter(None, rest))
    if found is None or (parameters and set(parameters) not in _PARAMETERS.get(found, ())):
        msg = f"expected Content-Type: {', '.join(_KNOWN)} (in UTF-8)"
        raise MediaTypeError(msg)
    return found


def answer_format(accept: str, offered: Sequence[Format]) -> Format:
    """Choose the format of an answer.

    Parameters
    ----------
    accept : str
        The header; empty for no preference.
    offered : sequence of Format
        What can be answered, the best first.

    Returns
    -------
    Format
        The first one offered among those the client wants most.

    Raises
    ------
    NotAcceptableError
        If the client wants none of them.

    References
    ----------
    .. [1] RFC 9110, *HTTP Semantics*, 2022, sec. 12.5.1.
    """
    if not accept or accept == "*/*":
        return offered[0]
    wishes = _wishes(accept)
    weight, _, best = max(
        (_weight(wishes, one.value), -place, one) for place, one in enumerate(offered)
    )
    if weight <= 0:
        names = ", ".join(one.value for one in offered)
        msg = f"expected Accept to allow one of {names}"
        raise NotAcceptableError(msg)
    return best


def _wishes(accept: str) -> dict[str, float]:
    wishes: dict[str, float] = {}
    for part in accept.lower().split(",")[:32]:
        kind, *parameters = (text.strip() for text in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                try:
                    weight = float(value)
                except ValueError:
                    weight = 0.0
        wishes[kind] = weight
    return wishes


def _weight(wishes: dict[str, float], kind: str) -> float:
    """Give the weight of the most specific range that covers a media type."""
    family = kind.split("/", 1)[0]
    for covering in (kind, f"{family}/*", "*/*"):
        if covering in wishes:
            return wishes[covering]
    return 0.0
