"""Bars on a logarithmic axis, as SVG."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, LABEL, BAR, GAP, HEAD = 860, 190, 16, 8, 46
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f } .title { font-weight: 600 }
.ours { fill: #0b6bcb } .peer { fill: #8c959f } .ceiling { fill: #d8b365 }
.axis { stroke: #d0d7de; stroke-width: 1 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .axis { stroke: #3d444d } .ours { fill: #58a6ff } .peer { fill: #6e7681 }
}
"""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One group of bars.

    Parameters
    ----------
    title : str
        What it shows, with the unit.
    values : mapping of str to float
        The length of each bar, all above zero.
    """

    title: str
    values: Mapping[str, float]


def bars(panels: Sequence[Panel], kinds: Mapping[str, str]) -> str:
    """Draw panels below each other.

    Parameters
    ----------
    panels : sequence of Panel
        At least one bar each.
    kinds : mapping of str to str
        Whether a bar's name is `ours`, a `peer` or a `ceiling`.

    Returns
    -------
    str
        The text of an SVG file.
    """
    parts, top = [], 0.0
    for panel in panels:
        drawn, height = _panel(panel, kinds, top)
        parts.append(drawn)
        top += height + HEAD / 2
    described = escape("; ".join(_described(panel) for panel in panels))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top:.0f}" role="img">'
        f"<title>{described}</title><style>{STYLE}</style>{''.join(parts)}</svg>\n"
    )


def _panel(panel: Panel, kinds: Mapping[str, str], top: float) -> tuple[str, float]:
    ordered = sorted(panel.values.items(), key=lambda pair: -pair[1])
    low = 10 ** math.floor(math.log10(min(panel.values.values()) * 0.999))
    high = max(panel.values.values()) * 1.05
    scale = (WIDTH - LABEL - 90) / math.log10(high / low)
    height = HEAD + len(ordered) * (BAR + GAP)
    parts = [f'<text class="title" x="0" y="{top + 18:.0f}">{escape(panel.title)}</text>']
    for exponent in range(round(math.log10(low)), math.floor(math.log10(high)) + 1):
        x = LABEL + scale * (exponent - math.log10(low))
        parts.append(
            f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{top + HEAD - 8:.0f}"'
            f' y2="{top + height:.0f}"/>'
            f'<text x="{x:.1f}" y="{top + HEAD - 12:.0f}" text-anchor="middle">'
            f"{10**exponent:,}</text>"
        )
    for index, (name, value) in enumerate(ordered):
        y = top + HEAD + index * (BAR + GAP)
        length = scale * math.log10(value / low)
        parts.append(
            f'<text x="{LABEL - 8}" y="{y + 13:.0f}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="{kinds[name]}" x="{LABEL}" y="{y:.0f}" width="{length:.1f}"'
            f' height="{BAR}"/>'
            f'<text x="{LABEL + length + 6:.1f}" y="{y + 13:.0f}">{value:,.0f}</text>'
        )
    return "".join(parts), height


def _described(panel: Panel) -> str:
    ordered = sorted(panel.values.items(), key=lambda pair: -pair[1])
    return f"{panel.title}: " + ", ".join(f"{name} {value:,.0f}" for name, value in ordered)
