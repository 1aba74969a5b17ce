"""Whether the model is as often right as it says."""

from collections.abc import Iterator, Sequence

from service.regions.ticks import round_ticks
from service.softmax.reliability import ReliabilityBin
from service.training.report.drawing import box, dot, label, line, picture
from service.training.report.markup import count

_SIDE_PX, _LEFT_PX, _TOP_PX, _STRIP_PX = 300.0, 48.0, 8.0, 46.0


def reliability_diagram(
    bins: Sequence[ReliabilityBin], before: Sequence[ReliabilityBin] | None = None
) -> str:
    """Draw accuracy over confidence, and under it how many rows have that confidence.

    Parameters
    ----------
    bins : sequence of ReliabilityBin
        Rows by the probability of their most probable class.
    before : sequence of ReliabilityBin, optional
        The same before the temperature.

    Returns
    -------
    str
        An SVG element. On the diagonal the model is as often right as it says.
    """
    bottom = _TOP_PX + _SIDE_PX

    def across(share: float) -> float:
        return _LEFT_PX + share * _SIDE_PX

    def up(share: float) -> float:
        return bottom - share * _SIDE_PX

    def marks() -> Iterator[str]:
        yield box(_LEFT_PX, _TOP_PX, _SIDE_PX, _SIDE_PX, css="plot")
        for tick in round_ticks(0.0, 1.0, 6):
            yield line(across(tick.value), bottom, across(tick.value), bottom + 4)
            yield line(_LEFT_PX - 4, up(tick.value), _LEFT_PX, up(tick.value))
            strip = bottom + _STRIP_PX + 20
            yield label(across(tick.value), strip, tick.text, anchor="middle", css="soft figure")
            yield label(
                _LEFT_PX - 8, up(tick.value) + 4, tick.text, anchor="end", css="soft figure"
            )
        yield line(across(0), up(0), across(1), up(1), css="hair dashed")
        for found in before or ():
            tip = f"before: {_tip(found)}"
            yield dot(across(found.confidence), up(found.accuracy), 4.5, css="hollow", tip=tip)
        for found in bins:
            x = across(found.confidence)
            yield line(x, up(found.interval[0]), x, up(found.interval[1]), css="whisker")
        for found in bins:
            x = across(found.confidence)
            yield dot(x, up(found.accuracy), 4.5, css="plus", tip=_tip(found))
        yield from _strip()
        middle = _TOP_PX + _SIDE_PX / 2
        yield label(12, middle, "share that is right", anchor="middle", css="soft", turn=-90)
        below = bottom + _STRIP_PX + 38
        words = "probability of the predicted class"
        yield label(across(0.5), below, words, anchor="middle", css="soft")

    def _strip() -> Iterator[str]:
        most = max(found.n_samples for found in bins)
        yield label(_LEFT_PX - 8, bottom + _STRIP_PX, "rows", anchor="end", css="soft")
        for found in bins:
            height = (_STRIP_PX - 12) * found.n_samples / most
            x, width = across(found.low) + 1, (found.high - found.low) * _SIDE_PX - 2
            y = bottom + _STRIP_PX + 4 - height
            yield box(x, y, width, height, css="bar", tip=_tip(found))

    written = "; ".join(
        f"{found.low:.0%} to {found.high:.0%}: {found.accuracy:.0%} of {found.n_samples:,}"
        for found in bins
    )
    height = bottom + _STRIP_PX + 46
    return picture(
        "Reliability diagram",
        f"Share of rows that are right, by the probability they were given: {written}.",
        _LEFT_PX + _SIDE_PX + 16,
        height,
        marks(),
    )


def _tip(found: ReliabilityBin) -> str:
    low, high = found.interval
    return (
        f"{count(found.n_samples, 'row')} given {found.confidence:.1%} on average:"
        f" {found.accuracy:.1%} right (95 %: {low:.1%} to {high:.1%})"
    )
