"""Drawing for many: a bounded cache, one drawing a picture, and a queue that ends."""

import asyncio
import contextlib
import gzip
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from service.errors import OverloadedError

GZIP_LEVEL = 6
LOWEST_PRIORITY = 19
ENTRY_BYTES = 1_000
"""What an entry costs besides its contents; it bounds how many small ones there can be."""


@dataclass(frozen=True, kw_only=True)
class Render:
    """A finished picture.

    Parameters
    ----------
    content : bytes
        The file.
    zipped : bytes or None
        The same, compressed; None for formats that are compressed by themselves.
    """

    content: bytes
    zipped: bytes | None = None

    @property
    def size(self) -> int:
        """Bytes that it takes in memory."""
        return ENTRY_BYTES + len(self.content) + len(self.zipped or b"")


class Renders:
    """The pictures of one process.

    Parameters
    ----------
    cache_bytes : int
        Most bytes that finished pictures take; the least recently wanted make room.
    at_once : int
        How many are drawn at the same time.
    waiting : int
        How many more may wait for their turn.
    """

    painter: str = ""
    """The fingerprint of what paints; empty until somebody needed it."""

    def __init__(self, *, cache_bytes: int, at_once: int, waiting: int) -> None:
        self._cache_bytes = cache_bytes
        self._most = at_once + waiting
        self._painters = ThreadPoolExecutor(at_once, "painter", _give_way)
        self._finished: OrderedDict[str, Render] = OrderedDict()
        self._bytes = 0
        self._under_way: dict[str, asyncio.Task[Render]] = {}

    async def get(self, key: str, paint: Callable[[], bytes], *, is_text: bool) -> Render:
        """Give a picture, drawn now if nobody has asked for it lately.

        Parameters
        ----------
        key : str
            Names the bytes.
        paint : callable
            Draws them; called in a thread.
        is_text : bool
            Whether compressing pays.

        Returns
        -------
        Render
            The picture.

        Raises
        ------
        OverloadedError
            If too many others are being drawn and waited for.
        """
        if key in self._finished:
            self._finished.move_to_end(key)
            return self._finished[key]
        task = self._under_way.get(key)
        if task is None:
            if len(self._under_way) >= self._most:
                msg = "expected a free turn for drawing, all are taken"
                raise OverloadedError(msg, reason="pictures")
            task = asyncio.create_task(self._draw(key, paint, is_text=is_text))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._settle(key, done))
        # Who asked first may leave; those who asked for the same picture since stay.
        return await asyncio.shield(task)

    async def _draw(self, key: str, paint: Callable[[], bytes], *, is_text: bool) -> Render:
        loop = asyncio.get_running_loop()
        render = await loop.run_in_executor(self._painters, _render, paint, is_text)
        self._keep(key, render)
        return render

    def _settle(self, key: str, task: asyncio.Task[Render]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # seen here, should everybody who asked have left

    def _keep(self, key: str, render: Render) -> None:
        if render.size > self._cache_bytes:
            return
        self._finished[key] = render
        self._bytes += render.size
        while self._bytes > self._cache_bytes:
            _, oldest = self._finished.popitem(last=False)
            self._bytes -= oldest.size


def _give_way() -> None:
    """Let everybody else have the processor first: rows are not to wait for pictures."""
    with contextlib.suppress(OSError):  # elsewhere than on Linux a thread has no number of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST_PRIORITY)


def _render(paint: Callable[[], bytes], is_text: bool) -> Render:  # noqa: FBT001 - an executor passes no names
    content = paint()
    # A fixed time keeps the bytes the same.
    zipped = gzip.compress(content, GZIP_LEVEL, mtime=0) if is_text else None
    return Render(content=content, zipped=zipped)
