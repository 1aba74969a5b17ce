"""What is measured, and the best and the median of its repetitions."""

import statistics
from collections import defaultdict
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """Something measured of every service.

    Parameters
    ----------
    name : str
        What tables call it.
    unit : str
        Its unit.
    is_cost : bool
        Whether less is better.
    """

    name: str
    unit: str
    is_cost: bool = False


ONE_IRIS = Quantity(name="one row 4×3, 32 connections", unit="requests/s")
ONE_IRIS_NEW = Quantity(name="one row 4×3, 32 connections, no head sent twice", unit="requests/s")
ONE_IRIS_P99 = Quantity(name="one row 4×3, 32 connections, p99", unit="ms", is_cost=True)
ONE_IRIS_P50 = Quantity(name="one row 4×3, one connection, p50", unit="μs", is_cost=True)
ONE_IRIS_CPU = Quantity(name="one row 4×3, processor time", unit="μs", is_cost=True)
ONE_WIDE = Quantity(name="one row 20×10, 32 connections", unit="requests/s")
THOUSAND = Quantity(name="1,000×20 JSON", unit="rows/s")
BULK = Quantity(name="100,000×20 JSON", unit="rows/s")
BULK_PEAK = Quantity(name="100,000×20 JSON, peak memory", unit="MB", is_cost=True)
BULK_ARROW = Quantity(name="100,000×20 Arrow", unit="rows/s")
BULK_NPY = Quantity(name="100,000×20 npy", unit="rows/s")
START = Quantity(name="start to first answer", unit="s", is_cost=True)
IDLE = Quantity(name="memory when idle", unit="MB", is_cost=True)
PICTURE = Quantity(name="picture from memory", unit="requests/s")
NOT_MODIFIED = Quantity(name="picture not modified", unit="requests/s")

EVERY = (
    ONE_IRIS, ONE_IRIS_NEW, ONE_WIDE, ONE_IRIS_P50, ONE_IRIS_P99, ONE_IRIS_CPU, THOUSAND,
    BULK, BULK_ARROW, BULK_NPY, BULK_PEAK, START, IDLE, PICTURE, NOT_MODIFIED,
)  # fmt: skip


@dataclass(kw_only=True)
class Figures:
    """All repetitions of all quantities of all services, as they come in."""

    values: dict[str, dict[str, list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def add(self, subject: str, quantity: Quantity, value: float) -> None:
        """Note one repetition."""
        self.values[subject][quantity.name].append(value)
        print(f"   {subject}: {quantity.name} {value:,.4g} {quantity.unit}", flush=True)

    def best(self, subject: str, quantity: Quantity) -> float | None:
        """Give the best repetition: the one that other work on the machine disturbed least."""
        values = self.values.get(subject, {}).get(quantity.name)
        if not values:
            return None
        return min(values) if quantity.is_cost else max(values)

    def median(self, subject: str, quantity: Quantity) -> float | None:
        """Give the median repetition."""
        values = self.values.get(subject, {}).get(quantity.name)
        return statistics.median(values) if values else None

    def count(self) -> int:
        """Give the most repetitions that anything has."""
        return max(
            (len(values) for of in self.values.values() for values in of.values()), default=0
        )
