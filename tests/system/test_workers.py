"""Workers that die or hang are replaced, and all of them are on request, while clients ask."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.drills.drills import replaced, while_asked
from benchmarks.drills.load import PREDICT
from benchmarks.drills.service import Service, eventually, running
from service.artifacts.store import Store

CLOSING = PREDICT.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
N_CLIENTS = 8


SETTINGS = {"workers": 2, "drain_seconds": 0.3, "reload_seconds": 3600}
"""Two workers that go soon when they are replaced, and look at the store when told to."""


@pytest.fixture(scope="module")
def service(
    store: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service whose store nobody touches."""
    directory = tmp_path_factory.mktemp("service")
    with running(store, directory, environment, **SETTINGS) as service:
        yield service


@pytest.fixture
def models(store: Path, tmp_path: Path) -> Store:
    """A copy of the store that a test may damage."""
    return Store(root=Path(shutil.copytree(store, tmp_path / "models")))


@pytest.fixture
def fragile(models: Store, environment: dict[str, str], tmp_path: Path) -> Iterator[Service]:
    """A service on that copy."""
    with running(models.root, tmp_path, environment, **SETTINGS) as service:
        yield service


def body(service: Service) -> bytes:
    answer = service.ask(CLOSING)
    assert answer.startswith(b"HTTP/1.1 200 OK"), answer
    return answer.partition(b"\r\n\r\n")[2]


def corrupt(models: Store) -> None:
    with (models.root / "iris" / "1" / "model.joblib").open("r+b") as file:
        file.write(b"x")


def roll(service: Service) -> None:
    before, n_rolls = set(service.workers), len(service.events("roll_finished"))
    service.send(signal.SIGHUP)
    eventually(lambda: len(service.events("roll_finished")) > n_rolls)
    eventually(lambda: not before & set(service.workers))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["dead", "stuck"])
def test_a_worker_is_replaced_and_only_its_own_requests_are_lost(
    service: Service, number: int
) -> None:
    n_deaths = len(service.events("worker_died"))

    during = while_asked(service, lambda: replaced(service, number), n_clients=N_CLIENTS)
    afterwards = while_asked(service, lambda: None, n_clients=N_CLIENTS)

    assert set(during.statuses) == {200}
    assert sum(during.failures) <= N_CLIENTS
    assert len(during.bodies | afterwards.bodies) == 1
    assert afterwards.failures == (0, 0, 0)
    assert len(service.events("worker_died")) == n_deaths + 1


def test_no_worker_at_all_is_soon_workers_again(service: Service) -> None:
    workers = service.workers

    for pid in workers:
        os.kill(pid, signal.SIGKILL)

    eventually(lambda: len(set(service.workers) - set(workers)) == 2)
    eventually(service.is_ready)
    assert body(service)


def test_a_hang_up_rolls_every_worker_and_loses_nothing(service: Service) -> None:
    tally = while_asked(service, lambda: roll(service), n_clients=N_CLIENTS)

    assert set(tally.statuses) == {200}
    assert tally.failures == (0, 0, 0)
    assert len(tally.bodies) == 1


def test_readiness_holds_while_workers_are_rolled(service: Service) -> None:
    probes: list[bool] = []
    n_rolls = len(service.events("roll_finished"))

    def rolled() -> bool:
        probes.append(service.is_ready())
        return len(service.events("roll_finished")) > n_rolls

    service.send(signal.SIGHUP)
    eventually(rolled)
    eventually(lambda: len(service.workers) == 2)  # those that go have gone

    assert all(probes)


def test_a_worker_that_hangs_while_it_goes_is_ended(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    with running(store, tmp_path, environment, workers=1, drain_seconds=5) as service:
        (before,) = service.workers
        service.send(signal.SIGHUP)
        eventually(lambda: service.events("roll_finished") != [])

        os.kill(before, signal.SIGSTOP)

        eventually(lambda: before not in service.workers)
        assert [event["pid"] for event in service.events("worker_stuck")] == [before]
        assert service.is_ready()


def test_nothing_is_rolled_while_the_store_is_damaged(fragile: Service, models: Store) -> None:
    before, workers = body(fragile), fragile.workers
    corrupt(models)

    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: len(set(fragile.workers) - set(workers)) == 2 and fragile.is_ready())
    respawned = fragile.workers

    def hang_up() -> None:
        fragile.send(signal.SIGHUP)
        eventually(lambda: fragile.events("reload_failed") != [])

    tally = while_asked(fragile, hang_up)

    assert tally.failures == (0, 0, 0)
    assert tally.bodies == {before}
    assert fragile.workers == respawned
    assert not fragile.events("roll_started")
    assert fragile.is_ready()
    reason = fragile.events("reload_failed")[0]["reason"]
    assert "iris" in reason
    assert str(models.root) not in reason


@pytest.mark.parametrize("harm", ["deleted", "truncated", "no-active"])
def test_no_damage_is_taken_up(fragile: Service, models: Store, harm: str) -> None:
    before = body(fragile)
    if harm == "deleted":
        shutil.rmtree(models.root / "iris")
    elif harm == "truncated":
        (models.root / "iris" / "1" / "manifest.json").write_bytes(b"{")
    else:
        (models.root / "iris" / "ACTIVE").unlink()

    fragile.send(signal.SIGHUP)

    eventually(lambda: fragile.events("reload_failed") != [])
    assert body(fragile) == before
    assert fragile.is_ready()


def test_what_is_published_is_served_after_a_hang_up(fragile: Service, models: Store) -> None:
    models.publish("iris", models.read("iris", 1))

    roll(fragile)

    assert all(b'"version":2' in body(fragile) for _ in range(10))


def test_every_worker_gives_the_same_bytes(service: Service) -> None:
    bodies = set()
    for pid in service.workers:
        others = [other for other in service.workers if other != pid]
        for other in others:
            os.kill(other, signal.SIGSTOP)  # so that this one answers
        bodies.add(body(service))
        for other in others:
            os.kill(other, signal.SIGCONT)

    assert len(bodies) == 1


def test_clients_are_shared_among_workers(service: Service) -> None:
    before = {pid: descriptors(pid) for pid in service.workers}

    clients = [service.connect() for _ in range(40)]

    def counts() -> list[int]:
        return [descriptors(pid) - before[pid] for pid in service.workers]

    eventually(lambda: sum(counts()) >= 40)
    fewest = min(counts())
    for client in clients:
        client.close()
    assert fewest >= 10


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
