"""Metrics of several workers: whoever is asked tells of all, and of those that died too."""

import os
import signal
from pathlib import Path

import httpx

from tests.conftest import serving
from tests.system.processes import children
from tests.system.test_reload import eventually

ROW = {"instances": [[0.4, -1.9]]}
COUNTED = 'softmax_requests_total{route="/predict",method="POST",status="200"}'


def counted(url: str) -> float:
    """Give the number of predictions, asked on a connection of its own."""
    lines = httpx.get(url + "/metrics").text.splitlines()
    found = [line for line in lines if line.startswith(COUNTED)]
    return float(found[0].rpartition(" ")[2]) if found else 0.0


def test_any_worker_tells_of_every_request_even_after_workers_have_died(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    pids: list[int] = []
    with serving(store, environment | {"SOFTMAX_WORKERS": "3"}, tmp_path, pids) as url:
        for number in range(1, 31):
            assert httpx.post(url + "/predict", json=ROW).status_code == 200
            assert counted(url) == number
        workers = children(pids[0])
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        eventually(lambda: len(set(children(pids[0])) - set(workers)) == 3)

        told = {counted(url) for _ in range(12)}
        httpx.post(url + "/predict", json=ROW)

        assert told == {30}
        assert counted(url) == 31
