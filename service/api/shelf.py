"""Pictures at hand: what the last requests for them came to, so that the same ones are short.

To read the parameters of a picture takes longer than to send it. Who asks with the same URL
and the same wishes gets what the framework has answered before, unless the models changed.
"""

import weakref
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from service.api.renders import Render

MAX_PLACES = 1_000
"""Requests that are remembered; beyond them all are forgotten, for most were asked once."""

Wish = tuple[str, bytes, bytes, bytes]
"""Path, query, languages and codings: all that decides about a picture."""


@dataclass(frozen=True, kw_only=True)
class Shelved:
    """What a request for a picture came to.

    Parameters
    ----------
    route : str
        The template of the path.
    render : weakref to Render
        The picture, as long as the cache keeps it.
    is_zipped : bool
        Whether its compressed form is answered.
    etag : bytes
        The tag of its bytes.
    head : bytes
        The status line and headers of the answer.
    head_unchanged : bytes
        The same for a client that has the picture already.
    """

    route: str
    render: "weakref.ref[Render]"
    is_zipped: bool
    etag: bytes
    head: bytes
    head_unchanged: bytes

    def whole(self, if_none_match: bytes | None) -> tuple[bytes, bytes] | None:
        """Answer the request again.

        Parameters
        ----------
        if_none_match : bytes or None
            The tag of what the client has.

        Returns
        -------
        tuple of two bytes, or None
            Head and body; None where the picture has to be drawn, or tags to be compared.
        """
        if if_none_match == self.etag:
            return self.head_unchanged, b""
        render = self.render()
        if render is None or if_none_match is not None:
            return None
        return self.head, render.zipped if self.is_zipped and render.zipped else render.content


class Shelf:
    """Remembers requests; of one view of the models, and gone with it."""

    def __init__(self) -> None:
        self._places: dict[Wish, Shelved] = {}

    def find(
        self, scope: MutableMapping[str, Any], headers: Mapping[bytes, bytes]
    ) -> Shelved | None:
        """Find what a request came to before.

        Parameters
        ----------
        scope : dict
            The request's line.
        headers : mapping of bytes to bytes
            Its headers.

        Returns
        -------
        Shelved or None
            None for a request that is new.
        """
        return self._places.get(wish(scope, headers)) if self._places else None

    def put(self, asked: Wish, shelved: Shelved) -> None:
        """Remember a request."""
        if len(self._places) >= MAX_PLACES:
            self._places.clear()
        self._places[asked] = shelved


def wish(scope: MutableMapping[str, Any], headers: Mapping[bytes, bytes]) -> Wish:
    """Give all that decides about the picture of a request."""
    languages = headers.get(b"accept-language", b"")
    codings = headers.get(b"accept-encoding", b"")
    return scope["path"], scope["query_string"], languages, codings
