"""The images, built and started as the README says; `make test-container` runs these."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.conftest import free_port, serving
from tests.documents import ROOT

pytestmark = [pytest.mark.container, pytest.mark.timeout(900)]

UP = "docker compose up --build --wait"
TRAIN = 'docker compose run --rm -v "$PWD/data:/data:ro" train train /data/my.csv --target y'
RESTART = "docker compose restart serve"
LOGS = "docker compose logs serve"
DOWN = "docker compose down"
DOCUMENTED = {UP, TRAIN, RESTART, LOGS, DOWN}

ROW = {"instances": [[5.1, 3.5, 1.4, 0.2]]}
SAME_BYTES = [
    ("POST", "/models/iris/predict_proba"),
    ("POST", "/models/iris/predict"),
    ("GET", "/models/iris"),
    ("GET", "/models"),
]


@dataclass(frozen=True, kw_only=True)
class Composition:
    """The services of docker-compose.yml under a name and a port of their own."""

    url: str
    directory: Path
    environment: dict[str, str]

    def run(self, command: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=800,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done

    def inspect(self, field: str) -> str:
        container = self.run("docker compose ps --all --quiet serve").stdout.strip()
        return self.run(f"docker inspect --format '{{{{{field}}}}}' {container}").stdout.strip()


@pytest.fixture(scope="module")
def composition(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Composition]:
    port = free_port()
    made = Composition(
        url=f"http://127.0.0.1:{port}",
        directory=tmp_path_factory.mktemp("container"),
        environment=environment
        | {
            "COMPOSE_FILE": str(ROOT / "docker-compose.yml"),
            "COMPOSE_PROJECT_NAME": f"softmax-test-{os.getpid()}",
            "PORT": str(port),
        },
    )
    try:
        made.run(UP)
        yield made
    finally:
        made.run("docker compose --profile train down --volumes --timeout 10")


def ask(url: str, method: str, path: str) -> bytes:
    answer = httpx.request(method, url + path, json=ROW if method == "POST" else None, timeout=30)
    assert answer.status_code == httpx.codes.OK, answer.text
    return answer.content


def test_it_becomes_healthy(composition: Composition) -> None:
    assert composition.inspect(".State.Health.Status") == "healthy"


@pytest.mark.parametrize(("method", "path"), SAME_BYTES)
def test_its_store_gives_the_same_bytes_outside(
    composition: Composition, tmp_path: Path, method: str, path: str
) -> None:
    composition.run(f"docker compose cp serve:/models {tmp_path}")

    with serving(tmp_path / "models", composition.environment, tmp_path) as local:
        assert ask(composition.url, method, path) == ask(local, method, path)


def test_it_answers_the_same_bytes_as_a_model_trained_here(
    composition: Composition, server: str
) -> None:
    inside = ask(composition.url, "POST", "/models/iris/predict_proba")

    assert inside == ask(server, "POST", "/models/iris/predict_proba")


def test_it_draws_with_the_letters_of_the_image(composition: Composition) -> None:
    # Elsewhere the letters are those of the system, so the bytes of a picture are not compared.
    fonts = composition.run("docker compose exec serve ls /usr/share/fonts/truetype/dejavu").stdout

    picture = ask(composition.url, "GET", "/models/iris/regions.png")

    assert picture.startswith(b"\x89PNG\r\n")
    assert {"DejaVuSans.ttf", "DejaVuSans-Bold.ttf"} <= set(fonts.split())


def test_it_runs_as_nobody_in_particular(composition: Composition) -> None:
    assert composition.run("docker compose exec serve id -u").stdout.strip() == "10001"


@pytest.mark.parametrize("folder", ["/", "/models", "/opt/venv"])
def test_it_cannot_write(composition: Composition, folder: str) -> None:
    done = composition.run(f"docker compose exec serve touch {folder}/x", check=False)

    assert done.returncode != 0
    assert "Read-only file system" in done.stderr


@pytest.mark.parametrize("module", ["sklearn", "scipy", "pyarrow", "matplotlib", "pip"])
def test_the_server_s_image_holds_nothing_to_train_or_install_with(
    composition: Composition, module: str
) -> None:
    done = composition.run(f"docker compose exec serve python -c 'import {module}'", check=False)

    assert "ModuleNotFoundError" in done.stderr


def test_it_is_published_on_loopback_only(composition: Composition) -> None:
    assert composition.run("docker compose port serve 8000").stdout.startswith("127.0.0.1:")


def test_it_stops_cleanly_and_starts_again(composition: Composition) -> None:
    composition.run("docker compose stop --timeout 10 serve")
    code = composition.inspect(".State.ExitCode")
    composition.run("docker compose up --wait")

    assert code == "0"
    assert composition.inspect(".State.Health.Status") == "healthy"


def test_a_model_trained_beside_it_is_served_after_a_restart(composition: Composition) -> None:
    (composition.directory / "data").mkdir(mode=0o755)
    table = "x1,x2,y\n" + "".join(f"{i % 7},{i % 5},{'ab'[i % 7 > 3]}\n" for i in range(60))
    (composition.directory / "data" / "my.csv").write_text(table)

    composition.run(TRAIN)
    composition.run(RESTART)
    composition.run("docker compose up --wait")

    answer = httpx.post(
        composition.url + "/models/my/predict", json={"instances": [[0, 0], [6, 0]]}, timeout=30
    )
    assert answer.json()["labels"] == ["a", "b"]


def test_a_new_start_leaves_the_models_of_the_volume_alone(composition: Composition) -> None:
    composition.run("docker compose run --rm train train iris --C 0.5")

    composition.run(DOWN)
    composition.run(UP)

    active = composition.run("docker compose exec serve cat /models/iris/ACTIVE").stdout
    answer = httpx.post(composition.url + "/models/iris/predict", json=ROW, timeout=30)
    assert active.strip() == "2"
    assert answer.json()["model"]["version"] == 2


def test_its_log_can_be_read(composition: Composition) -> None:
    assert composition.run(LOGS).stdout
