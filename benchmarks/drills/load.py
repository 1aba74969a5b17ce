"""Clients that ask and count what becomes of it, and a balancer that asks before they do."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

PAUSE_S = 0.1
TIMEOUT_S = 30.0
BODY = b'{"instances": [[5.1, 3.5, 1.4, 0.2]]}'
PREDICT = (
    b"POST /models/iris/predict_proba HTTP/1.1\r\nHost: drill\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)
PROBE = b"GET /readyz HTTP/1.1\r\nHost: drill\r\nConnection: close\r\n\r\n"


@dataclass(kw_only=True)
class Tally:
    """What became of requests.

    Parameters
    ----------
    statuses : Counter of int
        How many answers had each status.
    lost : int
        Sent on a new connection, and not answered.
    raced : int
        Sent on a connection that had answered before, and was closed just then.
    refused : int
        No connection was to be had.
    without_retry_after : int
        Answers 429 and 503 that do not say when to come again.
    latencies : list of float
        Seconds from the first byte sent to the last one received, of answers 200.
    bodies : set of bytes
        The different bodies of answers 200.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    lost: int = 0
    raced: int = 0
    refused: int = 0
    without_retry_after: int = 0
    latencies: list[float] = field(default_factory=list)
    bodies: set[bytes] = field(default_factory=set)

    @property
    def failures(self) -> tuple[int, int, int]:
        """Requests that were lost, raced and refused."""
        return self.lost, self.raced, self.refused

    def quantile(self, share: float) -> float:
        """Give a quantile of the latencies, in seconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer: status, headers as they came, body."""

    status: int
    head: bytes
    body: bytes

    @property
    def is_last(self) -> bool:
        """Whether the connection ends with it."""
        return b"\r\nconnection: close" in self.head.lower()


class Client:
    """One connection at a time, kept as long as the service keeps it.

    Parameters
    ----------
    port : int
        Where the service answers.
    tally : Tally
        Where to count.
    """

    def __init__(self, port: int, tally: Tally) -> None:
        self.port = port
        self.tally = tally
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> Answer | None:
        """Send one request, and count what becomes of it."""
        is_new = self.writer is None
        if self.reader is None or self.writer is None:
            try:
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                self.tally.refused += 1
                await asyncio.sleep(0.01)
                return None
        begun = time.perf_counter()
        try:
            self.writer.write(request)
            answer = await asyncio.wait_for(read_answer(self.reader), TIMEOUT_S)
        except (OSError, EOFError, TimeoutError):
            if is_new:
                self.tally.lost += 1
            else:
                self.tally.raced += 1
            await self.close()
            return None
        self._count(answer, time.perf_counter() - begun)
        if answer.is_last:
            await self.close()
        return answer

    async def close(self) -> None:
        """Give the connection up."""
        writer, self.reader, self.writer = self.writer, None, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _count(self, answer: Answer, seconds: float) -> None:
        self.tally.statuses[answer.status] += 1
        if answer.status == 200:
            self.tally.latencies.append(seconds)
            self.tally.bodies.add(answer.body)
        elif answer.status in {429, 503} and b"\r\nretry-after: " not in answer.head.lower():
            self.tally.without_retry_after += 1


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """Read one answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
    body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
    return Answer(status=int(head[9:12]), head=head, body=body)


async def ask_until(
    is_over: Callable[[], bool], port: int, tally: Tally, n_clients: int, request: bytes = PREDICT
) -> None:
    """Let clients ask one after the other, each as soon as it has its answer."""

    async def ask() -> None:
        client = Client(port, tally)
        while not is_over():
            await client.ask(request)
        await client.close()

    await asyncio.gather(*(ask() for _ in range(n_clients)))


class Balancer:
    """Asks for readiness every 100 ms, and sends no more requests where the answer is no."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.is_open = True
        self.answers: list[int] = []

    async def watch(self) -> None:
        """Ask until cancelled."""
        tally = Tally()
        while True:
            client = Client(self.port, tally)
            answer = await client.ask(PROBE)
            await client.close()
            self.answers.append(0 if answer is None else answer.status)
            self.is_open = self.answers[-1] == 200
            await asyncio.sleep(PAUSE_S)


@contextlib.asynccontextmanager
async def balanced(port: int) -> AsyncIterator[Balancer]:
    """Let a balancer watch during a block."""
    balancer = Balancer(port)
    task = asyncio.create_task(balancer.watch())
    try:
        yield balancer
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
