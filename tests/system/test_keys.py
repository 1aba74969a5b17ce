"""Keys of a running service: made, used, exchanged under load, and told nowhere."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from tests.conftest import serving
from tests.system.test_reload import eventually

ROW = {"instances": [[0.4, -1.9]]}


def softmax(environment: dict[str, str], *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "service", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stderr
    return done.stdout.strip() if code == 0 else done.stderr.strip()


@pytest.fixture
def keyed(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    return environment | {
        "SOFTMAX_KEYS": str(tmp_path / "keys"),
        "SOFTMAX_RELOAD_SECONDS": "0.05",
        "SOFTMAX_WORKERS": "2",
    }


def test_an_old_key_gives_way_to_a_new_one_and_its_holder_loses_nothing(
    store: Path, keyed: dict[str, str], tmp_path: Path
) -> None:
    old = softmax(keyed, "keys", "add", "old")
    stop, statuses = threading.Event(), list[int]()

    with serving(store, keyed, tmp_path) as url:
        new = softmax(keyed, "keys", "add", "new")

        def status(key: str) -> int:
            return httpx.post(url + "/predict", json=ROW, headers={"X-API-Key": key}).status_code

        eventually(lambda: all(status(new) == 200 for _ in range(10)))

        def ask() -> None:
            with httpx.Client(headers={"X-API-Key": new}) as client:
                while not stop.is_set():
                    statuses.append(client.post(url + "/predict", json=ROW).status_code)

        clients = [threading.Thread(target=ask) for _ in range(4)]
        for client in clients:
            client.start()
        assert status(old) == 200
        softmax(keyed, "keys", "remove", "old")
        eventually(lambda: all(status(old) == 401 for _ in range(20)))
        (tmp_path / "keys").write_text("broken")
        log = tmp_path / "server.log"
        eventually(lambda: "keys_refused" in log.read_text())
        seen = len(statuses)
        eventually(lambda: len(statuses) > seen + 20)
        stop.set()
        for client in clients:
            client.join()

    assert set(statuses) == {200}
    assert log.read_text().count("keys_refused") == 1


def test_a_key_stands_nowhere_but_with_its_holder(
    store: Path, keyed: dict[str, str], tmp_path: Path
) -> None:
    key = softmax(keyed, "keys", "add", "mobile", "--scope", "predict", "--scope", "admin")
    listed = softmax(keyed, "keys", "list", "--json")
    told = [listed, (tmp_path / "keys").read_text()]

    with serving(store, keyed, tmp_path) as url:
        for headers in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}, {}):
            for method, path in (
                ("POST", "/predict"),
                ("POST", "/nothing"),
                ("GET", "/openapi.json"),
                ("GET", "/metrics"),
                ("GET", "/docs"),
                ("GET", "/models"),
            ):
                answer = httpx.request(method, url + path, json=ROW, headers=headers)
                told += [answer.text, repr(answer.headers)]
        told.append((tmp_path / "server.log").read_text())

    assert json.loads(listed) == [{"name": "mobile", "scopes": ["admin", "predict"]}]
    assert len(key) > 40
    assert not [text for text in told if key in text or key.removeprefix("softmax_") in text]


def test_keys_that_cannot_be_had_keep_the_service_from_starting(
    store: Path, keyed: dict[str, str]
) -> None:
    models = {"SOFTMAX_MODELS": str(store)}

    error = softmax(keyed | models, "serve", "--port", "0", code=1)

    assert error.splitlines()[-1].startswith("softmax: keys in ")
    assert "Traceback" not in error


def test_keys_are_enough_to_listen_beyond_this_machine(
    store: Path, keyed: dict[str, str], tmp_path: Path
) -> None:
    softmax(keyed, "keys", "add", "mobile")

    with serving(store, keyed, tmp_path, host="0.0.0.0") as url:  # noqa: S104 - with a key
        assert httpx.post(url + "/predict", json=ROW).status_code == 401


def test_without_keys_the_refusal_names_the_setting(
    store: Path, environment: dict[str, str]
) -> None:
    models = environment | {"SOFTMAX_MODELS": str(store)}

    error = softmax(models, "serve", "--host", "0.0.0.0", "--port", "0", code=1)  # noqa: S104 - it is refused

    assert "SOFTMAX_KEYS" in error.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "mobile"], "a successor needs a name of its own"),
        (["remove", "nobody"], "has no key named 'nobody'"),
        (["add", "no name"], "a key has a name"),
    ],
)
def test_what_does_not_fit_is_one_line(
    keyed: dict[str, str], arguments: list[str], words: str
) -> None:
    softmax(keyed, "keys", "add", "mobile")

    assert words in softmax(keyed, "keys", *arguments, code=1)


def test_without_a_file_of_keys_the_command_says_what_it_needs(
    environment: dict[str, str], tmp_path: Path
) -> None:
    assert "SOFTMAX_KEYS" in softmax(environment, "keys", "list", code=1)
    folder = environment | {"SOFTMAX_KEYS": str(tmp_path)}
    assert "--file" in softmax(folder, "keys", "add", "a", code=1)
    missing = environment | {"SOFTMAX_KEYS": str(tmp_path / "not" / "there")}
    assert "cannot be written" in softmax(missing, "keys", "add", "a", code=1)
