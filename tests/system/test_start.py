"""How a server process starts, what it holds, and how it stops."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.conftest import STOP_TIMEOUT_S, free_port, serving, wait_until_ready


def damage(store: Path, name: str) -> None:
    with (store / name / "1" / "model.joblib").open("r+b") as file:
        file.write(b"x")


@pytest.fixture
def copy(store: Path, tmp_path: Path) -> Path:
    """A copy of the store that a test may damage."""
    return shutil.copytree(store, tmp_path / "models")


def start(store: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Start a server that is to refuse."""
    return subprocess.run(
        [sys.executable, "-m", "service", "serve", "--port", "0"],
        env=environment | {"SOFTMAX_MODELS": str(store)},
        cwd=store.parent,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_damaged_default_model_is_one_line_and_exit_code_1(
    copy: Path, environment: dict[str, str]
) -> None:
    damage(copy, "demo")

    done = start(copy, environment)

    assert done.returncode == 1
    assert done.stdout == ""
    errors = [line for line in done.stderr.splitlines() if '"level": "info"' not in line]
    (error,) = errors
    assert error.startswith("softmax: the default model 'demo' cannot be loaded: demo@1: ")


@pytest.mark.parametrize("change", ["no-active", "active-elsewhere", "no-version", "no-store"])
def test_a_default_model_that_is_not_there_is_one_line_and_exit_code_1(
    copy: Path, environment: dict[str, str], change: str
) -> None:
    if change == "no-active":
        (copy / "demo" / "ACTIVE").unlink()
    elif change == "active-elsewhere":
        (copy / "demo" / "ACTIVE").write_text("7\n")
    elif change == "no-version":
        shutil.rmtree(copy / "demo" / "1")
    else:
        shutil.rmtree(copy)

    done = start(copy, environment)

    errors = [line for line in done.stderr.splitlines() if '"level": "info"' not in line]
    assert done.returncode == 1
    assert len(errors) == 1
    assert "default model" in errors[0]


def test_another_damaged_model_is_one_error_line_and_the_rest_serve(
    copy: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    damage(copy, "iris")

    with serving(copy, environment, tmp_path) as url:
        refused = httpx.post(f"{url}/models/iris/predict", json={"instances": [[1, 2, 3, 4]]})
        answered = httpx.post(f"{url}/predict", json={"instances": [[1, 2]]})

    log = (tmp_path / "server.log").read_text().splitlines()
    events = [json.loads(line) for line in log if line.startswith("{")]
    errors = [event for event in events if event["level"] == "error"]
    assert [(event["event"], event["model"]) for event in errors] == [("model_refused", "iris")]
    assert refused.status_code == 503
    assert answered.status_code == 200


def test_the_line_that_says_where_to_look_is_true(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "serve", "--port", "0"],
        env=environment | {"SOFTMAX_MODELS": str(store)},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = line.split()[3]

        ready = httpx.get(f"{url}/readyz").status_code
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=STOP_TIMEOUT_S)

    assert ready == 200
    assert process.returncode == 0


def test_several_workers_answer_and_stop_cleanly(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    with serving(store, environment | {"SOFTMAX_WORKERS": "2"}, tmp_path) as url:
        answers = {
            httpx.post(f"{url}/predict_proba", json={"instances": [[0.4, -1.9]]}).content
            for _ in range(20)
        }

    assert len(answers) == 1


def test_a_taken_port_is_one_line_and_exit_code_1(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    with serving(store, environment, tmp_path) as url:
        done = subprocess.run(
            [sys.executable, "-m", "service", "serve", "--port", url.rpartition(":")[2]],
            env=environment | {"SOFTMAX_MODELS": str(store)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("softmax: cannot listen on 127.0.0.1:")


def test_a_server_holds_nothing_to_train_or_plot_with(
    store: Path, environment: dict[str, str]
) -> None:
    code = """
import sys
from service.api.served import Models
from service.app import create_app
from service.artifacts.loading import load_catalogue
from service.artifacts.store import Store
from service.settings import Settings
import service.api.cards, service.api.pictures, service.api.predictions, service.ui.docs
import service.server
settings = Settings.read()
create_app(Models(load_catalogue(Store(root=settings.models)).catalogue), settings)
heavy = {"sklearn", "scipy", "pandas", "matplotlib", "pyarrow", "obstore", "service.training"}
print(sorted(heavy & set(sys.modules)))
"""

    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | {"SOFTMAX_MODELS": str(store)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "[]\n"


def test_the_health_check_asks_the_server_of_this_machine(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    variables = environment | {"SOFTMAX_MODELS": str(store), "SOFTMAX_PORT": str(port)}
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "service", "serve"],
            env=variables,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process, log)
        done = subprocess.run(
            [sys.executable, "-m", "service", "healthcheck"],
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(STOP_TIMEOUT_S)

    assert done.returncode == 0
    assert done.stdout.startswith("ready: ")
