"""Numbers along an axis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.regions.ticks import round_ticks


@pytest.mark.parametrize(
    ("low", "high", "most", "texts"),
    [
        (-3.05, 4.27, 8, ["−3", "−2", "−1", "0", "1", "2", "3", "4"]),
        (0.0, 0.3, 4, ["0.0", "0.1", "0.2", "0.3"]),
        (0.0, 2.5e-7, 3, ["0", "1×10⁻⁷", "2×10⁻⁷"]),
        (0.0, 3.2e7, 4, ["0", "1×10⁷", "2×10⁷", "3×10⁷"]),
        (1.7e9, 1.7e9 + 250, 3, ["1700000000", "1700000100", "1700000200"]),
        (-1.5e10, 1.5e10, 4, ["−1×10¹⁰", "0", "1×10¹⁰"]),
    ],
)
def test_ticks_are_round_and_written_alike(
    low: float, high: float, most: int, texts: list[str]
) -> None:
    assert [tick.text for tick in round_ticks(low, high, most)] == texts


@given(
    middle=st.floats(-1e6, 1e6),
    extent=st.floats(1e-3, 1e9),
    most=st.integers(2, 20),
)
def test_some_but_not_too_many_distinct_ticks_lie_within_the_view(
    middle: float, extent: float, most: int
) -> None:
    low, high = middle - extent / 2.0, middle + extent / 2.0

    ticks = round_ticks(low, high, most)

    assert 1 <= len(ticks) <= most
    assert all(low <= tick.value <= high for tick in ticks)
    assert len({tick.text for tick in ticks}) == len(ticks)
