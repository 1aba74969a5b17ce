"""Kill publishers at seeded instants, and look at the store after each of them.

usage: python killed_publisher.py STORE KILLS SEED
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from service.artifacts.artifact import FILES
from service.artifacts.store import Store
from service.errors import UnknownModelError

CYCLES = 2
CONTENT = dict.fromkeys(FILES, b"content" * 1000)


def one_cycle(store: Store, name: str) -> None:
    """Publish, activate and delete."""
    version = store.publish(name, CONTENT, activate=False)
    active = store.active(name)
    if version > active:
        store.activate(name, version)
        store.delete(name, active)


def publisher(store: Store, name: str) -> int:
    """Start a process that publishes for ever; return its id once it has begun."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writer, b".")
            while True:
                one_cycle(store, name)
        finally:
            os._exit(1)
    os.read(reader, 1)
    os.close(reader)
    os.close(writer)
    return pid


def seconds_a_cycle(store: Store) -> float:
    """Measure how long a change of the store takes on this machine now."""
    begin = time.monotonic()
    for _ in range(CYCLES):
        one_cycle(store, "measured")
    return (time.monotonic() - begin) / CYCLES


def faults(store: Store) -> list[str]:
    """Say what is half there."""
    found = []
    for name in store.names():
        versions = store.versions(name)
        if store.active(name) not in versions:
            found.append(f"{name}: active {store.active(name)} of {versions}")
        found += [f"{name}@{v} is not whole" for v in versions if store.read(name, v) != CONTENT]
    return found


def main() -> None:
    """Kill, look, and print what was seen."""
    store, kills = Store(root=Path(sys.argv[1])), int(sys.argv[2])
    instants = random.Random(int(sys.argv[3]))  # noqa: S311 - instants, no secrets
    wrong: list[str] = []
    cycle_s = seconds_a_cycle(store)
    before, changed = None, 0
    for kill in range(kills):
        name = f"model-{kill // 4}"  # so that first versions are cut short too
        pid = publisher(store, name)
        time.sleep(instants.uniform(0, CYCLES * cycle_s))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSIGNALED(status):
            wrong.append(f"publisher {kill} ended by itself")
        try:
            wrong += faults(store)
        except UnknownModelError as error:
            wrong.append(str(error))
        now = (store.names(), [store.versions(one) for one in store.names()])
        changed += now != before
        before = now
    cut = sum(path.name.startswith((".new-", ".ACTIVE-")) for path in store.root.rglob(".*"))
    print(json.dumps({"wrong": wrong, "cut": cut, "changed": changed}))  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
