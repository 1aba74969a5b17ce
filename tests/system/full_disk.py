"""Publish on disks that are full or read-only; run where file systems may be mounted.

usage: python full_disk.py STORE DISK
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from service.artifacts.store import Store
from service.errors import ArtifactError

DISK_BYTES = 128 * 2**10
STEP_BYTES = 4 * 2**10


def mount(*options: str) -> None:
    """Change what is mounted, in this process's own view."""
    subprocess.run(["mount", *options], check=True)


def held(store: Store) -> dict[str, tuple[int, dict[int, dict[str, bytes]]]]:
    """All that a store holds."""
    return {
        name: (store.active(name), {v: store.read(name, v) for v in store.versions(name)})
        for name in store.names()
    }


def publish_as_it_fills(store: Store) -> dict[str, object]:
    """Publish with more and more room on a full disk, until there is enough."""
    old, files = held(store), store.read("demo", 1)
    filler = store.root / ".filler"
    filler.write_bytes(bytes(max(0, shutil.disk_usage(store.root).free)))
    refusals, wrong = [], []
    while filler.stat().st_size > STEP_BYTES:
        try:
            store.publish("iris", files)
            break
        except ArtifactError as error:
            refusals.append(str(error))
        if held(store) != old:
            wrong.append(f"{shutil.disk_usage(store.root).free} bytes free")
        with filler.open("r+b") as file:
            file.truncate(filler.stat().st_size - STEP_BYTES)
    filler.unlink()
    published = held(store)["iris"]
    return {
        "refusals": refusals,
        "wrong": wrong,
        "left": sorted(path.name for path in store.root.iterdir()),
        "is_published": published[1][published[0]] == files,
    }


def command(*arguments: str) -> dict[str, object]:
    """Run the command line and give what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "service", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    return {"code": done.returncode, "error": done.stderr}


def main() -> None:
    """Fill a disk, make it read-only, and print what became of it."""
    origin, disk = Path(sys.argv[1]), sys.argv[2]
    mount("-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", disk)
    store = Store(root=Path(disk) / "models")
    for name in ("demo", "iris"):
        store.publish(name, Store(root=origin).read(name, 1))
    filled = publish_as_it_fills(store)
    mount("-o", "remount,ro", disk)
    before = held(store)
    answers = {
        "train": command("train", "iris"),
        "activate": command("models", "activate", "iris@1"),
        "delete": command("models", "delete", "iris@1"),
        "verify": command("models", "verify", "iris"),
    }
    unchanged = held(store) == before
    print(json.dumps({"filled": filled, "read_only": answers, "unchanged": unchanged}))  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
