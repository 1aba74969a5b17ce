"""The results in words: the ratios first, then every figure, then how cost grows."""

from collections.abc import Mapping, Sequence

from harness.figures import EVERY, Figures, Quantity
from harness.scale import Growth
from harness.targets import Target, Verdict

BEGIN, END = "<!-- measured by make bench: begin -->", "<!-- measured by make bench: end -->"


def ratios(made: Sequence[Verdict | Target]) -> str:
    """Write the table of comparisons."""
    rows = [_ratio(verdict) for verdict in made]
    return _table(["work", "against", "to reach", "best", "median", ""], rows)


def figures(found: Figures, subjects: Sequence[str]) -> str:
    """Write the table of everything: the best of the repetitions, and the median."""
    head = ["", *(f"{quantity.name}, {quantity.unit}" for quantity in EVERY)]
    rows = [[name, *(_cell(found, name, quantity) for quantity in EVERY)] for name in subjects]
    columns = [0] + [j for j in range(1, len(head)) if any(row[j] for row in rows)]
    return _table([head[j] for j in columns], [[row[j] for j in columns] for row in rows])


def scale(growths: Sequence[Growth]) -> str:
    """Write how costs grow, each beside its law."""
    rows = []
    for growth in growths:
        points = zip(growth.sizes, growth.measured, growth.expected, strict=True)
        for index, (size, measured, expected) in enumerate(points):
            words = [growth.size, growth.cost, growth.law] if not index else ["", "", ""]
            rows.append([*words[:2], f"{size:,}", _number(measured), _number(expected), words[2]])
    return _table(["what grows", "cost", "n", "measured", "by the law", "law"], rows)


def layers(found: Mapping[str, Mapping[str, float]]) -> str:
    """Write what the parts of requests cost, one column a request."""
    parts = next(iter(found.values()))
    rows = [[part, *(_number(of[part]) for of in found.values())] for part in parts]
    return _table(["μs", *found], rows)


def versions(named: Mapping[str, str]) -> str:
    """Write who was measured."""
    return ", ".join(f"{name} {version}" for name, version in named.items())


def put(page: str, measured: str) -> str:
    """Put what was measured into the page, in place of what was measured before."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{measured.strip()}\n\n{END}{after}"


def _ratio(verdict: Verdict | Target) -> list[str]:
    target = verdict.target if isinstance(verdict, Verdict) else verdict
    sign = "≤" if target.quantity.is_cost else "≥"
    cells = [target.quantity.name, target.words, f"{sign} {_times(target.bound)}"]
    if not isinstance(verdict, Verdict):
        return [*cells, "", "", "not measured"]
    against = target.words if verdict.rival in target.words else f"{target.words}, {verdict.rival}"
    cells[1] = against if len(target.against) > 1 else target.words
    verdict_words = "holds" if verdict.holds else f"**misses by {verdict.shortfall:.0%}**"
    return [*cells, _times(verdict.best), _times(verdict.median), verdict_words]


def _times(ratio: float) -> str:
    return f"{ratio:.3g}×"


def _cell(found: Figures, name: str, quantity: Quantity) -> str:
    best, median = found.best(name, quantity), found.median(name, quantity)
    if best is None or median is None:
        return ""
    return _number(best) if best == median else f"{_number(best)} ({_number(median)})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
