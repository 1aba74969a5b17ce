"""What the processes of a service hold: memory, descriptors, threads."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.drills.service import Service

SAMPLE_S = 0.05


@dataclass(frozen=True, kw_only=True)
class Holding:
    """What all processes of a service hold together.

    Parameters
    ----------
    bytes_ : int
        Memory; what several share counts once.
    descriptors, threads : int
        How many.
    """

    bytes_: int
    descriptors: int
    threads: int


def holding(service: Service) -> Holding:
    """Look once."""
    pids = [service.process.pid, *service.workers]
    return Holding(
        bytes_=sum(map(_proportional_bytes, pids)),
        descriptors=sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids),
        threads=sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pids),
    )


@contextmanager
def peak(service: Service) -> Iterator[list[int]]:
    """Look again and again during a block; the list holds the bytes."""
    seen = [holding(service).bytes_]
    over = threading.Event()

    def sample() -> None:
        while not over.wait(SAMPLE_S):
            seen.append(holding(service).bytes_)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def _proportional_bytes(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss: +(\d+) kB", text, re.MULTILINE)
    return 0 if found is None else 1024 * int(found[1])
