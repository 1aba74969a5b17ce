"""What becomes of a store, and of a service on it, when the machine does its worst."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from service.artifacts.store import Store
from tests.conftest import serving

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
KILLS = 100
SEED = 20261122
DEADLINE_S = 10.0
ROW = {"instances": [[5.1, 3.5, 1.4, 0.2]]}
OWN_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount")
# The rights by which root reads and writes what modes forbid.
OVERRIDES = "-dac_override,-dac_read_search"
OBEYS_MODES = ("setpriv", f"--bounding-set={OVERRIDES}", f"--inh-caps={OVERRIDES}")


def works(*command: str) -> bool:
    return (
        bool(shutil.which(command[0]))
        and not subprocess.run([*command, "true"], capture_output=True, check=False).returncode
    )


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)  # the pause between two polls


@pytest.fixture
def copy(store: Path, tmp_path: Path) -> Store:
    """A copy of the store that a test may change."""
    return Store(root=Path(shutil.copytree(store, tmp_path / "models")))


def test_a_publisher_killed_at_any_instant_leaves_only_whole_versions(
    environment: dict[str, str], tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / "killed_publisher.py"), "models", str(KILLS), str(SEED)],
        env=environment | {"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    seen = json.loads(done.stdout)
    assert seen["wrong"] == []
    assert seen["cut"] > 0  # in the middle of something
    assert seen["changed"] > 0  # and after something was published


@pytest.mark.skipif(not works(*OWN_MOUNTS), reason="this machine lets nobody mount a file system")
def test_a_full_disk_and_a_read_only_one_refuse_in_one_line_and_change_nothing(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()

    done = subprocess.run(
        [*OWN_MOUNTS, sys.executable, str(HERE / "full_disk.py"), str(store), str(disk)],
        env=environment | {"PYTHONPATH": str(ROOT), "SOFTMAX_MODELS": str(disk / "models")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert len(seen["filled"]["refusals"]) > 2
    assert all("No space left on device" in line for line in seen["filled"]["refusals"])
    assert seen["filled"]["wrong"] == []
    assert seen["filled"]["left"] == ["demo", "iris"]
    assert seen["filled"]["is_published"]
    for command in ("train", "activate", "delete"):
        answer = seen["read_only"][command]
        assert answer["code"] == 1
        assert answer["error"].startswith("softmax: the store cannot be written: Read-only file")
        assert answer["error"].count("\n") == 1
    assert seen["read_only"]["verify"]["code"] == 0
    assert seen["unchanged"]


@pytest.mark.skipif(
    os.geteuid() == 0 and not works(*OBEYS_MODES), reason="root cannot be made to obey modes here"
)
@pytest.mark.parametrize("what", ["", "iris", "iris/2", "iris/2/model.joblib", "iris/ACTIVE"])
def test_a_store_that_may_not_be_read_for_a_while_changes_nothing_until_it_may(
    copy: Store, environment: dict[str, str], tmp_path: Path, what: str
) -> None:
    copy.publish("iris", copy.read("iris", 1), activate=False)
    place, log = copy.root / what, tmp_path / "server.log"
    mode = place.stat().st_mode
    variables = environment | {"SOFTMAX_RELOAD_SECONDS": "0.05"}
    through = OBEYS_MODES if os.geteuid() == 0 else ()

    def errors() -> int:
        return sum('"level": "error"' in line for line in log.read_text().splitlines())

    def answer() -> httpx.Response:
        return httpx.post(f"{url}/models/iris/predict_proba", json=ROW)

    if "2" in what:  # what has been verified is not read again
        place.chmod(0)
    with serving(copy.root, variables, tmp_path, through=through) as url:
        before = answer().content
        place.chmod(0)
        eventually(lambda: errors() == 1)
        answers = {answer().content for _ in range(20)}
        ready = httpx.get(f"{url}/readyz").status_code
        counted = httpx.get(f"{url}/metrics").text
        place.chmod(mode)

        assert answers == {before}
        assert ready == 200
        assert errors() == 1
        if "2" not in what:  # that one was refused at the start, before there was an answer
            assert 'softmax_model_reload_failures_total{model="iris"} 1' in counted
        copy.activate("iris", 2)
        eventually(lambda: answer().json()["model"]["version"] == 2)
