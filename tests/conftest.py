"""A store with the two models that the README shows, and a real server on it."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

# Before anything loads numpy: matrices here are too small to share among threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 20


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """The environment of a user who has set nothing, with this environment's commands first."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SOFTMAX_")}
    clean["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), clean["PATH"]])
    return clean


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Path:
    """A store that holds demo and iris, trained by the command line; nobody writes to it."""
    path = tmp_path_factory.mktemp("store")
    for source in ("demo", "iris"):
        subprocess.run(
            [sys.executable, "-m", "service", "train", source],
            env=environment | {"SOFTMAX_MODELS": str(path)},
            cwd=path.parent,
            check=True,
            capture_output=True,
            timeout=100,
        )
    return path


@pytest.fixture(scope="session")
def server(
    store: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The base URL of a real server process on the store."""
    with serving(store, environment, tmp_path_factory.mktemp("server")) as url:
        yield url


@contextlib.contextmanager
def serving(
    store: Path | str,
    environment: dict[str, str],
    directory: Path,
    pids: list[int] | None = None,
    *,
    through: Sequence[str] = (),
    host: str = "127.0.0.1",
) -> Iterator[str]:
    """Run a real server process on a store; it must stop cleanly on SIGTERM.

    A command that it is started through must become it, as env and setpriv do.
    """
    log = directory / "server.log"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *through,
                sys.executable,
                "-m",
                "service",
                "serve",
                "--host",
                host,
                "--port",
                str(port),
            ],
            # No balancer has to be told before it stops; tests of that say otherwise.
            env={"SOFTMAX_DRAIN_SECONDS": "0"} | environment | {"SOFTMAX_MODELS": str(store)},
            cwd=directory,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    if pids is not None:
        pids.append(process.pid)
    try:
        wait_until_ready(url, process, log)
        yield url
    finally:
        process.terminate()
        try:
            code = process.wait(STOP_TIMEOUT_S)
        finally:
            process.kill()
    assert code == 0, log.read_text()


def free_port() -> int:
    """Find a port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Poll until the server says that it is ready; fail with its log when it does not."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url + "/readyz").status_code == httpx.codes.OK:
                return
        time.sleep(0.05)  # the pause between two polls
    pytest.fail(f"the server was not ready: exit code {process.poll()}\n{log.read_text()}")
