"""How C was chosen."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from service.regions.ticks import round_ticks
from service.softmax.selection import PathPoint, Selection
from service.training.report.drawing import box, dot, label, line, picture
from service.training.report.markup import number, plain

_WIDTH_PX, _HEIGHT_PX, _LEFT_PX, _TOP_PX = 300.0, 210.0, 62.0, 22.0
_BOTTOM_PX = _TOP_PX + _HEIGHT_PX
_MOST_POWERS = 7


def path_picture(selection: Selection) -> str:
    """Draw log loss over C.

    Parameters
    ----------
    selection : Selection
        What cross-validation found.

    Returns
    -------
    str
        An SVG element: a curve for each `l1_ratio`, with standard errors on the chosen one.
    """
    told = f"Mean log loss of {len(selection.points)} penalties."
    least = f"The least: {_tip(selection.points[selection.minimum])}."
    description = f"{told} {least} Chosen: {_tip(selection.choice)}."
    size = (_LEFT_PX + _WIDTH_PX + 12, _BOTTOM_PX + 46)
    return picture("Path of C", description, *size, _marks(selection))


@dataclass(frozen=True, kw_only=True)
class _Scales:
    """Where numbers lie: powers of ten from left to right, losses from low to high."""

    left: float
    right: float
    low: float
    high: float

    def across(self, C: float) -> float:
        share = (math.log10(C) - self.left) / ((self.right - self.left) or 1.0)
        return _LEFT_PX + 12 + share * (_WIDTH_PX - 24)

    def up(self, loss: float) -> float:
        share = (loss - self.low) / ((self.high - self.low) or 1.0)
        return _BOTTOM_PX - 10 - share * (_HEIGHT_PX - 20)


def _scales(selection: Selection) -> _Scales:
    logs = [math.log10(point.C) for point in selection.points]
    means = [point.log_loss for point in selection.points]
    chosen = [p for p in selection.points if p.l1_ratio == selection.choice.l1_ratio]
    return _Scales(
        left=min(logs),
        right=max(logs),
        low=min(*means, *(point.log_loss - point.standard_error for point in chosen)),
        high=max(*means, *(point.log_loss + point.standard_error for point in chosen)),
    )


def _marks(selection: Selection) -> Iterator[str]:
    scales, choice = _scales(selection), selection.choice
    yield box(_LEFT_PX, _TOP_PX, _WIDTH_PX, _HEIGHT_PX, css="plot")
    yield from _axes(scales)
    x = scales.across(choice.C)
    yield line(x, _TOP_PX, x, _BOTTOM_PX, css="hair dashed")
    yield label(x, _TOP_PX - 8, f"C = {plain(choice.C)}", anchor="middle")
    for l1_ratio, curve in groupby(selection.points, key=lambda point: point.l1_ratio):
        chosen = choice if l1_ratio == choice.l1_ratio else None
        yield from _curve(list(curve), scales, chosen)


def _axes(scales: _Scales) -> Iterator[str]:
    powers = range(math.ceil(scales.left - 1e-9), math.floor(scales.right + 1e-9) + 1)
    for power in powers[:: 1 + len(powers) // _MOST_POWERS]:
        x = scales.across(10.0**power)
        yield line(x, _BOTTOM_PX, x, _BOTTOM_PX + 4)
        words = plain(10.0**power)
        yield label(x, _BOTTOM_PX + 18, words, anchor="middle", css="soft figure", size_px=11)
    high = scales.high if scales.high > scales.low else scales.low + 1.0
    for tick in round_ticks(scales.low, high, 5):
        y = scales.up(tick.value)
        yield line(_LEFT_PX - 4, y, _LEFT_PX, y)
        yield label(_LEFT_PX - 8, y + 4, tick.text, anchor="end", css="soft figure")
    middle = _LEFT_PX + _WIDTH_PX / 2
    yield label(middle, _BOTTOM_PX + 38, "C", anchor="middle", css="soft")
    words = "log loss, nats"
    yield label(12, _TOP_PX + _HEIGHT_PX / 2, words, anchor="middle", css="soft", turn=-90)


def _curve(curve: Sequence[PathPoint], scales: _Scales, choice: PathPoint | None) -> Iterator[str]:
    pale = "" if choice else " pale"
    steps = " ".join(f"{scales.across(p.C):.1f},{scales.up(p.log_loss):.1f}" for p in curve)
    yield f'<polyline points="{steps}" class="curve{pale}"/>'
    for point in curve:
        x, mean, error = scales.across(point.C), point.log_loss, point.standard_error
        if choice:
            yield line(x, scales.up(mean - error), x, scales.up(mean + error), css="whisker")
        radius = 5.0 if point == choice else 3.0
        yield dot(x, scales.up(mean), radius, css=f"plus{pale}", tip=_tip(point))


def _tip(point: PathPoint) -> str:
    mean, error = number(point.log_loss, 4), number(point.standard_error, 4)
    return f"C = {plain(point.C)}, l1 ratio {plain(point.l1_ratio)}: {mean} ± {error}"
