"""How a service stops: nothing is lost, whoever asks; and at once, if told twice."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.drills.drills import drained, half_sent
from benchmarks.drills.load import PREDICT
from benchmarks.drills.service import READY, eventually, running, state

STOP_S = 20


@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_is_lost_behind_a_balancer(
    store: Path, environment: dict[str, str], tmp_path: Path, workers: int
) -> None:
    with running(store, tmp_path, environment, workers=workers, drain_seconds=1) as service:
        tally, probes = drained(service)

        assert tally.failures == (0, 0, 0)
        assert set(tally.statuses) == {200}
        assert 503 in probes
        assert service.process.returncode == 0
        assert service.events("stopped")[0]["is_clean"]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_requests_that_have_come_in_half_are_answered(
    store: Path, environment: dict[str, str], tmp_path: Path, workers: int, number: int
) -> None:
    with running(store, tmp_path, environment, workers=workers, drain_seconds=0.2) as service:
        answers = half_sent(service, number=number)

        assert [answer[:15] for answer in answers] == [b"HTTP/1.1 200 OK"] * 20
        assert service.process.wait(STOP_S) == 0


def test_who_still_asks_is_answered_and_told_to_connect_elsewhere(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    def answer() -> bytes:
        with service.connect() as client:
            client.sendall(PREDICT)
            return client.recv(65_536)

    with running(store, tmp_path, environment, drain_seconds=3600) as service:
        before = answer()
        service.send(signal.SIGTERM)
        eventually(lambda: b"\r\nconnection: close\r\n" in answer())

        after = answer()
        probe = service.ask(READY)

    assert b"connection: close" not in before
    assert after.startswith(b"HTTP/1.1 200 OK")
    assert probe.startswith(b"HTTP/1.1 503")
    assert b'"/problems/not_ready"' in probe


@pytest.mark.parametrize(
    "numbers", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT)]
)
def test_a_second_signal_does_not_wait(
    store: Path, environment: dict[str, str], tmp_path: Path, numbers: tuple[int, int]
) -> None:
    first, second = numbers
    with running(store, tmp_path, environment, workers=2, drain_seconds=3600) as service:
        workers = service.workers
        service.send(first)
        eventually(lambda: not service.is_ready())

        service.send(second)

        assert service.process.wait(STOP_S) == 1
        assert [state(pid) for pid in workers] == ["", ""]
        assert service.events("stopped_at_once")


def test_what_never_ends_is_ended_after_the_grace(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    settings = {"drain_seconds": 0, "grace_seconds": 0, "receipt_seconds": 3600}
    with running(store, tmp_path, environment, **settings) as service, service.connect() as client:
        client.sendall(b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        eventually(service.is_ready)

        service.send(signal.SIGTERM)

        service.process.wait(STOP_S)


def test_a_signal_to_the_whole_group_is_one_signal(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    with running(store, tmp_path, environment, workers=2, drain_seconds=0.5) as service:
        group = [*service.workers, service.process.pid]  # as some supervisors send it to all

        for pid in group:
            os.kill(pid, signal.SIGTERM)

        assert service.process.wait(STOP_S) == 0
        assert not service.events("worker_died")


def test_workers_do_not_outlive_their_supervisor(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    with running(store, tmp_path, environment, workers=3, drain_seconds=0) as service:
        workers = service.workers

        service.process.kill()

        eventually(lambda: not any(map(state, workers)), STOP_S)


def test_a_worker_that_hangs_does_not_hinder_the_stop(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    settings = {"workers": 2, "drain_seconds": 0, "grace_seconds": 0}
    with running(store, tmp_path, environment, **settings) as service:
        os.kill(service.workers[0], signal.SIGSTOP)

        service.send(signal.SIGTERM)

        assert service.process.wait(STOP_S) == 1
        assert service.events("stopped_at_once")[0]["reason"] == "too late"


def test_ctrl_c_in_a_terminal_stops_without_a_drain(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "serve", "--port", "0", "--workers", "2"],
        env=environment | {"SOFTMAX_MODELS": str(store), "SOFTMAX_DRAIN_SECONDS": "3600"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()

        os.killpg(process.pid, signal.SIGINT)

        assert process.wait(STOP_S) == 0
    finally:
        process.kill()
        process.communicate()
