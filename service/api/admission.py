"""How much one process takes on at a time: requests, and bytes of their bodies."""

from time import monotonic

from service.api.metrics.note import Note
from service.api.metrics.shared import ACTIVE
from service.errors import OverloadedError

QUEUE_S = 0.05
"""Short requests are answered one after the other, in no time, so that they are seldom in flight
together; what tells that there are too many is how long they wait for that."""

FREE_BYTES = 16 * 2**10
"""A body of at most this is not counted: the limit on requests bounds those well enough."""


class Admission:
    """The account of one process; one event loop uses it, so it needs no lock.

    Parameters
    ----------
    values : memoryview of float
        The counters of this process; one of them shows how many requests are in flight.
    max_requests : int
        Most requests in flight.
    max_bytes : int
        Most bytes of request bodies in flight.
    """

    def __init__(self, values: "memoryview[float]", max_requests: int, max_bytes: int) -> None:
        self.in_flight = 0
        self.held = 0
        self._values = values
        self._max_requests = max_requests
        self._max_bytes = max_bytes

    def enter(self, note: Note, crowded_since: float | None = None) -> None:
        """Take a request on.

        Parameters
        ----------
        note : Note
            The request.
        crowded_since : float, optional
            When it came, in seconds of `monotonic`, if more than may be in flight came together
            with it.

        Raises
        ------
        OverloadedError
            If there are too many already, or it has waited too long.
        """
        if crowded_since is not None and monotonic() - crowded_since > QUEUE_S:
            raise _too_many()
        self.demand_room()
        note.is_admitted = True
        self.in_flight += 1
        self._values[ACTIVE] = self.in_flight

    def demand_room(self) -> None:
        """Refuse a request where too many are in flight.

        Raises
        ------
        OverloadedError
            If there are.
        """
        if self.in_flight >= self._max_requests:
            raise _too_many()

    def hold(self, note: Note, n_bytes: int) -> None:
        """Take a body on, or more of one.

        Parameters
        ----------
        note : Note
            Its request.
        n_bytes : int
            Its bytes altogether: as declared, or as received so far. A stream that has let
            bytes go says fewer.

        Raises
        ------
        OverloadedError
            If there are too many; never for one body alone, since another limit bounds each.
        """
        counted = n_bytes if n_bytes > FREE_BYTES else 0
        others = self.held - note.held
        if counted > note.held and others and others + counted > self._max_bytes:
            msg = "expected fewer bytes at a time; the same request fits a little later"
            raise OverloadedError(msg, reason="bytes")
        self.held = others + counted
        note.held = counted

    def leave(self, note: Note) -> None:
        """Let a request go, with its body; once it has gone, nothing happens.

        Parameters
        ----------
        note : Note
            The request.
        """
        if note.is_admitted:
            note.is_admitted = False
            self.in_flight -= 1
            self._values[ACTIVE] = self.in_flight
        if note.held:
            self.held -= note.held
            note.held = 0


def _too_many() -> OverloadedError:
    msg = "expected fewer requests at a time; the same one fits a little later"
    return OverloadedError(msg, reason="requests")
