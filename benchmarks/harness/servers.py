"""A server under test: started on its core, asked until it answers, weighed, stopped."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.environments import UnavailableError
from harness.machine import CACHE, environment, pinned

PATIENCE_S = 90.0
PAUSE_S = 0.002


@dataclass(frozen=True, kw_only=True)
class Question:
    """A request, byte for byte."""

    path: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)

    @property
    def method(self) -> str:
        """POST where there is something to post."""
        return "POST" if self.body else "GET"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that answers."""

    pid: int
    port: int
    start_s: float

    def ask(self, question: Question) -> Reply:
        """Ask once."""
        return asked(self.port, question)

    def cpu_seconds(self) -> float:
        """Add up the time that its processes have had a core."""
        return sum(map(_cpu_seconds, tree(self.pid)))

    def resident_bytes(self) -> int:
        """Add up the memory of all its processes; what some share counts once."""
        return sum(_kilobytes(f"/proc/{pid}/smaps_rollup", "Pss") for pid in tree(self.pid)) * 1024

    @contextlib.contextmanager
    def watching_peak(self) -> Iterator[list[int]]:
        """Put into the list what memory grew to: that of before, and each process's growth."""
        peak = list[int]()
        before, pids = self.resident_bytes(), tree(self.pid)
        for pid in pids:
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        held = {pid: _kilobytes(f"/proc/{pid}/status", "VmRSS") for pid in pids}
        yield peak
        grown = (_kilobytes(f"/proc/{pid}/status", "VmHWM") - held[pid] for pid in pids)
        peak.append(before + 1024 * sum(grown))


@contextlib.contextmanager
def serving(
    command: list[str], port: int, first: Question, *, core: int | None, env: dict[str, str]
) -> Iterator[Server]:
    """Start a server, wait for its first answer, and stop it at the end.

    Raises
    ------
    UnavailableError
        If it does not answer.
    """
    log = CACHE / "server.log"
    began = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*pinned(core), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment(**env),
            cwd=CACHE,
            start_new_session=True,
        )
    try:
        _wait(process, port, first, began)
        yield Server(pid=process.pid, port=port, start_s=time.perf_counter() - began)
    finally:
        _stop(process)


def free_port() -> int:
    """Find a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def asked(port: int, question: Question) -> Reply:
    """Ask a server on this machine once."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.request(
            question.method, question.path, question.body or None, dict(question.headers)
        )
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(status=answer.status, headers=headers, body=answer.read())


def tree(pid: int) -> list[int]:
    """List a process and all that it started."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += tree(int(child))
    return found


def _wait(process: subprocess.Popen[bytes], port: int, first: Question, began: float) -> None:
    said = "nothing"
    while time.perf_counter() - began < PATIENCE_S and process.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            reply = asked(port, first)
            if reply.status == http.HTTPStatus.OK:
                return
            said = f"status {reply.status}: {reply.body[:200]!r}"
        time.sleep(PAUSE_S)
    msg = f"it does not answer ({said}); its log is {CACHE / 'server.log'}"
    raise UnavailableError(msg)


def _stop(process: subprocess.Popen[bytes]) -> None:
    started = tree(process.pid) if process.poll() is None else []
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in started:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        started = [pid for pid in started if _is_running(pid)]


def _is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def _cpu_seconds(pid: int) -> float:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        user, system = int(fields[11]), int(fields[12])
        return (user + system) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _kilobytes(file: str, key: str) -> int:
    for line in Path(file).read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1])
    return 0
