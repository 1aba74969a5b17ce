"""The head of a request: what is asked and how, before any of the body."""

from collections.abc import Mapping
from typing import Any

MAX_DIGITS = 18

_JSON = b"application/json"
_ANY = (b"*/*", _JSON)
_UNUSUAL = frozenset({b"content-encoding", b"transfer-encoding", b"expect"})


class Head:
    """The line and the headers of a request, looked up and judged once.

    Clients send the same head again and again: a server that recognises one byte for byte
    asks with the same value, and nothing in it is read anew. So it never changes.

    Parameters
    ----------
    scope : mapping
        The request, as ASGI has it.
    """

    __slots__ = ("body_bytes", "headers", "is_plain", "is_unambiguous", "method", "path", "scope")

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        """Values by name; of repeated headers the last."""
        self.is_unambiguous = len(self.headers) == len(scope["headers"])
        """Whether no header stands twice."""
        self.body_bytes = self._declared()
        """How long its body is; None where that is not said, or not in plain digits."""
        self.is_plain = self.is_unambiguous and self._asks_plainly()
        """Whether a JSON body of known length comes, and JSON is wanted, without parameters."""

    def _asks_plainly(self) -> bool:
        headers = self.headers
        return (
            self.method == "POST"
            and not self.scope["query_string"]
            and headers.get(b"content-type") == _JSON
            and headers.get(b"accept", b"*/*") in _ANY
            and b"content-length" in headers
            and _UNUSUAL.isdisjoint(headers)
        )

    def _declared(self) -> int | None:
        declared = self.headers.get(b"content-length", b"0")
        if b"transfer-encoding" in self.headers or len(declared) > MAX_DIGITS:
            return None
        return int(declared) if declared.isdigit() else None
