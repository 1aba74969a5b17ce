"""Counters in memory that processes share."""

import os
from collections.abc import Callable

import pytest

from service.api.metrics.families import DURATION, FAMILIES, PREDICTIONS, SHED, series
from service.api.metrics.shared import FIRST, NOWHERE, VALUES, SharedCounters

NAME = series(SHED, reason="requests")


def in_a_child(work: Callable[[], None]) -> None:
    """Run something in a process of its own, which shares the memory of this one."""
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


def test_what_processes_count_is_added_up() -> None:
    shared = SharedCounters(3)

    def count(part: int, number: int) -> None:
        counters = shared.part(part)
        for _ in range(number):
            counters.values[counters.place(NAME)] += 1.0

    for part, number in enumerate((1, 20, 300)):
        in_a_child(lambda part=part, number=number: count(part, number))  # type: ignore[misc]  # bound now

    assert shared.totals()[NAME] == [321.0]


def test_a_process_goes_on_where_the_one_before_it_stopped() -> None:
    shared = SharedCounters(1)

    def count() -> None:
        counters = shared.part(0)
        counters.values[counters.place(NAME)] += 1.0

    in_a_child(count)
    in_a_child(count)
    shared.part(0).place(series(SHED, reason="bytes"))

    assert shared.totals()[NAME] == [2.0]
    assert shared.totals()[series(SHED, reason="bytes")] == [0.0]


def test_a_histogram_takes_a_place_for_every_bucket_and_its_sum() -> None:
    counters = SharedCounters(1).part(0)

    first = counters.place(series(DURATION, route="/a"))
    second = counters.place(series(DURATION, route="/b"))

    assert (first, second - first) == (FIRST, len(FAMILIES[DURATION].bounds) + 2)


@pytest.mark.parametrize("label", ['quo"te', "back\\slash", "new\nline", "\u2028\x85\x0b", "日本"])
def test_any_label_is_found_again(label: str) -> None:
    shared = SharedCounters(1)
    counters = shared.part(0)
    counters.values[counters.place(series(PREDICTIONS, model="m", **{"class": label}))] = 3.0
    counters.values[counters.place(NAME)] = 4.0

    again = shared.part(0)

    assert again.values[again.place(series(PREDICTIONS, model="m", **{"class": label}))] == 3.0
    assert shared.totals()[NAME] == [4.0]


def test_what_has_no_room_is_counted_as_such_and_harms_nothing() -> None:
    shared = SharedCounters(1)
    counters = shared.part(0)
    names = [series(SHED, reason=f"reason_{i}") for i in range(VALUES)]

    for name in names:
        counters.values[counters.place(name)] += 1.0

    totals = shared.totals()
    counted = [name for name in names if name in totals]
    assert counted == names[: VALUES - FIRST]
    assert {totals[name][0] for name in counted} == {1.0}
    assert counters.place(names[-1]) == NOWHERE
    assert totals["softmax_metrics_without_room_total"] == [FIRST]


def test_room_ends_with_the_names_too() -> None:
    shared = SharedCounters(1)
    counters = shared.part(0)

    for i in range(200):
        counters.place(series(SHED, reason=f"{i}" + "x" * 10_000))

    kept = [name for name in shared.totals() if name.startswith(SHED)]
    assert 50 < len(kept) < 200
