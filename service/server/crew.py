"""A worker as its supervisor sees it: a process, what was last heard of it, how to reach it."""

import contextlib
import multiprocessing
import os
import socket
import struct
import time
from collections.abc import Sequence

from service.artifacts.catalogue import Catalogue
from service.server.board import NOBODY, Board
from service.server.messages import Message
from service.server.worker import Post, work
from service.settings import Settings

SEND_S = 5
"""A worker that does not take a message within so many seconds is taken for stuck."""


class Worker:
    """A process that was forked to answer.

    It begins with the models that the supervisor holds: one that dies while the store is
    damaged is followed by one with the same digests.

    Parameters
    ----------
    catalogue : Catalogue
        Verified models.
    settings : Settings
        Limits and the like.
    listener : socket
        Where clients connect.
    board : Board
        Numbers that all processes share.
    others : sequence of Worker
        Workers that live; their connections with the supervisor are not for this one.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        settings: Settings,
        listener: socket.socket,
        board: Board,
        others: Sequence["Worker"],
    ) -> None:
        self._board = board
        context = multiprocessing.get_context("fork")
        self.outbox, inbox = context.Pipe()
        timeout = struct.pack("@ll", SEND_S, 0)
        with socket.socket(fileno=os.dup(self.outbox.fileno())) as outbox:
            outbox.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)
        self.beats, beats = os.pipe()
        for end in (self.beats, beats):
            os.set_blocking(end, False)
        inherited = [self, *others]
        taken = {worker.place for worker in others}
        free = (place for place in range(len(board.loads)) if place not in taken)
        self.place: int = next(free)
        post = Post(inbox=inbox, beats=beats, board=board, place=self.place)

        def run() -> None:
            for worker in inherited:  # else they would outlive the supervisor
                worker._close()  # noqa: SLF001 - its own class
            work(catalogue, settings, listener, post)

        self.process = context.Process(target=run)
        self.process.start()
        inbox.close()
        os.close(beats)
        self.started_at = self.heard_at = time.monotonic()
        self.is_ready = False

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.is_alive()

    def hear(self) -> None:
        """Take note of what the worker has said since the last time."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self.beats, 4096):
                self.heard_at = time.monotonic()
                self.is_ready = True

    def send(self, message: Message) -> None:
        """Send a message, or kill a worker that does not take it.

        Parameters
        ----------
        message : News, Stop or keys
            The message.
        """
        try:
            self.outbox.send(message)
        except BrokenPipeError:  # it has just died; its successor knows
            pass
        except OSError:
            self.kill()

    def kill(self) -> None:
        """End the process at once, whatever it does."""
        self.process.kill()

    def bury(self) -> None:
        """Give back what a dead process has left."""
        self.process.join()
        self._board.loads[self.place] = NOBODY
        self._close()

    def _close(self) -> None:
        if not self.outbox.closed:
            self.outbox.close()
            os.close(self.beats)
