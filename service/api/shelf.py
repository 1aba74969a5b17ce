"""Pictures at hand: what the last requests for them came to, so that the same ones are short.

To read the parameters of a picture takes longer than to send it. Who asks with the same URL
and the same wishes gets what the framework has answered before, unless the models changed.
"""

import weakref
from dataclasses import dataclass

from service.api.head import Head
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

    def find(self, head: Head) -> Shelved | None:
        """Find what a request came to before.

        Parameters
        ----------
        head : Head
            The request.

        Returns
        -------
        Shelved or None
            None for a request that is new.
        """
        return self._places.get(wish(head)) if self._places else None

    def put(self, asked: Wish, shelved: Shelved) -> None:
        """Remember a request."""
        if len(self._places) >= MAX_PLACES:
            self._places.clear()
        self._places[asked] = shelved


def wish(head: Head) -> Wish:
    """Give all that decides about the picture of a request."""
    languages = head.headers.get(b"accept-language", b"")
    codings = head.headers.get(b"accept-encoding", b"")
    return head.path, head.scope["query_string"], languages, codings
