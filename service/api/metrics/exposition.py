"""The sums of all processes as Prometheus reads them: text format 0.0.4."""

from collections.abc import Mapping, Sequence
from itertools import accumulate

from service.api.metrics.families import FAMILIES, Family

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(totals: Mapping[str, Sequence[float]]) -> str:
    """Write metrics down.

    Parameters
    ----------
    totals : mapping of str to sequence of float
        For each series its numbers, as `SharedCounters.totals` gives them.

    Returns
    -------
    str
        Families in their order, series by name.
    """
    by_family: dict[str, list[str]] = {name: [] for name in FAMILIES}
    for name in sorted(totals):
        base = name.partition("{")[0]
        by_family[base] += _samples(name, totals[name], FAMILIES[base])
    lines = []
    for name, family in FAMILIES.items():
        lines += [f"# HELP {name} {family.text}", f"# TYPE {name} {family.kind}", *by_family[name]]
    return "\n".join(lines) + "\n"


def _samples(name: str, numbers: Sequence[float], family: Family) -> list[str]:
    if not family.bounds:
        return [f"{name} {_text(numbers[0])}"]
    base, _, labels = name.partition("{")
    labels = labels.removesuffix("}")
    *counts, total = numbers
    bounds = [*map(_text, family.bounds), "+Inf"]
    heights = list(accumulate(counts))
    lead, inner = (labels + ",", "{" + labels + "}") if labels else ("", "")
    return [
        *(
            f'{base}_bucket{{{lead}le="{bound}"}} {_text(height)}'
            for bound, height in zip(bounds, heights, strict=True)
        ),
        f"{base}_sum{inner} {_text(total)}",
        f"{base}_count{inner} {_text(heights[-1])}",
    ]


def _text(number: float) -> str:
    return str(int(number)) if number.is_integer() else repr(number)
