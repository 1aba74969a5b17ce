"""A running service follows its store, and drops nothing while it does."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from service.artifacts.artifact import Files
from service.artifacts.store import Store
from tests.conftest import serving
from tests.system.processes import children

DEADLINE_S = 10.0
ROW = {"instances": [[5.1, 3.5, 1.4, 0.2]]}
PREDICT = "/models/iris/predict_proba"


def eventually(holds: Callable[[], bool]) -> None:
    """Poll until something holds; a service answers within its own deadlines."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)  # the pause between two polls


@pytest.fixture
def copy(store: Path, tmp_path: Path) -> Store:
    """A copy of the store that a test may change."""
    return Store(root=Path(shutil.copytree(store, tmp_path / "models")))


@pytest.fixture(params=["1", "2"], ids=["one-worker", "two-workers"])
def url(
    request: pytest.FixtureRequest, copy: Store, environment: dict[str, str], tmp_path: Path
) -> Iterator[str]:
    variables = environment | {"SOFTMAX_WORKERS": request.param, "SOFTMAX_RELOAD_SECONDS": "0.1"}
    with serving(copy.root, variables, tmp_path) as address:
        yield address


@pytest.fixture(scope="module")
def other(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of another fit of iris."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    subprocess.run(
        [sys.executable, "-m", "service", "train", "iris", "--C", "0.01"],
        env=environment | {"SOFTMAX_MODELS": str(elsewhere)},
        check=True,
        capture_output=True,
    )
    return Store(root=elsewhere).read("iris", 1)


def answered(url: str) -> int:
    version: int = httpx.post(url + PREDICT, json=ROW).json()["model"]["version"]
    return version


def test_a_new_version_and_a_new_model_are_served_without_a_restart(
    url: str, copy: Store, other: Files
) -> None:
    copy.publish("iris", other)
    copy.publish("second", other)

    eventually(lambda: all(answered(url) == 2 for _ in range(10)))
    eventually(lambda: httpx.post(f"{url}/models/second/predict", json=ROW).is_success)
    copy.activate("iris", 1)
    eventually(lambda: all(answered(url) == 1 for _ in range(10)))


def test_no_answer_is_lost_or_mixed_in_a_hundred_reloads(
    url: str, copy: Store, other: Files
) -> None:
    first = httpx.post(url + PREDICT, json=ROW).json()
    copy.publish("iris", other)
    eventually(lambda: answered(url) == 2)
    second = httpx.post(url + PREDICT, json=ROW).json()
    expected = {1: first, 2: second}
    stop, wrong, seen = threading.Event(), [], set()

    def ask() -> None:
        with httpx.Client() as client:
            while not stop.is_set():
                answer = client.post(url + PREDICT, json=ROW)
                body = answer.json()
                version = body.get("model", {}).get("version")
                seen.add(version)
                if answer.status_code != 200 or body != expected[version]:
                    wrong.append(body)

    clients = [threading.Thread(target=ask) for _ in range(32)]
    for client in clients:
        client.start()
    for turn in range(100):
        copy.activate("iris", 1 + turn % 2)
        if turn % 10 == 0:
            eventually(lambda turn=turn: answered(url) == 1 + turn % 2)  # type: ignore[misc]  # bound now
    stop.set()
    for client in clients:
        client.join()

    assert wrong == []
    assert seen == {1, 2}


@pytest.mark.parametrize("harm", ["bytes", "deleted", "empty"])
def test_a_damaged_store_changes_nothing_and_is_told_once(
    url: str, copy: Store, other: Files, tmp_path: Path, harm: str
) -> None:
    before = httpx.post(url + PREDICT, json=ROW).content
    if harm == "bytes":
        copy.publish("iris", {**other, "model.joblib": b"x"})
    elif harm == "deleted":
        shutil.rmtree(copy.root / "iris" / "1")
    else:
        copy.publish("iris", {**other, "model.joblib": b""})
    log = tmp_path / "server.log"

    def refusals() -> list[dict[str, object]]:
        lines = [line for line in log.read_text().splitlines() if line.startswith("{")]
        return [event for event in map(json.loads, lines) if event["level"] == "error"]

    if harm != "deleted":
        eventually(lambda: len(refusals()) == 1)
    ready = {httpx.get(url + "/readyz").status_code for _ in range(20)}

    assert ready == {200}
    assert httpx.post(url + PREDICT, json=ROW).content == before
    assert len(refusals()) <= 1


def test_a_worker_that_dies_while_the_store_is_damaged_comes_back_with_its_models(
    copy: Store, environment: dict[str, str], tmp_path: Path
) -> None:
    variables = environment | {"SOFTMAX_WORKERS": "2", "SOFTMAX_RELOAD_SECONDS": "0.1"}
    pids: list[int] = []
    with serving(copy.root, variables, tmp_path, pids) as url:
        before = httpx.post(url + PREDICT, json=ROW).content
        shutil.rmtree(copy.root)
        workers = children(pids[0])
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        eventually(lambda: len(set(children(pids[0])) - set(workers)) == 2)

        answers = {httpx.post(url + PREDICT, json=ROW).content for _ in range(20)}

    assert answers == {before}


def test_a_hang_up_makes_the_service_look_at_once(
    copy: Store, other: Files, environment: dict[str, str], tmp_path: Path
) -> None:
    slow = environment | {"SOFTMAX_WORKERS": "2", "SOFTMAX_RELOAD_SECONDS": "3600"}
    pids: list[int] = []
    with serving(copy.root, slow, tmp_path, pids) as url:
        copy.publish("iris", other)

        os.kill(pids[0], signal.SIGHUP)

        eventually(lambda: all(answered(url) == 2 for _ in range(10)))


def failures(url: str, model: str) -> float:
    """Give how often a version of a model was refused, as any of the workers tells it."""
    text = httpx.get(url + "/metrics").text
    name = f'softmax_model_reload_failures_total{{model="{model}"}} '
    (line,) = (line for line in text.splitlines() if line.startswith(name))
    return float(line.removeprefix(name))


def test_a_version_that_is_refused_is_counted_once(url: str, copy: Store, other: Files) -> None:
    copy.publish("iris", {**other, "model.joblib": b"x"})

    eventually(lambda: failures(url, "iris") == 1)

    assert failures(url, "iris") == 1
    assert failures(url, "demo") == 0
    assert httpx.get(url + "/readyz").status_code == 200
