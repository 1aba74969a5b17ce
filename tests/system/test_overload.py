"""More than can be answered: some of it is refused, none of it is lost, and it is soon over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.drills.drills import while_asked
from benchmarks.drills.load import PREDICT, Tally
from benchmarks.drills.memory import holding, peak
from benchmarks.drills.overload import burst, mixed, overload, post, predict_rows
from benchmarks.drills.service import Service, eventually, running

MB = 10**6


@pytest.fixture(scope="module")
def service(
    store: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service with the limits that it has by default."""
    with running(store, tmp_path_factory.mktemp("service"), environment) as service:
        yield service


def assert_nothing_lost(tally: Tally) -> None:
    assert tally.failures == (0, 0, 0)
    assert set(tally.statuses) <= {200, 503}
    assert tally.without_retry_after == 0
    assert len(tally.bodies) <= 1


def test_a_steady_load_is_answered(service: Service) -> None:
    tally = while_asked(service, lambda: None, n_clients=32, after_s=1.0)

    assert set(tally.statuses) == {200}
    assert tally.failures == (0, 0, 0)
    assert len(tally.bodies) == 1


@pytest.mark.parametrize("n_requests", [200, 1_000])
def test_a_burst_is_answered_or_told_to_come_again(service: Service, n_requests: int) -> None:
    tally = burst(service, n_requests, PREDICT)

    assert_nothing_lost(tally)
    assert tally.statuses.total() == n_requests
    assert tally.statuses[200] > 0


def test_an_overload_is_shed_probes_are_answered_and_it_is_over_then(service: Service) -> None:
    found = overload(service, times=4, seconds=2)

    assert_nothing_lost(found.during)
    assert found.during.statuses[200] > 0
    assert found.failed_probes == 0
    assert found.probes_s


def test_rows_are_answered_while_pictures_storm(service: Service) -> None:
    rows, pictures = mixed(service, n_pictures=24, seconds=2)

    assert set(rows.statuses) == {200}
    assert rows.failures == (0, 0, 0)
    assert_nothing_lost(Tally(statuses=pictures.statuses, lost=pictures.lost))


def test_bodies_that_are_refused_are_not_kept(service: Service) -> None:
    before = holding(service)

    with peak(service) as seen:
        tally = burst(service, 8, post(b"x" * (40 * 2**20)))

    assert tally.statuses == {413: 8}
    assert max(seen) - before.bytes_ <= 64 * MB


def test_what_was_opened_is_closed_again(service: Service) -> None:
    assert service.is_ready()  # the event loop opens one descriptor with its first connection
    before = holding(service)

    burst(service, 100, PREDICT)
    half = [service.connect() for _ in range(50)]
    for client in half:
        client.sendall(PREDICT[:60])
        client.close()

    eventually(lambda: holding(service).descriptors <= before.descriptors)
    assert service.is_ready()


def test_a_small_container_holds_what_it_is_set_to(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    small = {"body_bytes": 2 * 2**20, "rows": 10_000, "inflight_bytes": 4 * 2**20}
    with running(store, tmp_path, environment, **small) as service, peak(service) as seen:
        full = burst(service, 32, predict_rows(10_000))
        refused = burst(service, 32, post(b"x" * (3 * 2**20)))

    assert_nothing_lost(full)
    assert full.statuses[200] > 0
    assert refused.statuses == {413: 32}
    assert max(seen) <= 256 * 2**20
