"""The transport of a request that is still coming in while it is answered."""

from asyncio import Transport
from collections.abc import Callable


class LingeringTransport:
    """Closes once the rest of the request has come, or a moment has passed.

    Closed at once, with bytes unread, a connection is reset, and the answer is lost with it.

    Parameters
    ----------
    transport : asyncio.Transport
        The connection's.
    is_receiving : callable
        Whether the request is still coming in.
    linger : callable
        Called instead of closing, while it is.
    """

    def __init__(
        self, transport: Transport, is_receiving: Callable[[], bool], linger: Callable[[], None]
    ) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self._transport = transport
        self._is_receiving = is_receiving
        self._linger = linger

    def close(self) -> None:
        """Close, now or soon."""
        if self._is_receiving():
            self._linger()
        else:
            self._transport.close()
