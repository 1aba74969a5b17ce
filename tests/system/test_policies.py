"""A running service with several workers follows the policies of its store."""

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.artifacts.artifact import Artifact
from service.artifacts.loading import load_version
from service.artifacts.policy_files import pack_policy
from service.artifacts.policy_store import PolicyStore
from service.artifacts.store import Store
from service.softmax.policies import ThresholdPolicy
from tests.conftest import serving
from tests.system.processes import children

DEADLINE_S = 20.0
WORKERS = 2
ASKED = {"instances": [[6.0, 2.7, 5.1, 1.6]], "policy": "strict"}


@pytest.fixture
def policies(store: Path, tmp_path: Path) -> PolicyStore:
    """The policies of iris in a copy of the store."""
    return PolicyStore(root=Path(shutil.copytree(store, tmp_path / "models")), model="iris")


@pytest.fixture
def iris(policies: PolicyStore) -> Artifact:
    return load_version(Store(root=policies.root), "iris").artifact


@pytest.fixture
def pids() -> list[int]:
    return []


@pytest.fixture
def url(
    policies: PolicyStore, environment: dict[str, str], tmp_path: Path, pids: list[int]
) -> Iterator[str]:
    variables = {"SOFTMAX_WORKERS": str(WORKERS), "SOFTMAX_RELOAD_SECONDS": "0.1"}
    with serving(policies.root, environment | variables, tmp_path, pids) as address:
        yield address


def decided(url: str) -> tuple[int, dict[str, Any]]:
    """Ask on a connection of its own, which any worker may take."""
    answer = httpx.post(f"{url}/models/iris/decide", json=ASKED)
    return answer.status_code, answer.json()


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)  # the pause between two polls


def always(url: str, number: int) -> bool:
    """Whether many connections in a row are all answered by a number of the policy."""
    with contextlib.suppress(httpx.TransportError):  # a worker that is killed has connections
        answers = [decided(url) for _ in range(20)]
        return all(s == 200 and body["policy"]["version"] == number for s, body in answers)
    return False


def test_every_worker_takes_up_a_policy_and_the_next_and_goes_back(
    url: str, policies: PolicyStore, iris: Artifact
) -> None:
    assert decided(url)[0] == 422

    policies.add("strict", pack_policy(ThresholdPolicy(threshold=0.99), iris))
    eventually(lambda: always(url, 1))
    assert decided(url)[1]["decisions"] == ["abstain"]

    policies.add("strict", pack_policy(ThresholdPolicy(threshold=0.1), iris))
    eventually(lambda: always(url, 2))
    assert decided(url)[1]["decisions"] == ["virginica"]

    policies.activate("strict", 1)
    eventually(lambda: always(url, 1))


def test_a_new_worker_has_the_policy_that_is_held_though_its_file_is_damaged(
    url: str, policies: PolicyStore, iris: Artifact, pids: list[int]
) -> None:
    policies.add("strict", pack_policy(ThresholdPolicy(threshold=0.99), iris))
    eventually(lambda: always(url, 1))
    (policies.root / "iris/policies/strict/1.json").write_bytes(b"{}")
    before = children(pids[0])

    os.kill(before[0], signal.SIGKILL)

    eventually(lambda: len(set(children(pids[0])) - set(before)) > 0)
    eventually(lambda: always(url, 1))
