"""What the service should reach, as ratios within one run."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness import figures
from harness.ceilings import ASGI
from harness.figures import Figures, Quantity
from harness.subjects import OURS, PEER_SUBJECTS, TUTORIAL

OTHERS = (TUTORIAL.name, *(peer.name for peer in PEER_SUBJECTS))


@dataclass(frozen=True, kw_only=True)
class Target:
    """One comparison.

    Parameters
    ----------
    quantity : Quantity
        Of ours.
    against : sequence of str
        Services of which the best counts.
    words : str
        What these are called together.
    bound : float
        The ratio to reach: at least, or at most for a cost.
    other : Quantity or None
        Of the others, where that is another one.
    """

    quantity: Quantity
    against: Sequence[str]
    words: str
    bound: float
    other: Quantity | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A comparison made: our ratio, by the best and by the median of the repetitions."""

    target: Target
    rival: str
    best: float
    median: float

    @property
    def holds(self) -> bool:
        """Whether the best reached the bound."""
        bound = self.target.bound
        return self.best <= bound if self.target.quantity.is_cost else self.best >= bound

    @property
    def shortfall(self) -> float:
        """By which share of the bound it is missed."""
        return abs(self.best / self.target.bound - 1)


BEST = "the best peer"
TARGETS = (
    Target(quantity=figures.ONE_IRIS, against=OTHERS, words=BEST, bound=20),
    Target(quantity=figures.ONE_IRIS, against=[ASGI], words=f"the {ASGI}", bound=0.7),
    Target(
        quantity=figures.ONE_IRIS_NEW, other=figures.ONE_IRIS, against=OTHERS, words=BEST, bound=20
    ),
    Target(
        quantity=figures.ONE_IRIS_NEW, other=figures.ONE_IRIS, against=[ASGI],
        words=f"the {ASGI}", bound=0.7,
    ),
    Target(quantity=figures.ONE_WIDE, against=OTHERS, words=BEST, bound=12),
    Target(quantity=figures.ONE_IRIS_P50, against=OTHERS, words=BEST, bound=1 / 8),
    Target(quantity=figures.ONE_IRIS_P99, against=OTHERS, words=BEST, bound=1 / 10),
    Target(quantity=figures.THOUSAND, against=OTHERS, words=BEST, bound=3),
    Target(quantity=figures.THOUSAND, against=[TUTORIAL.name], words="the tutorial app", bound=9),
    Target(quantity=figures.BULK, against=OTHERS, words=BEST, bound=2.4),
    Target(quantity=figures.BULK, against=[TUTORIAL.name], words="the tutorial app", bound=9),
    Target(
        quantity=figures.BULK_PEAK, against=[TUTORIAL.name], words="the tutorial app", bound=0.55
    ),
    Target(
        quantity=figures.BULK_ARROW, other=figures.BULK, against=OTHERS,
        words="the best peer's best form", bound=12,
    ),
    Target(
        quantity=figures.BULK_NPY, other=figures.BULK, against=OTHERS,
        words="the best peer's best form", bound=12,
    ),
    Target(quantity=figures.START, against=[TUTORIAL.name], words="the tutorial app", bound=0.33),
    Target(quantity=figures.IDLE, against=[TUTORIAL.name], words="the tutorial app", bound=0.5),
    Target(quantity=figures.PICTURE, against=[ASGI], words="a constant of its size", bound=0.4),
    Target(quantity=figures.NOT_MODIFIED, against=[ASGI], words="a constant 304", bound=0.4),
)  # fmt: skip


def verdicts(found: Figures) -> list[Verdict | Target]:
    """Make every comparison; a target that lacks a figure stands for itself."""
    return [_verdict(target, found) or target for target in TARGETS]


def _verdict(target: Target, found: Figures) -> Verdict | None:
    other = target.other or target.quantity
    mine = (found.best(OURS.name, target.quantity), found.median(OURS.name, target.quantity))
    rivals = {name: value for name in target.against if (value := found.best(name, other))}
    if not rivals or mine[0] is None or mine[1] is None:
        return None
    rival = (min if other.is_cost else max)(rivals, key=rivals.__getitem__)
    median = found.median(rival, other) or rivals[rival]
    return Verdict(
        target=target, rival=rival, best=mine[0] / rivals[rival], median=mine[1] / median
    )
