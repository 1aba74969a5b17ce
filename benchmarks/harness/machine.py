"""The machine: which cores to use, and what to say about it."""

import os
import platform
import shutil
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".bench"
"""Environments, models and results; git ignores it."""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@cache
def cores() -> tuple[int, ...]:
    """Give the cores we may use: the first is the server's, the last the load generator's."""
    return tuple(sorted(os.sched_getaffinity(0)))


def pinned(core: int | None) -> list[str]:
    """Give the words before a command that keep it on one core; none where that is not possible."""
    if core is None or len(cores()) < 2 or shutil.which("taskset") is None:
        return []
    return ["taskset", "-c", str(core)]


def environment(**more: str) -> dict[str, str]:
    """Give the environment of a server: ours, without our Python's paths, on one BLAS thread."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return kept | ONE_THREAD | more


def processor() -> str:
    """Name the processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def described() -> str:
    """Say in one line what was measured on."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return (
        f"{processor()}, {len(cores())} cores, {pages / 2**30:.0f} GiB, Linux"
        f" {platform.release()}, Python {platform.python_version()}"
    )


def busy() -> float:
    """Give the load average of the last minute: above one, figures are of a busy machine."""
    return os.getloadavg()[0]
