"""What the guards cost: `python benchmarks/guards.py [--quick]`.

The application as it is served, with a guard more, and with pass-throughs in place of ids, keys,
limits, metrics and the log, each in a process of its own on one core, asked for one row at a
time over 32 connections by `wrk` on another: turn and turn about in one run. What an operator
pays is throughput, which the kernel and the event loop have their shares of.
"""

import argparse
import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import structlog
import uvicorn
import uvloop
from harness.environments import UnavailableError, system_tool
from harness.load import loaded
from harness.machine import CACHE, busy, cores
from harness.servers import Question, Server, free_port, serving
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from service.api.envelope import Envelope
from service.api.front import Front
from service.api.guards import lone_guards
from service.api.head import Head
from service.api.health import Health
from service.api.lifecycle import Lifecycle
from service.api.metrics.note import Note
from service.api.served import Models
from service.api.shortcut import Whole
from service.app import Application
from service.artifacts.loading import load_catalogue
from service.artifacts.store import Store
from service.server.at_once import AtOnce
from service.server.crowd import Crowd
from service.server.limits import Limits
from service.server.lines import LineWriter
from service.server.protocol import Connection
from service.settings import Settings

TARGET = 1.10
"""What answering a row may take with ids, limits and metrics, where it takes one without."""

FLUSH_S = 0.1
KEY = "softmax_a-key-that-is-as-long-as-those-that-are-made"
ROW = Question(
    path="/models/iris/predict_proba",
    body=b'{"instances": [[5.1, 3.5, 1.4, 0.2]]}',
    headers=(("Content-Type", "application/json"), ("X-API-Key", KEY)),
)
NONE, GUARDED = "pass-throughs", "ids, limits, metrics"
KINDS: Mapping[str, Mapping[str, object]] = {
    NONE: {},
    GUARDED: {},
    "  and five keys": {"keys": "keys"},
    "  and a rate for each key": {"keys": "keys", "rate_limit": 1e6},
    "  and a log of requests": {"request_log": True},
}


class PassThrough(Envelope):
    """An envelope that guards nothing."""

    def identifier(self, headers: Mapping[bytes, bytes]) -> bytes:
        """Give the same id to everybody."""
        del headers
        return b"0" * 32

    def admit(self, note: Note, crowded_since: float | None = None) -> None:
        """Let everybody in."""

    def glance(self, note: Note) -> None:
        """Let everybody in."""

    def close(self, note: Note, began: float) -> None:
        """Count and tell nothing."""


class Nobody(Crowd):
    """A crowd that nobody is counted in."""

    def joins(self) -> None:
        """Count nothing."""

    def refusal(self, head: Head, since: float | None) -> Whole | None:
        """Refuse nobody."""
        del head, since


async def _nowhere(_scope: Scope, _receive: Receive, _send: Send) -> None:
    msg = "a plain request was handed on"
    raise RuntimeError(msg)


async def serve(name: str, port: int, folder: Path) -> None:
    """Serve until killed, one of `KINDS`."""
    options = {"request_log": False, **KINDS[name]}
    if "keys" in options:
        options["keys"] = folder / "keys"
    settings = Settings.model_validate(options)
    writer = LineWriter(os.open(os.devnull, os.O_WRONLY), lambda _n_lines: None)
    writer.is_buffered = True
    structlog.configure(logger_factory=lambda *_: SimpleNamespace(info=writer.write))
    models = Models(load_catalogue(Store(root=folder), None).catalogue)
    guards, lifecycle = lone_guards(settings), Lifecycle()
    front = Front(_nowhere, models, settings, guards.recorder)
    envelope = (PassThrough if name == NONE else Envelope)(front, settings, guards)
    application = Application(envelope, front, Health(models, lifecycle))
    crowd = (Nobody if name == NONE else Crowd)(settings.in_flight, guards.recorder.turned_away)
    at_once = AtOnce(application.shortcut, crowd)
    config = uvicorn.Config(application, ws="none", lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    state.default_headers = [(b"date", b"Sat, 28 Nov 2026 12:00:00 GMT")]
    limits = Limits(receipt_s=10.0, keep_alive_s=75.0, header_bytes=2**14)

    def connection() -> Connection:
        return Connection(config, state, limits, lifecycle, at_once)

    await asyncio.get_running_loop().create_server(connection, "127.0.0.1", port)
    while True:  # as a worker does
        writer.flush()
        guards.recorder.fold()
        await asyncio.sleep(FLUSH_S)


def _prepared(folder: Path) -> None:
    """Make a store and a file of keys in a folder."""
    digest = sha256(KEY.encode()).hexdigest()
    others = "".join(f"other{i} predict {i:064x}\n" for i in range(4))
    (folder / "keys").write_text(f"{others}holder predict {digest}\n")
    subprocess.run(
        [sys.executable, "-m", "service", "train", "iris"],
        env=os.environ | {"SOFTMAX_MODELS": str(folder)},
        check=True,
        capture_output=True,
    )


def compare(folder: Path, turns: int) -> None:
    """Ask each in its turn, and print the ratios."""
    rates: dict[str, list[float]] = {name: [] for name in KINDS}
    times: dict[str, list[float]] = {name: [] for name in KINDS}
    with contextlib.ExitStack() as stack:
        servers: dict[str, Server] = {}
        for name in KINDS:
            port = free_port()
            command = [sys.executable, __file__, "--serve", name, str(port), str(folder)]
            servers[name] = stack.enter_context(
                serving(command, port, ROW, core=cores()[0], env={})
            )
        for _ in range(turns):
            for name, server in servers.items():
                before = server.cpu_seconds()
                load = loaded(server.port, ROW, connections=32, seconds=1)
                rates[name].append(load.per_second)
                times[name].append((server.cpu_seconds() - before) / load.requests)
    print("processor time (median) and throughput (best) for one row, beside pass-throughs")
    for name in KINDS:
        spent = statistics.median(times[name])
        ratio = statistics.median(a / b for a, b in zip(times[name], times[NONE], strict=True))
        slower = max(rates[NONE]) / max(rates[name])
        bar = f" (to reach: ≤ {TARGET})" if name == GUARDED else ""
        print(f"{ratio:6.3f}{bar} {slower:6.3f}  {name:28} {1e6 * spent:6.2f} μs")


def main() -> None:
    """Prepare, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few turns")
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        name, port, folder = options.serve
        uvloop.run(serve(name, int(port), Path(folder)))
        return
    CACHE.mkdir(exist_ok=True)
    try:
        system_tool("wrk")
    except UnavailableError as missing:
        print(f"guards are not measured: {missing}")
        return
    print(f"load average {busy():.1f}")
    with tempfile.TemporaryDirectory() as name:
        _prepared(Path(name))
        compare(Path(name), 3 if options.quick else 15)


if __name__ == "__main__":
    main()
