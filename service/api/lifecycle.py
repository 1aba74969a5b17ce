"""Where a process is in its life: what its server does, and what its probes say of it."""

from collections import Counter
from collections.abc import Sequence


class Lifecycle:
    """What the server of a process and the application inside it tell each other.

    Parameters
    ----------
    everyone : sequence of int, optional
        One number, not zero while every worker of the service answers; the process that
        supervises them all writes it into memory that is shared. By default there are no others.
    """

    def __init__(self, everyone: Sequence[int] = b"\1") -> None:
        self._everyone = everyone
        self.is_draining = False
        """Whether the service is about to stop: probes of readiness are told so."""
        self.is_parting = False
        """Whether this process is about to stop: connections are closed with their next answer."""
        self.refused: Counter[str] = Counter()
        """How many requests were refused before they reached the application, by code."""

    @property
    def is_complete(self) -> bool:
        """Whether every worker of the service answers."""
        return self._everyone[0] != 0
