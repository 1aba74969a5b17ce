"""A worker: one process that answers, and hears from its supervisor what with and how long."""

import asyncio
import contextlib
import itertools
import math
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from types import FrameType

import uvicorn

from service.api.guards import Guards
from service.api.lifecycle import Lifecycle
from service.api.metrics.recorder import Recorder
from service.api.served import Models
from service.api.shadow import parse_shadow
from service.app import create_app
from service.artifacts.catalogue import Catalogue
from service.artifacts.golden import check_golden
from service.server.at_once import AtOnce
from service.server.board import Board
from service.server.crowd import Crowd
from service.server.door import Door
from service.server.limits import Limits
from service.server.lines import LineWriter
from service.server.log import log, log_as_json
from service.server.messages import NewKeys, Stop, received
from service.server.protocol import Connection
from service.server.tls import tls_context
from service.settings import Settings

TICK_S = 0.1
KEPT_BYTES = 2**25 - 2**16
TICKS_A_BEAT = 5
MOST_CLOSED = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class Post:
    """A worker's ends of what connects it with its supervisor.

    Parameters
    ----------
    inbox : multiprocessing.connection.Connection
        Where messages come from; it ends when the supervisor does.
    beats : int
        The descriptor on which a byte now and then says that requests are answered.
    board : Board
        Numbers that all processes of the service share.
    place : int
        This worker's place on the board; no other that lives has it.
    """

    inbox: Pipe
    beats: int
    board: Board
    place: int


def work(catalogue: Catalogue, settings: Settings, listener: socket.socket, post: Post) -> None:
    """Answer requests until told to stop.

    Parameters
    ----------
    catalogue : Catalogue
        Verified models.
    settings : Settings
        Limits and the like.
    listener : socket
        Where clients connect.
    post : Post
        The connections with the supervisor.
    """
    _keep_freed_memory()
    signal.set_wakeup_fd(-1)
    # A terminal sends these to every process of a group; what they mean, the supervisor says.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    writer = log_as_json()
    writer.is_buffered = True
    models = Models(catalogue, parse_shadow(settings.shadow))
    server = _Server(models, settings, post, writer)

    def receive() -> None:
        try:
            while True:
                message = post.inbox.recv()
                if isinstance(message, Stop):
                    server.stop(message)
                elif isinstance(message, NewKeys):
                    post.board.gate.replace_keys(message.keys)
                else:
                    models.exchange(received(message, models.served.catalogue))
        except (EOFError, OSError):  # the supervisor is gone: nobody would replace this worker
            server.stop(Stop(after_s=settings.drain_seconds))
        except BaseException:  # noqa: BLE001 - whatever it is, this thread is not to end alone
            log.exception("worker_failed")
            writer.flush()
            os._exit(1)  # a successor begins with the models that this one could not take

    threading.Thread(target=receive, name="receive", daemon=True).start()
    server.run([listener])
    log.info("worker_stopped", pid=os.getpid())
    writer.flush()


def _keep_freed_memory() -> None:
    """Let glibc keep what is freed for the next request, instead of mapping it anew.

    At first it maps each block above 128 KiB by itself, and the kernel clears its pages when
    they are touched: a quarter of the time that 1,000 rows take. It learns from the first large
    block that is freed, up to 32 MiB; this one is never touched. Other systems do not mind.
    """
    bytes(KEPT_BYTES)


class _Server(uvicorn.Server):
    """A server that says that it lives, and stops in two steps."""

    def __init__(
        self,
        models: Models,
        settings: Settings,
        post: Post,
        writer: LineWriter,
    ) -> None:
        recorder = Recorder(post.board.counters, post.place)
        lifecycle = Lifecycle(post.board.everyone, recorder.refused)
        guards = Guards(recorder=recorder, gate=post.board.gate)
        app = create_app(models, settings, guards, lifecycle)
        config = uvicorn.Config(
            app,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # nothing here depends on who the client is
            timeout_graceful_shutdown=math.ceil(settings.grace_seconds),
        )
        super().__init__(config)
        self.shortcut = app.shortcut
        self.recorder = recorder
        self.models = models
        self.settings = settings
        self.lifecycle = lifecycle
        self.recorder = recorder
        self.post = post
        self.writer = writer
        self.stop_at = math.inf
        self.is_retiring = False

    def stop(self, order: Stop) -> None:
        """Begin to stop; of several orders the earliest holds.

        Parameters
        ----------
        order : Stop
            When, and what probes are told until then.
        """
        self.stop_at = min(self.stop_at, time.monotonic() + order.after_s)
        self.is_retiring |= order.is_retirement
        self.lifecycle.is_draining |= not order.is_retirement
        self.lifecycle.is_parting = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        limits = Limits(
            receipt_s=self.settings.receipt_seconds,
            keep_alive_s=self.settings.keep_alive_seconds,
            header_bytes=self.settings.header_bytes,
        )
        crowd = Crowd(self.settings.in_flight, self.recorder.turned_away)
        at_once = AtOnce(self.shortcut, crowd)
        found = self.models.served.catalogue.get()
        check_golden(found.artifact.model, found.artifact.manifest)
        await self.on_tick(0)  # the header Date
        context = tls_context(self.settings)
        self.doors = [
            Door(
                listener,
                lambda: Connection(self.config, self.server_state, limits, self.lifecycle, at_once),
                context=context,
                handshake_s=self.settings.receipt_seconds,
                on_full=self._make_room,
                board=self.post.board,
                place=self.post.place,
            )
            for listener in sockets or []
        ]
        self.servers = self.doors  # type: ignore[assignment]  # what uvicorn uses of a server
        self.started = True
        self.watching = asyncio.create_task(self._watch())

    async def on_tick(self, counter: int) -> bool:
        """Say whether it is time to stop accepting."""
        return await super().on_tick(counter) or time.monotonic() >= self.stop_at

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop, told so by a signal."""
        del sig, frame
        self.stop(Stop(after_s=self.settings.drain_seconds))

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Listen to the one signal that is for a worker, and do not raise it again."""
        signal.signal(signal.SIGTERM, self.handle_exit)
        yield

    async def _watch(self) -> None:
        """Do what is to be done now and then, until the last answer is out."""
        is_parting = False
        loop = asyncio.get_running_loop()
        for tick in itertools.count():
            if tick % TICKS_A_BEAT == 0:
                with contextlib.suppress(OSError):  # nobody listens, or not just now
                    os.write(self.post.beats, b".")
                now = loop.time()
                for connection in self._connections():
                    connection.look(now)
            if self.lifecycle.is_parting and not is_parting:
                is_parting = True
                for connection in self._connections():
                    connection.part()
            for door in self.doors:
                door.count(len(self.server_state.connections))
                if self.is_retiring:
                    door.close()
            self.writer.flush()
            self.recorder.fold()
            await asyncio.sleep(TICK_S)

    def _make_room(self) -> None:
        """Close the connections that have lain idle longest."""
        idle = [one for one in self._connections() if one.is_idle]
        for connection in sorted(idle, key=lambda one: one.due)[:MOST_CLOSED]:
            connection.transport.close()

    def _connections(self) -> list[Connection]:
        return [one for one in self.server_state.connections if isinstance(one, Connection)]
