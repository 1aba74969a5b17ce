"""What the guards cost: from the bytes of a request to the bytes of its answer, and without them.

One row is asked for over a connection without a socket, turn and turn about in one run: of the
application as it is served, of the same with a guard more, and of the same with pass-throughs
in place of ids, keys, limits, metrics and the log. The time of the kernel, which every request
takes besides, would only make the ratios smaller.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import structlog
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from service.api.envelope import Envelope
from service.api.front import Front
from service.api.guards import lone_guards
from service.api.health import Health
from service.api.lifecycle import Lifecycle
from service.api.metrics.note import Note
from service.api.served import Models
from service.app import Application
from service.artifacts.loading import load_catalogue
from service.artifacts.store import Store
from service.server.at_once import AtOnce
from service.server.crowd import Crowd
from service.server.limits import Limits
from service.server.lines import LineWriter
from service.server.protocol import Connection
from service.settings import Settings

QUICK = "--quick" in sys.argv[1:]
TURNS = 30 if QUICK else 300
REQUESTS = 500
"""Requests in one turn: short ones, of which some are not disturbed."""

KEY = "softmax_a-key-that-is-as-long-as-those-that-are-made"
ROW = b'{"instances": [[5.1, 3.5, 1.4, 0.2]]}'
REQUEST = (
    b"POST /models/iris/predict_proba HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: guards\r\n"
    b"Accept: */*\r\nContent-Type: application/json\r\nX-API-Key: %b\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (KEY.encode(), len(ROW), ROW)
)


class PassThrough(Envelope):
    """An envelope that guards nothing."""

    def identifier(self, headers: Mapping[bytes, bytes]) -> bytes:
        """Give the same id to everybody."""
        del headers
        return b"0" * 32

    def admit(self, note: Note, crowded_since: float | None = None) -> None:
        """Let everybody in."""

    def close(self, note: Note, began: float) -> None:
        """Count and tell nothing."""


class Sink(asyncio.Transport):
    """A connection that nobody is at the other end of."""

    def __init__(self) -> None:
        super().__init__()
        self.last = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep what was written last."""
        self.last = bytes(data)

    def is_closing(self) -> bool:
        """Say that it stays open."""
        return False


async def _nowhere(_scope: Scope, _receive: Receive, _send: Send) -> None:
    msg = "a plain request was handed on"
    raise RuntimeError(msg)


def _connection(models: Models, settings: Settings, kind: type[Envelope]) -> Connection:
    guards = lone_guards(settings)
    front = Front(_nowhere, models, settings, guards.recorder)
    application = Application(kind(front, settings, guards), front, Health(models, Lifecycle()))
    config = uvicorn.Config(application, ws="none", lifespan="off", log_config=None)
    limits = Limits(receipt_s=10.0, keep_alive_s=75.0, header_bytes=2**14)
    # All requests of this script come in one turn of its event loop: here that is no crowd.
    crowd = Crowd(10**9, guards.recorder.turned_away)
    config.load()
    at_once = AtOnce(application.shortcut, crowd)
    made = Connection(config, ServerState(), limits, Lifecycle(), at_once)
    made.connection_made(Sink())
    return made


def _turn(connection: Connection) -> float:
    began = perf_counter()
    for _ in range(REQUESTS):
        connection.data_received(REQUEST)
    took = perf_counter() - began
    last = connection.transport.last  # type: ignore[attr-defined]  # of the sink
    if not last.startswith(b"HTTP/1.1 200 OK\r\n"):
        raise RuntimeError(last)
    return took / REQUESTS


def _prepared(folder: Path) -> Path:
    """Make a store and a file of keys in a folder; give that file."""
    digest = sha256(KEY.encode()).hexdigest()
    others = "".join(f"other{i} predict {i:064x}\n" for i in range(4))
    (folder / "keys").write_text(f"{others}holder predict {digest}\n")
    subprocess.run(
        [sys.executable, "-m", "service", "train", "iris"],
        env=os.environ | {"SOFTMAX_MODELS": str(folder)},
        check=True,
        capture_output=True,
    )
    return folder / "keys"


async def compare(store: Path, keys: Path) -> None:
    """Ask each in its turn, and print the ratios."""
    models = Models(load_catalogue(Store(root=store), None).catalogue)
    quiet = Settings(request_log=False)
    keyed = Settings(request_log=False, keys=keys)
    limited = Settings(request_log=False, keys=keys, rate_limit=1e6)
    connections = {
        "pass-throughs": _connection(models, quiet, PassThrough),
        "ids, limits, metrics": _connection(models, quiet, Envelope),
        "  and five keys": _connection(models, keyed, Envelope),
        "  and a rate for each key": _connection(models, limited, Envelope),
        "ids, limits, metrics and a log of requests": _connection(models, Settings(), Envelope),
    }
    best = dict.fromkeys(connections, float("inf"))
    for _ in range(TURNS):
        for label, connection in connections.items():
            best[label] = min(best[label], _turn(connection))
    bare = best["pass-throughs"]
    for label, seconds in best.items():
        ratio = seconds / bare
        print(f"{ratio:6.3f}  {label:45} {1e6 * seconds:7.2f} us a request")


def main() -> None:
    """Prepare, and compare."""
    writer = LineWriter(os.open(os.devnull, os.O_WRONLY), lambda _n_lines: None)
    structlog.configure(logger_factory=lambda *_: SimpleNamespace(info=writer.write))
    with tempfile.TemporaryDirectory() as name:
        keys = _prepared(Path(name))
        asyncio.run(compare(Path(name), keys))


if __name__ == "__main__":
    main()
