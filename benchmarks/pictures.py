"""What pictures cost those who ask for none: `python benchmarks/pictures.py [--quick]`.

A real server on one core, asked over loopback from another: the memory that drawing adds, that
of a poster, and how late predictions come while two dozen clients ask for one picture after
another, none of which was drawn before.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections import Counter
from http import HTTPStatus
from pathlib import Path

from harness.environments import UnavailableError, our_interpreter
from harness.load import FailedRequestsError
from harness.machine import CACHE, busy, cores, pinned
from harness.servers import Question, Server, free_port, serving
from harness.subjects import our_settings

ROW = Question(path="/predict_proba", body=b'{"instances": [[0.5, -0.5]]}')
CLIENTS = Path(__file__).parent / "clients"
STORM = 24
"""Clients that ask for pictures at the same time."""

MEMORY_MB, LATENESS = 30.0, 5.0
"""What drawing may add to the server's memory, and how many times as late predictions may come."""


def store() -> Path:
    """Train the seed's model, once."""
    folder = CACHE / "models" / "pictures"
    if not (folder / "demo" / "ACTIVE").exists():
        command = [sys.executable, "-m", "service", "train", "demo"]
        environment = os.environ | {"SOFTMAX_MODELS": str(folder)}
        subprocess.run(command, env=environment, check=True, capture_output=True)
    return folder


def grown_mb(server: Server, path: str, times: int = 3) -> float:
    """Ask for a picture a few times, each a little other; give the most memory that added.

    Raises
    ------
    FailedRequestsError
        If there is no picture.
    """
    before = server.resident_bytes()
    with server.watching_peak() as peak:
        for number in range(times):
            reply = server.ask(Question(path=f"{path}&title=number+{number}"))
            if reply.status != HTTPStatus.OK:
                msg = f"{path}: {reply.status}"
                raise FailedRequestsError(msg)
    return (peak[0] - before) / 1e6


def client(script: str, *arguments: object) -> list[str]:
    """Give the command of one of our clients, on the last core."""
    words = map(str, arguments)
    return [*pinned(cores()[-1]), sys.executable, str(CLIENTS / f"{script}.py"), *words]


def times_ms(port: int, seconds: float) -> tuple[float, float]:
    """Give p50 and p99 of predictions at an even pace.

    Raises
    ------
    FailedRequestsError
        If one is not answered.
    """
    command = client("paced", port, seconds)
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise FailedRequestsError(done.stderr.strip())
    p50, p99 = json.loads(done.stdout)
    return p50, p99


def stormy_times_ms(port: int, seconds: float, told: Counter[str]) -> tuple[float, float]:
    """Give the same while others ask for pictures."""
    with subprocess.Popen(
        client("storm", port, STORM), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as asking:
        found = times_ms(port, seconds)
        told.update(json.loads(asking.communicate()[0]))
    return found


def lateness(port: int, seconds: float, rounds: int) -> None:
    """Compare the times of predictions in quiet and in a storm, by turns."""
    quiet, stormy, told = list[tuple[float, float]](), list[tuple[float, float]](), Counter[str]()
    for _ in range(rounds):
        quiet.append(times_ms(port, seconds))
        stormy.append(stormy_times_ms(port, seconds, told))
    (p50, p99), (p50_storm, p99_storm) = (
        [statistics.median(column) for column in zip(*rows, strict=True)]
        for rows in (quiet, stormy)
    )
    print(
        f"predictions while {STORM} clients ask for new pictures ({told['drawn']} drawn,"
        f" {told['refused']} refused, {told['failed']} failed):\n"
        f"   p50 {p50:.2f} ms in quiet, {p50_storm:.2f} ms in the storm\n"
        f"   p99 {p99:.2f} ms in quiet, {p99_storm:.2f} ms in the storm:"
        f" {p99_storm / p99:.1f}×{verdict(p99_storm / p99, LATENESS)}"
    )


def verdict(value: float, bound: float) -> str:
    """Say whether a cost is what it should be."""
    holds = "holds" if value <= bound else f"misses by {value / bound - 1:.0%}"
    return f" (to reach: ≤ {bound:g}) {holds}"


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="once, a second each")
    is_quick = parser.parse_args().quick
    CACHE.mkdir(exist_ok=True)
    try:
        port, softmax = free_port(), our_interpreter().with_name("softmax")
        command = [str(softmax), "serve", "--port", str(port), "--workers", "1"]
        settings = {"SOFTMAX_MODELS": str(store())} | our_settings()
        with serving(command, port, ROW, core=cores()[0], env=settings) as server:
            print(
                f"load average {busy():.1f}; the server has {server.resident_bytes() / 1e6:.0f} MB"
            )
            added = grown_mb(server, "/regions.png?width=700&height=600")
            print(f"drawing 700×600 adds {added:.1f} MB{verdict(added, MEMORY_MB)}")
            poster = grown_mb(server, "/regions.png?scale=4")
            raw = 4 * 2800 * 2400 / 1e6
            print(
                f"a poster of 2800×2400 adds {poster:.1f} MB more; its pixels alone are {raw:.0f}"
            )
            lateness(port, 1.0 if is_quick else 3.0, 1 if is_quick else 5)
    except (UnavailableError, FailedRequestsError) as reason:
        print(f"pictures are not measured: {reason}")


if __name__ == "__main__":
    main()
