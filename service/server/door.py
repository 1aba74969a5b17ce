"""Where connections come in, and how workers share them."""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable

from service.server.board import NOBODY, Board
from service.server.log import log

FULL = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
PAUSE_S = 0.2
COURTESY_S = 0.001
AT_ONCE = 64


class Door:
    """Accepts connections on a socket that other processes accept on, too.

    An event loop's own server accepts all that wait, so that of several idle workers one gets
    all clients of a burst, and keeps them. Here, who has more than another lets that one go
    first, for a moment.

    Parameters
    ----------
    listener : socket
        Where clients connect.
    greet : callable
        Makes the protocol of a connection.
    context : ssl.SSLContext or None
        What encrypts connections.
    handshake_s : float
        How long a client may take to agree on that, in seconds.
    on_full : callable
        Called when there are no descriptors left; it may close some.
    board : Board
        Where workers see how many connections each has.
    place : int
        This worker's place there.
    """

    def __init__(
        self,
        listener: socket.socket,
        greet: Callable[[], asyncio.Protocol],
        *,
        context: ssl.SSLContext | None,
        handshake_s: float,
        on_full: Callable[[], None],
        board: Board,
        place: int,
    ) -> None:
        self._listener = listener
        self._greet = greet
        self._context = context
        self._handshake_s = handshake_s
        self._on_full = on_full
        self._loop = asyncio.get_running_loop()
        self._guests: set[asyncio.Task[None]] = set()
        self._loads = board.loads
        self._place = place
        self._has_waited = False
        self._is_open = True
        self.count(0)
        listener.setblocking(False)  # noqa: FBT003 - its only argument
        self._loop.add_reader(listener, self._accept)

    def close(self) -> None:
        """Accept nothing more; what another process may still accept waits for it."""
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._loads[self._place] = NOBODY

    def count(self, n_connections: int) -> None:
        """Say how many connections there are."""
        if self._is_open:
            self._loads[self._place] = n_connections

    async def wait_closed(self) -> None:
        """Wait until those who were at the door are inside, or gone."""
        if self._guests:
            await asyncio.wait(self._guests)

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            load = self._loads[self._place]
            if load > 1 + min(self._loads) and not self._has_waited:
                self._has_waited = True
                self._wait(COURTESY_S)
                return
            self._has_waited = False
            try:
                guest, _ = self._listener.accept()
            except OSError as error:
                if error.errno in FULL:
                    log.warning("connections_full")
                    self._on_full()
                    self._wait(PAUSE_S)
                return  # another process was quicker, or the client has gone
            self.count(load + 1)
            task = self._loop.create_task(self._let_in(guest))
            self._guests.add(task)
            task.add_done_callback(self._guests.discard)

    def _wait(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener)
        self._loop.call_later(seconds, self._open_again)

    def _open_again(self) -> None:
        if self._is_open:
            self._loop.add_reader(self._listener, self._accept)

    async def _let_in(self, guest: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(
                self._greet,
                guest,
                ssl=self._context,
                ssl_handshake_timeout=self._handshake_s if self._context else None,
            )
        except OSError:  # the client does not speak TLS, is too slow, or has gone
            guest.close()
