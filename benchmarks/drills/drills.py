"""Drills: something happens to a service while clients ask; what became of their requests."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable

from benchmarks.drills.load import PREDICT, Tally, ask_until, balanced
from benchmarks.drills.service import Service, eventually


def while_asked(
    service: Service, happening: Callable[[], object], *, n_clients: int = 8, after_s: float = 0.3
) -> Tally:
    """Ask before, while and after something happens.

    Parameters
    ----------
    service : Service
        Who is asked.
    happening : callable
        What happens; it returns when it is over.
    n_clients : int
        Connections that are kept asking.
    after_s : float
        Seconds to go on before and afterwards.

    Returns
    -------
    Tally
        What became of the requests.
    """

    async def drill() -> Tally:
        tally = Tally()
        is_over = False
        asking = asyncio.create_task(ask_until(lambda: is_over, service.port, tally, n_clients))
        await asyncio.sleep(after_s)
        await asyncio.to_thread(happening)
        await asyncio.sleep(after_s)
        is_over = True
        await asking
        return tally

    return asyncio.run(drill())


def steady(service: Service, *, n_clients: int, seconds: float) -> Tally:
    """Let clients ask one after the other for some time."""
    return while_asked(service, lambda: time.sleep(seconds), n_clients=n_clients, after_s=0.0)


def drained(service: Service, *, n_clients: int = 8) -> tuple[Tally, list[int]]:
    """Stop a service behind a balancer; give what became of requests, and what probes were told."""

    async def drill() -> tuple[Tally, list[int]]:
        tally = Tally()
        async with balanced(service.port) as balancer:
            asking = asyncio.create_task(
                ask_until(lambda: not balancer.is_open, service.port, tally, n_clients)
            )
            await asyncio.sleep(0.5)
            service.send(signal.SIGTERM)
            await asking
            await asyncio.to_thread(service.process.wait, 60)
            return tally, balancer.answers

    return asyncio.run(drill())


def half_sent(service: Service, *, number: int, n_requests: int = 20) -> list[bytes]:
    """Stop a service while requests have come in half; give what they are answered."""
    halves = [len(PREDICT) - 5, 40]  # within the body, within the head
    clients = [service.connect() for _ in range(n_requests)]
    for place, client in enumerate(clients):
        client.sendall(PREDICT[: halves[place % 2]])
    eventually(service.is_ready)  # what was sent before this probe has come
    service.send(number)
    eventually(lambda: not service.is_ready())
    answers = []
    for place, client in enumerate(clients):
        client.sendall(PREDICT[halves[place % 2] :])
    for client in clients:
        with client, contextlib.suppress(OSError):
            answers.append(b"".join(iter(lambda client=client: client.recv(65_536), b"")))  # type: ignore[misc]  # bound now
    return answers


def replaced(service: Service, number: int, place: int = 0) -> float:
    """Send a signal to one worker, and wait until another one stands in its place."""
    workers = service.workers
    os.kill(workers[place], number)
    return eventually(
        lambda: (
            workers[place] not in service.workers
            and len(service.workers) == len(workers)
            and service.is_ready()
        )
    )
