"""`make drills`: things that go wrong, to a real service, with figures.

Each figure is a count or a ratio within this run; its bar stands beside it. QUICK takes
a thirtieth of the time.
"""

import itertools
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.drills.drills import drained, half_sent, replaced, steady, while_asked
from benchmarks.drills.faults import missed
from benchmarks.drills.load import PREDICT, Tally
from benchmarks.drills.memory import holding, peak
from benchmarks.drills.mutants import mutants, statuses
from benchmarks.drills.overload import burst, mixed, overload, picture, post, predict_rows
from benchmarks.drills.schema import examined
from benchmarks.drills.service import Service, apart, eventually, running

MB = 10**6
FULL_CACHE = 500
"""Pictures of more bytes than the cache of pictures holds."""
SMALL = {"body_bytes": 2 * 2**20, "rows": 10_000, "inflight_bytes": 4 * 2**20}


class Drills:
    """Runs drills on services of one store.

    Parameters
    ----------
    store : Path
        A store with demo and iris.
    scale : float
        What share of the full time to take.
    """

    def __init__(self, store: Path, scale: float) -> None:
        self.store = store
        self.scale = scale
        self.directory = store.parent
        self.n_missed = 0

    def say(
        self, drill: str, figure: str, value: float, bar: float, *, least: bool = False
    ) -> None:
        """Print a figure beside its bar."""
        is_met = value >= bar if least else value <= bar
        self.n_missed += not is_met
        sign = "≥" if least else "≤"
        print(f"{drill:4} {figure:58} {value:12.4g} {sign} {bar:<8g} {'' if is_met else 'MISSED'}")

    def lost(self, drill: str, tally: Tally) -> None:
        """Print what was not answered 200."""
        others = tally.statuses.total() - tally.statuses[200] + sum(tally.failures)
        self.say(drill, f"of {tally.statuses.total()} requests, not answered 200", others, 0)

    def service(self, **settings: object) -> AbstractContextManager[Service]:
        """Run a service."""
        return running(self.store, self.directory, os.environ, **settings)

    def steady(self) -> None:
        """L1: 32 connections for ten minutes."""
        with self.service() as service:
            steady(service, n_clients=32, seconds=max(5.0, 60 * self.scale))
            before = holding(service)
            tally = steady(service, n_clients=32, seconds=600 * self.scale)
            grown = holding(service).bytes_ - before.bytes_
        self.lost("L1", tally)
        self.say("L1", "p99 over p50", tally.quantile(0.99) / tally.quantile(0.5), 10)
        self.say("L1", "memory grown, MB", grown / MB, 10)

    def soak(self) -> None:
        """L2: eight connections and a picture a second for an hour."""
        with self.service() as service:
            over = threading.Event()
            numbers = itertools.count()

            def draw_one() -> None:
                request = picture(next(numbers))
                service.ask(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

            def draw() -> None:
                while not over.wait(1.0):
                    draw_one()

            for _ in range(FULL_CACHE):  # which grows up to its bound, and is no leak
                draw_one()

            drawing = threading.Thread(target=draw)
            drawing.start()
            warm = steady(service, n_clients=8, seconds=max(20.0, 300 * self.scale))
            before = holding(service)
            tally = steady(service, n_clients=8, seconds=3600 * self.scale)
            over.set()
            drawing.join()
            eventually(lambda: holding(service).descriptors <= before.descriptors)
            after = holding(service)
        self.lost("L2", warm)
        self.lost("L2", tally)
        self.say("L2", "memory grown, MB", (after.bytes_ - before.bytes_) / MB, 20)
        self.say("L2", "descriptors more", after.descriptors - before.descriptors, 0)
        self.say("L2", "threads more", after.threads - before.threads, 0)

    def bursts(self) -> None:
        """L3: many at once."""
        with self.service() as service:
            for n_requests in (200, 1_000):
                tally = burst(service, n_requests, PREDICT)
                strange = set(tally.statuses) - {200, 429, 503}
                self.say("L3", f"{n_requests} at once: lost", sum(tally.failures), 0)
                self.say("L3", "  other statuses than 200, 429, 503", len(strange), 0)
                self.say("L3", "  refusals without Retry-After", tally.without_retry_after, 0)

    def overload(self) -> None:
        """L4: four times of what can be answered."""
        with self.service() as service, apart(service):
            found = overload(service, times=4, seconds=max(10.0, 60 * self.scale))
        self.say("L4", "offered over capacity", found.offered / found.capacity, 3.5, least=True)
        self.say(
            "L4", "answers a second of processor, over calm", found.efficiency, 0.8, least=True
        )
        self.say("L4", "goodput over capacity", found.goodput / found.capacity, 0.8, least=True)
        self.say("L4", "lost", sum(found.during.failures), 0)
        self.say("L4", "refusals without Retry-After", found.during.without_retry_after, 0)
        self.say("L4", "probes not answered 200", found.failed_probes, 0)
        self.say("L4", "median of probes, s", sorted(found.probes_s)[len(found.probes_s) // 2], 1)
        self.say("L4", "back to normal after, s", found.recovery_s, 2)

    def mixed(self) -> None:
        """L5: a storm of pictures beside rows."""
        with self.service() as service:
            rows, pictures = mixed(service, n_pictures=24, seconds=max(5.0, 60 * self.scale))
        self.lost("L5", rows)
        self.say("L5", "p99 of rows while pictures storm, s", rows.quantile(0.99), 0.25)
        self.say("L5", "pictures lost", sum(pictures.failures), 0)

    def stops(self) -> None:
        """F1 to F3: signals that end a service."""
        for workers in (1, 2):
            for n_clients in (8, 64):
                with self.service(workers=workers) as service:
                    begun = time.monotonic()
                    tally, _ = drained(service, n_clients=n_clients)
                    took = time.monotonic() - begun - 0.5
                    code = service.process.returncode
                name = f"{workers} workers, {n_clients} clients"
                self.lost("F1", tally)
                self.say("F1", f"{name}: exit code", abs(code), 0)
                self.say("F1", f"{name}: seconds until the exit", took, 5 + 3)
            with self.service(workers=workers) as service:
                answers = half_sent(service, number=signal.SIGTERM)
            n_answered = sum(answer.startswith(b"HTTP/1.1 200") for answer in answers)
            self.say(
                "F2", f"{workers} workers: half sent, of 20 answered", n_answered, 20, least=True
            )
            with self.service(workers=workers, drain_seconds=60) as service:
                service.send(signal.SIGTERM)
                eventually(lambda service=service: not service.is_ready())
                service.send(signal.SIGTERM)
                took = eventually(lambda service=service: service.process.poll() is not None)
            self.say("F3", f"{workers} workers: second signal, s", took, 1)

    def reloads(self) -> None:
        """F4: a hundred hang-ups in a minute."""
        with self.service(workers=2, drain_seconds=0.3) as service:

            def hang_up() -> None:
                for _ in range(100):
                    service.send(signal.SIGHUP)
                    time.sleep(0.6 * max(self.scale, 0.2))
                n_started = len(service.events("roll_started"))
                eventually(lambda: len(service.events("roll_finished")) >= n_started)

            tally = while_asked(service, hang_up)
            rolls = len(service.events("roll_finished"))
        self.lost("F4", tally)
        self.say("F4", "different answers", len(tally.bodies), 1)
        self.say("F4", "times all workers were replaced", rolls, 5, least=True)

    def replacements(self) -> None:
        """F5 and F6: workers that die or hang."""
        for drill, number, bar in (("F5", signal.SIGKILL, 2), ("F6", signal.SIGSTOP, 10)):
            with self.service(workers=2) as service:
                took = [0.0]

                def happen(
                    service: Service = service, number: int = number, took: list[float] = took
                ) -> None:
                    took[0] = replaced(service, number)

                tally = while_asked(service, happen)
                after = while_asked(service, lambda: None)
            self.say(drill, "seconds until another worker answers", took[0], bar)
            self.say(drill, "of 8 clients, requests lost", sum(tally.failures), 8)
            self.lost(drill, after)

    def memory(self) -> None:
        """F14, P2: refused bodies, and a small container."""
        with self.service() as service:
            steady(service, n_clients=8, seconds=2)
            before = holding(service).bytes_
            with peak(service) as seen:
                refused = burst(service, 16, post(b"x" * (40 * 2**20)))
            self.say("S5", "refused bodies: memory grown, MB", (max(seen) - before) / MB, 64)
            self.say("S5", "  of 16 answered 413", refused.statuses[413], 16, least=True)
        with self.service(**SMALL) as service, peak(service) as seen:
            for _ in range(max(3, int(30 * self.scale))):
                burst(service, 64, predict_rows(10_000))
                burst(service, 64, post(b"x" * (3 * 2**20)))
                mixed(service, n_pictures=24, seconds=2)
            self.say("F14", "small container: peak of memory, MiB", max(seen) / 2**20, 256)
            self.say("F14", "  workers that died", len(service.events("worker_died")), 0)

    def mutants(self) -> None:
        """C3: twenty thousand requests with changed bytes."""
        number = max(3_000, int(20_000 * self.scale))
        with self.service() as service:
            workers = service.workers
            found = statuses(service.port, mutants(1, number))
            replaced = len(set(workers) - set(service.workers))
        failed = sum(count for status, count in found.items() if status >= 500)
        self.say("C3", f"of {number} changed requests, answered 5xx", failed, 0)
        self.say("C3", "workers that died", replaced, 0)
        self.say("C3", "defects in the log", len(service.events("request_failed")), 0)

    def schema(self) -> None:
        """C2: what the description allows and what it does not, from three seeds."""
        keys = self.directory / "keys"
        add = [sys.executable, "-m", "service", "keys", "add", "drill", "--file", str(keys)]
        key = subprocess.run(add, check=True, capture_output=True, text=True).stdout.strip()
        with self.service(keys=keys) as service:
            for seed in (1, 2, 3):
                examples = max(10, int(500 * self.scale))
                seconds = max(30.0, 1800 * self.scale)
                done = examined(
                    service.url, key, self.directory, examples=examples, seed=seed, seconds=seconds
                )
                self.say("C2", f"seed {seed}: exit code", done.returncode, 0)

    def faults(self) -> None:
        """Ten planted faults, each of which the suite has to find."""
        self.say("-", "planted faults that no test found", missed(), 0)


def main() -> None:
    """Run all drills, or those that the arguments name."""
    names = [name for name in sys.argv[1:] if not name.startswith("-")]
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "models"
        for source in ("demo", "iris"):
            subprocess.run(
                [sys.executable, "-m", "service", "train", source],
                env={**os.environ, "SOFTMAX_MODELS": str(store)},
                check=True,
                capture_output=True,
            )
        drills = Drills(store, 1 / 30 if "--quick" in sys.argv else 1.0)
        every = {
            "steady": drills.steady,
            "soak": drills.soak,
            "bursts": drills.bursts,
            "overload": drills.overload,
            "mixed": drills.mixed,
            "stops": drills.stops,
            "reloads": drills.reloads,
            "replacements": drills.replacements,
            "memory": drills.memory,
            "mutants": drills.mutants,
            "schema": drills.schema,
            "faults": drills.faults,
        }
        for name in names or every:
            every[name]()
        sys.exit(1 if drills.n_missed else 0)


if __name__ == "__main__":
    main()
