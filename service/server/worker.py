"""One process that answers: uvicorn on a socket that is already open."""

import signal
import socket
import sys
import threading
from collections.abc import Callable

import uvicorn

from service.api.metrics.recorder import Recorder
from service.api.served import Models
from service.app import create_app
from service.settings import Settings

BACKLOG = 2048


def answer(
    models: Models,
    settings: Settings,
    listener: socket.socket,
    recorder: Recorder,
    started: Callable[[], None],
) -> None:
    """Answer requests until a signal says stop.

    Parameters
    ----------
    models : Models
        The models; another thread may exchange them.
    settings : Settings
        Limits and the like.
    listener : socket
        Where clients connect.
    recorder : Recorder
        Counts what is answered.
    started : callable
        Called once requests are answered.
    """
    config = uvicorn.Config(
        create_app(models, settings, recorder),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        backlog=BACKLOG,
    )
    # uvicorn raises the signal again when it has stopped; a clean stop is no failure.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    _Server(config, started).run([listener])


class _Server(uvicorn.Server):
    """A server that tells when it has started."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self.on_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.on_started()


def say_where_to_look(listener: socket.socket) -> None:
    """Print the address of a service that answers.

    Parameters
    ----------
    listener : socket
        Where clients connect.
    """
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    sys.stdout.write(f"softmax-service answers at {address} (documentation: {address}/docs)\n")
    sys.stdout.flush()


def watch_in_thread(look_again: Callable[[], None], wake: threading.Event, pause_s: float) -> None:
    """Call a function now and then, and whenever woken, in a thread of its own.

    Parameters
    ----------
    look_again : callable
        The function; it must not raise.
    wake : Event
        Set to have it called at once.
    pause_s : float
        Longest time between two calls, in seconds.
    """

    def loop() -> None:
        while True:
            wake.wait(pause_s)
            wake.clear()
            look_again()

    threading.Thread(target=loop, name="watch", daemon=True).start()
