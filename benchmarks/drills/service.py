"""A real service process: started, looked at, stopped."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

READY = b"GET /readyz HTTP/1.1\r\nHost: drill\r\nConnection: close\r\n\r\n"
START_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service process and its workers.

    Parameters
    ----------
    process : Popen
        The process that supervises.
    port : int
        Where it answers, on the loopback interface.
    log : Path
        What it has written.
    """

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def workers(self) -> list[int]:
        """The pids of its workers that live."""
        return children(self.process.pid)

    def events(self, name: str) -> list[dict[str, Any]]:
        """Give the lines of its log about one kind of event."""
        lines = self.log.read_text().splitlines()
        told = [line for line in lines if line.startswith("{") and f'"{name}"' in line]
        return [event for event in map(json.loads, told) if event["event"] == name]

    def is_ready(self) -> bool:
        """Ask whether it is ready, on a connection of its own."""
        return self.ask(READY).startswith(b"HTTP/1.1 200")

    def ask(self, request: bytes) -> bytes:
        """Send bytes, and give all that comes until the connection ends; none if it is refused."""
        with contextlib.suppress(OSError), self.connect() as client:
            client.sendall(request)
            return b"".join(iter(lambda: client.recv(65_536), b""))
        return b""

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def send(self, number: int) -> None:
        """Send a signal to the process that supervises."""
        self.process.send_signal(number)


@contextlib.contextmanager
def running(
    store: Path, directory: Path, environment: Mapping[str, str], **settings: object
) -> Iterator[Service]:
    """Run a service until the block ends, however that is; it is ready when the block begins.

    Raises
    ------
    RuntimeError
        If it does not start; the text is its log.
    """
    variables = {f"SOFTMAX_{name.upper()}": str(value) for name, value in settings.items()}
    log = directory / "service.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "service", "serve", "--port", "0"],
            # A line for each request would bury what drills look for in the log.
            env={
                "SOFTMAX_REQUEST_LOG": "0",
                **environment,
                "SOFTMAX_MODELS": str(store),
                **variables,
            },
            cwd=directory,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        eventually(lambda: process.poll() is not None or b"answers at" in log.read_bytes())
        found = re.search(r"answers at https?://[^ ]*:(\d+)", log.read_text())
        if found is None:
            msg = log.read_text()
            raise RuntimeError(msg)
        yield Service(process=process, port=int(found[1]), log=log)
    finally:
        if process.poll() is None:
            workers = children(process.pid)
            process.kill()
            for pid in workers:  # they would end by themselves, but not at once
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def apart(service: Service) -> Iterator[None]:
    """Leave the service one processor and its clients the others, if there are several.

    Clients that ask for more than can be answered would else take the processor from who
    answers, and what is measured would be how the system shares it.
    """
    processors = os.sched_getaffinity(0)
    first = min(processors)
    if len(processors) > 1:
        for pid in (service.process.pid, *service.workers):
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), {first})
        os.sched_setaffinity(0, processors - {first})
    try:
        yield
    finally:
        os.sched_setaffinity(0, processors)


def children(pid: int) -> list[int]:
    """Give the pids of the children of a process that live."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return []
    return [child for child in map(int, text.split()) if state(child) not in {"Z", "X", ""}]


def state(pid: int) -> str:
    """Give the letter that the system has for what a process does; none if there is no such."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def eventually(holds: Callable[[], bool], within_s: float = START_S) -> float:
    """Wait until something holds, and say how many seconds that took.

    Raises
    ------
    TimeoutError
        If it does not.
    """
    begun = time.monotonic()
    while not holds():
        if time.monotonic() > begun + within_s:
            msg = f"it did not hold within {within_s:g} s"
            raise TimeoutError(msg)
        time.sleep(0.01)  # the pause between two looks
    return time.monotonic() - begun
