"""Lines to a file descriptor, without ever waiting for whoever reads them."""

import contextlib
import os
import select
import stat
import threading
from collections import deque
from collections.abc import Callable

ATOMIC_BYTES = select.PIPE_BUF
"""As much of a pipe is written whole or not at all, whoever else writes to it."""
MAX_WAITING_BYTES = 2**20


class LineWriter:
    """Writes what a pipe, terminal or file takes at once; the rest waits, up to a bound.

    Nobody who reads a log may stop the service by reading slowly. Lines above the bound are
    dropped and counted.

    Parameters
    ----------
    descriptor : int
        Where to; it is left open, and as it is for others who hold it.
    on_dropped : callable
        Called with the number of lines dropped, once there is room again.
    """

    def __init__(self, descriptor: int, on_dropped: Callable[[int], None]) -> None:
        self._descriptor, self._never_blocks = _own(descriptor)
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._dropped = 0
        self._lock = threading.Lock()
        self._on_dropped = on_dropped
        self.is_buffered = False
        """Whether lines wait for `flush`; whoever sets this calls it now and then."""

    def write(self, line: str) -> None:
        """Take a line.

        Parameters
        ----------
        line : str
            Without its end.
        """
        data = line.encode("utf-8", "backslashreplace") + b"\n"
        with self._lock:
            if self._waiting_bytes + len(data) > MAX_WAITING_BYTES:
                self._dropped += 1
                return
            self._waiting.append(data)
            self._waiting_bytes += len(data)
        if not self.is_buffered:
            self.flush()

    def flush(self) -> None:
        """Write as much as is taken at once."""
        with self._lock:
            while self._waiting and self._write_some():
                pass
            dropped = 0 if self._waiting else self._dropped
            self._dropped -= dropped
        if dropped:
            self._on_dropped(dropped)

    def _write_some(self) -> bool:
        chunk = bytearray(self._waiting[0])
        n_lines = 1
        while n_lines < len(self._waiting):
            if len(chunk) + len(self._waiting[n_lines]) > ATOMIC_BYTES:
                break
            chunk += self._waiting[n_lines]
            n_lines += 1
        try:
            if not self._never_blocks and not _is_writable(self._descriptor):
                return False
            written = os.write(self._descriptor, chunk)
        except BlockingIOError:
            return False
        except OSError:  # closed, or nobody reads any more: there is nobody to tell
            written = len(chunk)
        for _ in range(n_lines):
            self._waiting.popleft()
        if written < len(chunk):  # only a line above ATOMIC_BYTES is cut
            self._waiting.appendleft(bytes(chunk[written:]))
        self._waiting_bytes -= written
        return True


def _own(descriptor: int) -> tuple[int, bool]:
    """Give a descriptor that can be written without waiting, and whether it never waits."""
    with contextlib.suppress(OSError):
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode):
            return descriptor, True
        if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
            # Opened anew, it can be made not to block without making it so for everybody else.
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY
            return os.open(f"/proc/self/fd/{descriptor}", flags), True
    return descriptor, False


def _is_writable(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(0))
