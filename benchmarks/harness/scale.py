"""How cost grows with rows, features, classes, models, connections and workers, beside the law."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from harness.cases import IRIS, WIDE, Case
from harness.load import loaded, seconds_for
from harness.machine import cores
from harness.servers import Server, free_port, serving
from harness.subjects import OURS


@dataclass(frozen=True, kw_only=True)
class Growth:
    """How one cost grows with one size.

    Parameters
    ----------
    size, cost : str
        What grows, and what that costs, with its unit.
    law : str
        The law it should follow, in words.
    sizes, measured, expected : sequence of float
        The sizes, the costs, and the costs by the law, drawn through the first and the last.
    """

    size: str
    cost: str
    law: str
    sizes: Sequence[float]
    measured: Sequence[float]
    expected: Sequence[float]


def growths(seconds: float, *, quick: bool) -> Iterator[Growth]:
    """Measure every growth; a quick look takes two of them."""
    yield rows([1, 100, 10_000] if quick else [1, 10, 100, 1000, 10_000, 100_000])
    yield from connections([1, 32, 128] if quick else [1, 2, 8, 32, 128, 512], seconds)
    if not quick:
        yield features([2, 20, 100, 200, 500], seconds)
        yield classes([2, 10, 50, 100, 300], seconds)
        yield from models([1, 10, 100, 300], seconds)
        yield workers(sorted({1, len(cores())}), seconds)


def rows(counts: list[int]) -> Growth:
    """Measure how long a request of many rows takes."""
    spent = []
    with _service(WIDE) as server:
        for count in counts:
            question = OURS.question(WIDE, WIDE.rows(count))
            server.ask(question)
            spent.append(1e3 * min(seconds_for(server.port, question, 5)))
    return _linear("rows of 20 features, JSON", "ms a request, connection included", counts, spent)


def features(counts: list[int], seconds: float) -> Growth:
    """Measure how the cost of a row grows with its features."""
    cases = [Case(name=f"features-{n}", n_features=n, n_classes=10 if n > 8 else 3) for n in counts]
    spent = [_microseconds_a_row(case, seconds) for case in cases]
    return _linear("features, 100 rows a request, JSON", "μs a row", counts, spent)


def classes(counts: list[int], seconds: float) -> Growth:
    """Measure how the cost of a row grows with the classes."""
    cases = [Case(name=f"classes-{n}", n_features=20, n_classes=n) for n in counts]
    spent = [_microseconds_a_row(case, seconds) for case in cases]
    return _linear("classes, 100 rows a request, JSON", "μs a row", counts, spent)


def connections(counts: list[int], seconds: float) -> Iterator[Growth]:
    """Measure throughput and waiting of single rows over many connections."""
    with _service(IRIS) as server:
        one = OURS.question(IRIS, IRIS.rows(1))
        loads = [loaded(server.port, one, connections=n, seconds=seconds) for n in counts]
    rates = [load.per_second for load in loads]
    yield Growth(
        size="connections, one row 4×3",
        cost="requests/s",
        law="constant once the core is busy",
        sizes=counts,
        measured=rates,
        expected=[max(rates)] * len(rates),
    )
    yield Growth(
        size="connections, one row 4×3",
        cost="p50, μs",
        law="connections / throughput (Little)",
        sizes=counts,
        measured=[load.p50_us for load in loads],
        expected=[1e6 * n / rate for n, rate in zip(counts, rates, strict=True)],
    )


def models(counts: list[int], seconds: float) -> Iterator[Growth]:
    """Measure what more models in the store cost at start, in memory and per request."""
    starts, memory, rates = [], [], []
    one = OURS.question(WIDE, WIDE.rows(1))
    WIDE.publish()
    for count in counts:
        WIDE.publish_copies(count - 1)
        with _service(WIDE) as server:
            starts.append(server.start_s)
            memory.append(server.resident_bytes() / 1e6)
            rates.append(loaded(server.port, one, connections=32, seconds=seconds).per_second)
    WIDE.withdraw_copies()
    yield _linear("models in the store", "s from start to first answer", counts, starts)
    yield _linear("models in the store", "MB when idle", counts, memory)
    yield Growth(
        size="models in the store",
        cost="requests/s, one row 20×10",
        law="constant",
        sizes=counts,
        measured=rates,
        expected=[rates[0]] * len(rates),
    )


def workers(counts: list[int], seconds: float) -> Growth:
    """Measure throughput of 1,000-row requests; every core serves, and one also generates load."""
    rates = []
    for count in counts:
        with _service(WIDE, workers=count) as server:
            question = OURS.question(WIDE, WIDE.rows(1000))
            load = loaded(server.port, question, connections=8 * count, seconds=2 * seconds)
            rates.append(1000 * load.per_second)
    return Growth(
        size="workers, 1,000×20 JSON",
        cost="rows/s",
        law="workers, up to the cores (one of which the load generator shares)",
        sizes=counts,
        measured=rates,
        expected=[rates[0] * min(count, len(cores())) for count in counts],
    )


@contextmanager
def _service(case: Case, workers: int = 1) -> Iterator[Server]:
    port = free_port()
    start = OURS.start(case, port)
    core = cores()[0] if workers == 1 else None
    command = [*start.command, "--workers", str(workers)]
    first = OURS.question(case, case.rows(1))
    with serving(command, port, first, core=core, env=dict(start.env)) as server:
        yield server


def _microseconds_a_row(case: Case, seconds: float) -> float:
    with _service(case) as server:
        question = OURS.question(case, case.rows(100))
        load = loaded(server.port, question, connections=4, seconds=seconds)
    return 1e6 / (100 * load.per_second)


def _linear(size: str, cost: str, sizes: Sequence[int], measured: Sequence[float]) -> Growth:
    slope = (measured[-1] - measured[0]) / (sizes[-1] - sizes[0])
    return Growth(
        size=size,
        cost=cost,
        law="a + b·n",
        sizes=sizes,
        measured=measured,
        expected=[measured[0] + slope * (n - sizes[0]) for n in sizes],
    )
