"""What the processes of a service hold and use: memory, descriptors, threads, processors."""

import os
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


def busy_s(service: Service) -> float:
    """Give how many seconds of a processor the workers have used."""
    ticks = 0
    for pid in service.workers:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])  # in user mode, and in the kernel for it
    return ticks / os.sysconf("SC_CLK_TCK")


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
