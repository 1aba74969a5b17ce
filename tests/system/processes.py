"""Looking at the processes of a service."""

from pathlib import Path


def children(pid: int) -> list[int]:
    """Give the pids of the children of a process that still run."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [child for child in map(int, text.split()) if not _is_zombie(child)]


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
