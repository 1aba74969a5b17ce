"""What is noted about one request while it is answered: for its metrics and its log line."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from starlette.requests import Request

from service.api.head import Head

if TYPE_CHECKING:
    from service.api.shadow import Disagreement


class Account(Protocol):
    """What a process has taken on."""

    def hold(self, note: "Note", n_bytes: int) -> None:
        """Put a body on the account."""

    def leave(self, note: "Note") -> None:
        """Take a request, and its body, off the account."""


class Tally:
    """Where the predictions of one model are counted.

    Parameters
    ----------
    model : str
        Its name.
    places : tuple of int
        The place of each class among the counters, in class order.
    """

    __slots__ = ("model", "places", "routes")

    def __init__(self, model: str, places: tuple[int, ...]) -> None:
        self.model = model
        self.places = places
        self.routes: dict[str, tuple[int, int]] = {}
        """Of the templates of its paths, the places of answers 200 to POST and of their times."""


class Note:
    """One request; the envelope makes it, and who answers fills in what is known there.

    It is found at ``scope["state"]["note"]``. Attributes that are not set keep the values
    of the class, so that a note costs little.

    Parameters
    ----------
    identifier : bytes
        The id under which the log knows the request.
    head : Head
        What the request says before its body.
    account : Account
        What the process has taken on.
    """

    route: str = ""
    """The template of the path; if it is left out, the envelope asks the route that was found."""
    is_read: bool = False
    """Whether the body has been read to its end, or is read while it is answered."""
    bytes_in: int = 0
    """Bytes of the body that were read."""
    bytes_out: int = 0
    """Bytes of the answer's body; the envelope counts them."""
    status: int = 0
    """The status of the answer; zero until it begins."""
    key: str | None = None
    """The name of the key that let the request in."""
    read_s: float = 0.0
    """Seconds until the body had come in."""
    n_rows: int = 0
    """Rows that were asked about."""
    tally: Tally | None = None
    """Where the predictions of the model are counted; `Recorder.tally` has it."""
    predicted: int | Mapping[int, int] | None = None
    """The column of the predicted class; for many rows their number by column."""
    rejected: Mapping[str, int] | None = None
    """Rejected rows by code."""
    disagreement: "Disagreement | None" = None
    """What a candidate made of the rows."""
    phases: tuple[float, float, float, float] | None = None
    """Seconds to read, validate, predict and encode."""
    is_admitted: bool = False
    """Whether the request is on the account; for the account alone."""
    held: int = 0
    """Bytes of the body that are on the account; for the account alone."""

    def __init__(self, identifier: bytes, head: Head, account: Account) -> None:
        self.identifier = identifier
        self.head = head
        self.account = account

    @property
    def request_id(self) -> str:
        """The id under which the log knows the request, as text."""
        return self.identifier.decode()

    def hold(self, n_bytes: int) -> None:
        """Put a body on the account of this process, until the request has been answered.

        Parameters
        ----------
        n_bytes : int
            Bytes of the body altogether: as declared, or as received so far.

        Raises
        ------
        OverloadedError
            If the process holds too many already.
        """
        self.account.hold(self, n_bytes)


def note_of(request: Request) -> Note:
    """Give the note of a request."""
    note: Note = request.state.note
    return note


def request_id(request: Request) -> str:
    """Give the id under which the log knows a request."""
    return note_of(request).request_id
