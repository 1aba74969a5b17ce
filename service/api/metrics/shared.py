"""Numbers in memory that several processes share, each with a part that it alone writes.

A part is a row of doubles. Names of series are written once, when a series begins; from
then on counting is one addition at a known place, without a lock, a system call or a copy,
and what a process had counted outlives it. An aligned double is written whole on every
processor that this runs on, so a reader sees each number as it was before or after.
"""

import mmap
from collections.abc import Iterator

from service.api.metrics.families import FAMILIES, IN_FLIGHT, NO_ROOM

PART_BYTES = 2**20
VALUES = 2**14
"""Doubles at the beginning of a part; the names of series follow them."""

USED, ACTIVE, REFUSED = 0, 1, 2
"""Places of what every part has: bytes of names, requests in flight, series without room."""
NOWHERE = 3
"""Where series without room are counted: nobody reads it."""
FIRST = 64
"""Where series begin; `NOWHERE` reaches up to it, wide enough for a histogram."""


class Counters:
    """The part of one process.

    Parameters
    ----------
    memory : memoryview of bytes
        The part; what a process before this one has counted in it goes on.
    """

    def __init__(self, memory: memoryview) -> None:
        self.values = memory[: 8 * VALUES].cast("d")
        self._names = memory[8 * VALUES :]
        self._places: dict[str, int] = {}
        self._next = FIRST
        for name, place in _series(memory):
            self._places[name] = place
            self._next = place + _width(name)
        self.values[ACTIVE] = 0.0

    def place(self, name: str) -> int:
        """Give the place of a series, which begins at zero if it is new.

        Parameters
        ----------
        name : str
            As `families.series` writes it.

        Returns
        -------
        int
            The index into `values` of its first number.
        """
        known = self._places.get(name)
        if known is not None:
            return known
        line = name.encode() + b"\n"
        used = int(self.values[USED])
        if self._next + _width(name) > VALUES or used + len(line) > len(self._names):
            self.values[REFUSED] += 1.0
            place = NOWHERE
        else:
            place = self._next
            self._next += _width(name)
            self._names[used : used + len(line)] = line
            self.values[USED] = used + len(line)  # last: from here on readers see it
        self._places[name] = place
        return place


class SharedCounters:
    """The parts of all processes of a service; made before they are forked.

    Parameters
    ----------
    n_parts : int
        How many processes may count at the same time.
    """

    def __init__(self, n_parts: int) -> None:
        self._memory = memoryview(mmap.mmap(-1, n_parts * PART_BYTES))  # pages come when touched
        self._parts = [self._memory[i * PART_BYTES :][:PART_BYTES] for i in range(n_parts)]

    def part(self, index: int) -> Counters:
        """Take a part to write to; nobody else may be writing to it.

        Parameters
        ----------
        index : int
            Which one, from zero.

        Returns
        -------
        Counters
            Its numbers go on where its last writer stopped, except for requests in flight.
        """
        return Counters(self._parts[index])

    def totals(self) -> dict[str, list[float]]:
        """Add up what all processes have counted.

        Returns
        -------
        dict of str to list of float
            For each series its numbers.
        """
        sums: dict[str, list[float]] = {IN_FLIGHT: [0.0], NO_ROOM: [0.0]}
        for memory in self._parts:
            values = memory[: 8 * VALUES].cast("d")
            sums[IN_FLIGHT][0] += values[ACTIVE]
            sums[NO_ROOM][0] += values[REFUSED]
            for name, place in _series(memory):
                found = values[place : place + _width(name)].tolist()
                known = sums.get(name, [0.0] * len(found))
                sums[name] = [sum(pair) for pair in zip(known, found, strict=True)]
        return sums


def _series(memory: memoryview) -> Iterator[tuple[str, int]]:
    """Go through the series of a part with their places, as its writer has left them."""
    used = int(memory[: 8 * VALUES].cast("d")[USED])
    place = FIRST
    for name in bytes(memory[8 * VALUES :][:used]).decode().split("\n")[:-1]:
        yield name, place
        place += _width(name)


def _width(name: str) -> int:
    return FAMILIES[name.partition("{")[0]].width
