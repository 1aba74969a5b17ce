"""Requests that are there as a whole, and are answered before the next one is looked at."""

from collections.abc import Callable

from service.api.head import Head
from service.api.shortcut import Whole
from service.server.crowd import Crowd

END_OF_HEAD = b"\r\n\r\n"

LONGEST = 2**11
MOST = 2**10
"""Heads that are remembered, and how long they may be: two megabytes at most."""


class AtOnce:
    """Answers plain requests of one worker, and recognises those it has had before.

    A client asks with the same head again and again. To parse one takes as long as to answer a
    row; but what is byte for byte the same means the same, so that it is parsed once.

    Parameters
    ----------
    shortcut : callable
        Answers a plain request, given head and body; None for one that it leaves to others.
    crowd : Crowd
        Where requests are counted.
    """

    def __init__(self, shortcut: Callable[[Head, bytes], Whole | None], crowd: Crowd) -> None:
        self.crowd = crowd
        self._shortcut = shortcut
        self._known: dict[bytes, Head] = {}
        self.find = self._known.get
        """Takes the bytes of a head; gives what they say, or None where they are new."""

    def answer(self, head: Head, body: bytes, crowded_since: float | None) -> Whole | None:
        """Answer a request, be it that there are too many.

        Parameters
        ----------
        head : Head
            What it says before its body.
        body : bytes
            Its whole body.
        crowded_since : float or None
            What it was told when it joined the crowd.

        Returns
        -------
        Whole or None
            None for one that others have to answer.
        """
        if crowded_since is not None:
            refused = self.crowd.refusal(head, crowded_since)
            if refused is not None:
                return refused
        return self._shortcut(head, body)

    def remember(self, packet: bytes, head: Head) -> None:
        """Remember the head of a request, if the request was all of a packet.

        Parameters
        ----------
        packet : bytes
            What came at once; it begins with the request.
        head : Head
            What was read in it.
        """
        end = packet.find(END_OF_HEAD) + len(END_OF_HEAD)
        if end <= LONGEST and len(packet) - end == head.body_bytes:
            if len(self._known) >= MOST:  # they differ with every request: the next may not
                self._known.clear()
            self._known[packet[:end]] = head
