"""Where a process is in its life: what its server does, and what its probes say of it."""

from collections.abc import Callable, Sequence


class Lifecycle:
    """What the server of a process and the application inside it tell each other.

    Parameters
    ----------
    everyone : sequence of int, optional
        One number, not zero while every worker of the service answers; the process that
        supervises them all writes it into memory that is shared. By default there are no others.
    on_refused : callable, optional
        Called with the status of each request that was refused before the application saw it.
    """

    def __init__(
        self,
        everyone: Sequence[int] = b"\1",
        on_refused: Callable[[int], None] = lambda _status: None,
    ) -> None:
        self._everyone = everyone
        self.is_draining = False
        """Whether the service is about to stop: probes of readiness are told so."""
        self.is_parting = False
        """Whether this process is about to stop: connections are closed with their next answer."""
        self.on_refused = on_refused

    @property
    def is_complete(self) -> bool:
        """Whether every worker of the service answers."""
        return self._everyone[0] != 0
