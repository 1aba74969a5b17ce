"""Round numbers along an axis."""

import math
from dataclasses import dataclass
from decimal import Decimal

MINUS = "\N{MINUS SIGN}"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PLAIN = (-4, 6)
_MANTISSA_DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A round number on an axis.

    Parameters
    ----------
    value : float
        Where it is, in the axis's units.
    text : str
        How it is written, all ticks of an axis alike.
    """

    value: float
    text: str


def round_ticks(low: float, high: float, most: int) -> tuple[Tick, ...]:
    """Choose round numbers between two ends: multiples of 1, 2 or 5 times a power of ten.

    Parameters
    ----------
    low, high : float
        The ends, low below high.
    most : int
        Greatest number of ticks, at least two.

    Returns
    -------
    tuple of Tick
        Ascending; as many as fit.

    Examples
    --------
    >>> [tick.text for tick in round_ticks(-0.3, 1.1, 4)]
    ['0.0', '0.5', '1.0']
    """
    # Shortest decimals, so that a view to 0.3 has its tick at 0.3.
    exponent = math.floor(math.log10((high - low) / most))
    multiples = [(Decimal(m), e) for e in (exponent, exponent + 1) for m in (1, 2, 5)]
    for multiple, power in multiples:
        step = multiple.scaleb(power)
        first = math.ceil(Decimal(repr(low)) / step)
        last = math.floor(Decimal(repr(high)) / step)
        if last - first < most:
            break
    values = [i * step for i in range(first, last + 1)]
    texts = _written(values, step)
    return tuple(Tick(value=float(v), text=t) for v, t in zip(values, texts, strict=True))


def _written(values: list[Decimal], step: Decimal) -> list[str]:
    largest = max((abs(value) for value in values), default=Decimal(0))
    power = largest.adjusted() if largest else 0
    digits = power - step.normalize().adjusted() + 1
    if digits <= _MANTISSA_DIGITS and not _PLAIN[0] <= power < _PLAIN[1]:
        return [_scientific(value, power, digits - 1) for value in values]
    places = max(0, -step.normalize().adjusted())
    return [
        f"{value:.{places}f}".replace("-", MINUS) if value else f"{0:.{places}f}"
        for value in values
    ]


def _scientific(value: Decimal, power: int, places: int) -> str:
    if not value:
        return "0"
    mantissa = f"{value.scaleb(-power):.{places}f}".replace("-", MINUS)
    return f"{mantissa}×10{str(power).translate(_SUPERSCRIPTS)}"
