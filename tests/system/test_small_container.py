"""256 MiB are enough for one worker with the settings that docs/operations.md states."""

import contextlib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from benchmarks.drills.overload import burst, mixed, post, predict_rows
from tests.conftest import free_port
from tests.documents import ROOT

pytestmark = [pytest.mark.container, pytest.mark.timeout(900)]

MEMORY = "256m"
SETTINGS = {
    "SOFTMAX_ALLOW_ANONYMOUS": "1",  # published on loopback only
    "SOFTMAX_BODY_BYTES": "2097152",
    "SOFTMAX_ROWS": "10000",
    "SOFTMAX_INFLIGHT_BYTES": "4194304",
}
START_TIMEOUT_S = 60


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container, as a name for docker and a port of this machine."""

    name: str
    port: int

    def inspected(self, field: str) -> str:
        return docker("inspect", "--format", f"{{{{{field}}}}}", self.name).strip()


def docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture
def container() -> Iterator[Container]:
    """A container that may do as little as can be."""
    docker("build", "--quiet", "--target", "serve", "--tag", "softmax-service:serve", str(ROOT))
    made = Container(name=f"softmax-small-{free_port()}", port=free_port())
    docker(
        *("run", "--detach", "--name", made.name, "--publish", f"127.0.0.1:{made.port}:8000"),
        *("--memory", MEMORY, "--memory-swap", MEMORY, "--pids-limit", "128", "--read-only"),
        *("--cap-drop", "ALL", "--network", "bridge"),
        *("--security-opt", "no-new-privileges:true"),
        *(word for name, value in SETTINGS.items() for word in ("--env", f"{name}={value}")),
        "softmax-service:serve",
    )
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not is_ready(made) and time.monotonic() < deadline:
            time.sleep(0.1)  # the pause between two polls
        yield made
    finally:
        docker("rm", "--force", made.name)


def is_ready(container: Container) -> bool:
    with contextlib.suppress(httpx.TransportError):
        url = f"http://127.0.0.1:{container.port}/readyz"
        return httpx.get(url, timeout=30).status_code == httpx.codes.OK
    return False


def test_a_small_container_is_not_killed_however_much_is_asked(container: Container) -> None:
    for _ in range(3):
        rows = burst(container, 64, predict_rows(10_000))
        refused = burst(container, 64, post(b"x" * (3 * 2**20)))
        answered, pictures = mixed(container, n_pictures=24, seconds=2)

        assert rows.failures == (0, 0, 0)
        assert set(rows.statuses) <= {200, 503}
        assert rows.statuses[200] > 0
        assert refused.statuses == {413: 64}
        assert set(answered.statuses) <= {200, 503}
        assert set(pictures.statuses) <= {200, 503}

    assert is_ready(container)
    assert container.inspected(".State.OOMKilled") == "false"
    assert container.inspected(".State.Running") == "true"
    assert "worker_died" not in docker("logs", container.name)
