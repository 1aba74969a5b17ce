"""Who is let in: keys, scopes, rotation, rates."""

import asyncio
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import pytest

from service.api.guards import Guards, gate_of
from service.api.keys import MAX_KEYS, Key, Keyring, parse_keys
from service.api.metrics.recorder import Recorder
from service.api.metrics.shared import SharedCounters
from service.api.rates import ANYBODY, ENTRIES, RateLimit
from service.api.served import Models
from service.app import create_app
from service.artifacts.loading import load_catalogue
from service.artifacts.opening import open_store
from service.errors import SettingsError, ValueRefusedError
from service.settings import Settings

Ask = Callable[..., httpx.Response]

GOOD, ADMIN, BOTH = "softmax_good-1", "softmax_admin-2", "softmax_both-3"
ROW = {"instances": [[0.4, -1.9]]}


def line(name: str, scopes: str, secret: str) -> str:
    return f"{name} {scopes} {sha256(secret.encode()).hexdigest()}\n"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text(
        "# who may ask\n\n"
        + line("mobile", "predict", GOOD)
        + line("operator", "admin", ADMIN)
        + line("owner", "predict,admin", BOTH)
    )
    return path


def asker(settings: Settings) -> tuple[Ask, Guards]:
    """Put the application together with its gate."""
    guards = Guards(recorder=Recorder(SharedCounters(1)), gate=gate_of(settings))
    catalogue = load_catalogue(open_store(settings), None).catalogue
    app = create_app(Models(catalogue), settings, guards=guards)

    async def send(method: str, path: str, **request: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, **request)

    return lambda method, path, **request: asyncio.run(send(method, path, **request)), guards


@pytest.fixture
def ask(store: Path, keys: Path) -> Ask:
    return asker(Settings(models=store, keys=keys))[0]


def api_key(secret: str | bytes) -> dict[str, Any]:
    return {"X-API-Key": secret}


def bearer(secret: str) -> dict[str, Any]:
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize(
    "headers",
    [
        api_key(GOOD),
        api_key(BOTH),
        api_key(f" {GOOD} "),
        bearer(GOOD),
        {"Authorization": f"bearer {GOOD}"},
        {"Authorization": f"BEARER  {GOOD}"},
        api_key(GOOD) | {"Authorization": "Basic abc"},
    ],
)
def test_who_brings_a_key_is_answered(ask: Ask, headers: dict[str, Any]) -> None:
    assert ask("POST", "/predict", json=ROW, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        api_key(""),
        api_key("softmax_good-2"),
        api_key(GOOD[:-1]),
        api_key(GOOD + "1"),
        api_key(GOOD.upper()),
        api_key("é".encode()),
        api_key(b"\xff\xfe"),
        api_key("mobile"),
        api_key(sha256(GOOD.encode()).hexdigest()),
        api_key("x" * 10_000),
        bearer(""),
        bearer("softmax_good-2"),
        bearer(f"{GOOD} {GOOD}"),
        {"Authorization": GOOD},
        {"Authorization": f"Basic {GOOD}"},
        {"Authorization": "Bearer"},
        {"X-Api_Key": GOOD},
        {"Cookie": f"key={GOOD}"},
        api_key("wrong") | bearer(GOOD),
    ],
)
def test_who_brings_no_known_key_is_not(ask: Ask, headers: dict[str, Any]) -> None:
    answer = ask("POST", "/predict", json=ROW, headers=headers)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] == "/problems/unauthorized"
    assert GOOD not in answer.text


def test_a_key_in_the_address_is_none(ask: Ask) -> None:
    assert ask("GET", f"/models?X-API-Key={GOOD}").status_code == 401
    assert ask("GET", f"/models?key={GOOD}").status_code == 401


@pytest.mark.parametrize("name", ["x-api-key", "authorization"])
def test_two_keys_in_one_request_are_no_request(ask: Ask, name: str) -> None:
    twice = [(name, f"Bearer {GOOD}"), (name, f"Bearer {GOOD}")]

    assert ask("POST", "/predict", json=ROW, headers=twice).status_code == 400


@pytest.mark.parametrize(
    "path",
    ["/", "/docs", "/docs/swagger-ui.css", "/openapi.json", "/healthz", "/readyz", "/metrics"],
)
def test_some_paths_ask_for_no_key(ask: Ask, path: str) -> None:
    assert ask("GET", path).status_code in {200, 307}
    assert ask("GET", path, headers=api_key("wrong")).status_code in {200, 307}


@pytest.mark.parametrize(
    "path",
    [
        "/model",
        "/models",
        "/models/iris",
        "/regions.png",
        "/nothing",
        "/metrics2",
        "/healthz/",
        "/docs%2f..%2fmodel",
        "/%6dodel",
    ],
)
def test_all_others_do_and_do_not_say_what_is_there(ask: Ask, path: str) -> None:
    is_below_open = path.startswith(("/docs", "/healthz/"))

    assert ask("GET", path).status_code == (404 if is_below_open else 401)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_no_method_goes_round_the_gate(ask: Ask, method: str) -> None:
    assert ask(method, "/model").status_code == 401
    assert ask(method, "/models/iris/predict").status_code == 401


def test_a_key_for_something_else_is_forbidden(ask: Ask) -> None:
    answer = ask("POST", "/predict", json=ROW, headers=api_key(ADMIN))

    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/forbidden"


def test_metrics_that_are_not_open_ask_for_an_admin(store: Path, keys: Path) -> None:
    ask, _ = asker(Settings(models=store, keys=keys, open_paths="/healthz /readyz"))

    statuses = [
        ask("GET", "/metrics", headers=headers).status_code
        for headers in ({}, api_key(GOOD), api_key(ADMIN), api_key(BOTH))
    ]

    assert statuses == [401, 403, 200, 200]
    assert ask("GET", "/docs").status_code == 401
    assert ask("GET", "/docs", headers=api_key(GOOD)).status_code == 200
    assert ask("GET", "/healthz").status_code == 200


def test_without_keys_everybody_is_answered(store: Path) -> None:
    ask, guards = asker(Settings(models=store))

    assert guards.gate.is_wide_open
    assert ask("POST", "/predict", json=ROW, headers=api_key("any")).status_code == 200


def test_keys_may_lie_in_a_folder_as_a_secret_is_mounted(tmp_path: Path) -> None:
    folder = tmp_path / "secret"
    (folder / "..2026").mkdir(parents=True)
    (folder / "..data").symlink_to("..2026")
    for name, secret in (("a", "first"), ("b", "second")):
        (folder / "..2026" / name).write_text(line(name, "predict", secret))
        (folder / name).symlink_to(f"..data/{name}")

    keyring = Keyring(folder)

    assert [key.name for key in keyring.keys] == ["a", "b"]


def test_keys_change_while_they_are_used_and_what_does_not_fit_changes_nothing(keys: Path) -> None:
    keyring = Keyring(keys)
    before = keys.read_text()

    assert keyring.look_again() == "same"
    keys.write_text(before + line("new", "predict", "another"))
    assert keyring.look_again() == "changed"
    assert keyring.find(b"another") is not None
    assert keyring.find(GOOD.encode()) is not None
    keys.write_text("half a li")
    assert keyring.look_again() == "refused"
    assert keyring.look_again() == "same"
    assert keyring.find(b"another") is not None
    assert keyring.fault is not None
    assert "half" not in keyring.fault
    keys.unlink()
    assert keyring.look_again() == "refused"
    keys.write_text(line("new", "predict", "another"))
    assert keyring.look_again() == "changed"
    assert keyring.find(GOOD.encode()) is None
    assert keyring.fault is None


@pytest.mark.parametrize("secret", [GOOD, BOTH, "unknown"])
def test_every_key_is_compared_whichever_fits(keys: Path, secret: str) -> None:
    keyring = Keyring(keys)
    compared = []

    def watch(_frame: FrameType, event: str, function: Any) -> None:
        if event == "c_call" and function.__name__ == "compare_digest":
            compared.append(function)

    sys.setprofile(watch)
    try:
        keyring.find(secret.encode())
    finally:
        sys.setprofile(None)

    assert len(compared) == len(keyring.keys)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nobody\n",
        "name predict\n",
        "name predict abc\n",
        f"name predict {'g' * 64}\n",
        f"name predict {'A' * 64}\n",
        f"name predict {'a' * 64} more\n",
        f"name write {'a' * 64}\n",
        f"name predict, {'a' * 64}\n",
        f"na/me predict {'a' * 64}\n",
        f"{'n' * 65} predict {'a' * 64}\n",
        line("name", "predict", "a") + line("name", "predict", "b"),
        line("name", "predict", "a") + line("other", "predict", "a"),
        "".join(line(f"name{i}", "predict", str(i)) for i in range(MAX_KEYS + 1)),
        "#" * 70_000,
        "softmax_good-1",
    ],
)
def test_a_file_of_keys_that_does_not_fit_is_refused_without_its_content(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "keys"
    path.write_text(text)

    with pytest.raises(SettingsError) as refusal:
        Keyring(path)

    assert "aaaa" not in str(refusal.value)
    assert GOOD not in str(refusal.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "keys"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SettingsError, match="cannot be read"):
        Keyring(path)


def test_a_key_writes_the_line_that_it_is_read_from() -> None:
    text = line("owner", "predict,admin", BOTH)

    (key,) = parse_keys(text)

    assert key.line + "\n" == text


@pytest.mark.parametrize(
    ("name", "scopes"), [("", {"predict"}), ("a b", {"predict"}), ("a", set())]
)
def test_a_key_has_a_name_and_a_scope(name: str, scopes: set[str]) -> None:
    with pytest.raises(ValueRefusedError):
        Key(name=name, scopes=frozenset(scopes), digest=b"")


def test_one_key_too_often_is_429_and_another_is_answered(store: Path, keys: Path) -> None:
    ask, _ = asker(Settings(models=store, keys=keys, rate_limit=0.01))

    first, second = (ask("GET", "/model", headers=api_key(GOOD)) for _ in range(2))
    other = ask("GET", "/model", headers=api_key(BOTH))
    probe = ask("GET", "/metrics")

    assert (first.status_code, second.status_code, other.status_code) == (200, 429, 200)
    assert second.json()["type"] == "/problems/rate_limited"
    assert 0 < int(second.headers["retry-after"]) <= 100
    assert 'softmax_shed_requests_total{reason="rate"} 1\n' in probe.text


def test_without_keys_all_share_one_rate(store: Path) -> None:
    ask, _ = asker(Settings(models=store, rate_limit=0.01))

    assert [ask("GET", "/model").status_code for _ in range(2)] == [200, 429]
    assert ask("GET", "/healthz").status_code == 200


def test_as_many_as_a_second_allows_may_come_at_once() -> None:
    limit = RateLimit(100.0)

    waits = [limit.wait_s(ANYBODY) for _ in range(150)]

    # Those of the first second pass, with the few that the passing time adds.
    assert waits[:100] == [0.0] * 100
    assert 0 < waits[-1] <= 1.0


def test_rates_of_very_many_clients_fit_into_the_same_memory() -> None:
    limit = RateLimit(0.001)

    first = [limit.wait_s(tag) for tag in range(1, 1 + ENTRIES)]
    second = [limit.wait_s(tag) for tag in range(1, 1 + ENTRIES)]
    more = [limit.wait_s(tag << 32) for tag in range(1, 1 + ENTRIES)]

    assert first == [0.0] * ENTRIES
    assert min(second) > 0
    assert len(more) == ENTRIES
