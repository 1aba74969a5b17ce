"""`make serve` from an empty store, as the README says it."""

import os
import re
import signal
import subprocess
from pathlib import Path

import httpx

from tests.conftest import STOP_TIMEOUT_S, free_port, wait_until_ready
from tests.documents import ROOT


def test_make_serve_trains_what_is_missing_serves_and_says_where_to_look(
    environment: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    log = tmp_path / "log"
    store = {"SOFTMAX_MODELS": str(tmp_path / "models")}

    with log.open("wb") as output:
        process = subprocess.Popen(
            ["make", "serve", f"PORT={port}"],
            cwd=ROOT,
            env=environment | store,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process, log)
        answer = httpx.post(
            f"http://127.0.0.1:{port}/models/iris/predict",
            json={"instances": [[5.1, 3.5, 1.4, 0.2]]},
        )
    finally:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal's Ctrl-C does
        process.wait(STOP_TIMEOUT_S)

    assert answer.json()["labels"] == ["setosa"]
    assert re.search(rf"http://127\.0\.0\.1:{port}\b", log.read_text())
