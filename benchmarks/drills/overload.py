"""Drills of too much: bursts, more than can be answered, pictures beside rows, large bodies."""

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Protocol

from benchmarks.drills.load import Client, Tally, ask_until
from benchmarks.drills.memory import busy_s
from benchmarks.drills.service import Service

PREDICT_PROBA = b"/models/iris/predict_proba"
EXPLAIN = b"/models/iris/explain"
"""Costs a service much and its client little, so that one client can ask for too much."""
MAX_CONNECTIONS = 1_000


def predict_rows(n_rows: int, path: bytes = PREDICT_PROBA) -> bytes:
    """Write a request of many rows."""
    rows = b", ".join([b"[5.1, 3.5, 1.4, 0.2]"] * n_rows)
    return post(b'{"instances": [' + rows + b"]}", path)


def post(body: bytes, path: bytes = PREDICT_PROBA) -> bytes:
    """Write a request with a body."""
    head = (
        b"POST %s HTTP/1.1\r\nHost: drill\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )
    return head % (path, len(body)) + body


def picture(number: int) -> bytes:
    """Write a request for a picture that nobody has asked for before."""
    target = f"/models/iris/regions.png?title=Drill%20{number}"
    return f"GET {target} HTTP/1.1\r\nHost: drill\r\n\r\n".encode()


class Listening(Protocol):
    """Whatever answers on a port of this machine."""

    @property
    def port(self) -> int:
        """The port."""


@dataclass(frozen=True, kw_only=True)
class Overload:
    """What became of a service that was asked for more than it can answer.

    Parameters
    ----------
    capacity : float
        Answers 200 a second to clients that wait for their answers.
    goodput : float
        Answers 200 a second, while more was asked.
    offered : float
        Requests a second, then.
    efficiency : float
        Answers 200 for each second of a processor that the workers used, over the same before:
        what is left of capacity beside the refusals, whoever else is busy on the machine.
    during : Tally
        What became of them.
    probes_s : list of float
        How long the answers to probes took, then, in seconds.
    failed_probes : int
        How many were not answered 200.
    recovery_s : float
        Seconds until a row was answered again as soon as before.
    """

    capacity: float
    goodput: float
    offered: float
    efficiency: float
    during: Tally
    probes_s: list[float]
    failed_probes: int
    recovery_s: float


def burst(service: Listening, n_requests: int, request: bytes) -> Tally:
    """Open many connections at once, and ask once on each."""

    async def drill() -> Tally:
        tally = Tally()
        clients = [Client(service.port, tally) for _ in range(n_requests)]
        await asyncio.gather(*(client.ask(request) for client in clients))
        for client in clients:
            await client.close()
        return tally

    return asyncio.run(drill())


def overload(service: Service, *, times: float, seconds: float) -> Overload:
    """Ask for several times as much as can be answered, whatever becomes of it."""

    async def drill() -> Overload:
        request = predict_rows(4, EXPLAIN)
        idle_s = busy_s(service)
        calm = await _closed(service.port, request, seconds=min(seconds, 5.0), n_clients=8)
        calm_s = busy_s(service) - idle_s
        capacity = len(calm.latencies) / min(seconds, 5.0)
        during = Tally()
        probing = _probe(service.port)
        begun = time.perf_counter()
        n_offered = await _open(service.port, request, during, times * capacity, seconds)
        took = time.perf_counter() - begun
        during_s = busy_s(service) - calm_s - idle_s
        probed = json.loads(probing.communicate(b"")[0])
        recovery_s = await _recovery(service.port, request, 2.0 * calm.quantile(0.99))
        return Overload(
            capacity=capacity,
            goodput=len(during.latencies) / took,
            offered=n_offered / took,
            efficiency=(len(during.latencies) / during_s) / (len(calm.latencies) / calm_s),
            during=during,
            probes_s=probed["seconds"],
            failed_probes=probed["failed"],
            recovery_s=recovery_s,
        )

    return asyncio.run(drill())


def mixed(service: Listening, *, n_pictures: int, seconds: float) -> tuple[Tally, Tally]:
    """Ask for rows and for many pictures; give what became of both."""

    async def drill() -> tuple[Tally, Tally]:
        rows, pictures = Tally(), Tally()
        until = time.monotonic() + seconds
        number = 0

        async def draw() -> None:
            nonlocal number
            client = Client(service.port, pictures)
            while time.monotonic() < until:
                number += 1
                answer = await client.ask(picture(number))
                if answer is None or answer.status != 200:
                    await asyncio.sleep(0.1)
            await client.close()

        await asyncio.gather(
            ask_until(lambda: time.monotonic() >= until, service.port, rows, 8),
            *(draw() for _ in range(n_pictures)),
        )
        return rows, pictures

    return asyncio.run(drill())


async def _closed(port: int, request: bytes, *, seconds: float, n_clients: int) -> Tally:
    tally = Tally()
    until = time.monotonic() + seconds
    await ask_until(lambda: time.monotonic() >= until, port, tally, n_clients, request)
    return tally


async def _open(port: int, request: bytes, tally: Tally, rate: float, seconds: float) -> int:
    """Send at a rate, on as many connections as that takes; give how many were sent."""
    idle: list[Client] = []
    tasks: set[asyncio.Task[None]] = set()

    async def send() -> None:
        client = idle.pop() if idle else Client(port, tally)
        await client.ask(request)
        idle.append(client)

    begun = time.perf_counter()
    n_sent = 0
    while (now := time.perf_counter() - begun) < seconds:
        while n_sent < rate * now and len(tasks) < MAX_CONNECTIONS:
            n_sent += 1
            task = asyncio.create_task(send())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.sleep(0.001)
    if tasks:
        await asyncio.wait(tasks)
    for client in idle:
        await client.close()
    return n_sent


def _probe(port: int) -> subprocess.Popen[bytes]:
    """Probe from another process: this one has much to do."""
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.drills.probe", str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


async def _recovery(port: int, request: bytes, good_s: float) -> float:
    """Ask until ten answers in a row come as soon as they did before."""
    begun = time.perf_counter()
    tally = Tally()
    client = Client(port, tally)
    n_good = 0
    while n_good < 10:
        answer = await client.ask(request)
        is_good = answer is not None and answer.status == 200 and tally.latencies[-1] <= good_s
        n_good = n_good + 1 if is_good else 0
    await client.close()
    return time.perf_counter() - begun
