"""Numbers that the processes of a service share."""

import mmap

from service.api.metrics.shared import SharedCounters

NOBODY = 2**32 - 1


class Board:
    """Memory that is made before the workers are forked, and written by one process a cell.

    Parameters
    ----------
    n_workers : int
        How many workers answer. There are places for twice as many and one more, since
        workers that go still answer while those that come do already.
    """

    def __init__(self, n_workers: int) -> None:
        n_places = 2 * n_workers + 1
        self.counters = SharedCounters(n_places + 1)
        """What each place has counted, and behind them the supervisor."""
        cells = memoryview(mmap.mmap(-1, 4 * (1 + n_places))).cast("I")
        self.everyone = cells[:1]
        """Not zero while every worker answers; the supervisor's."""
        self.loads = cells[1:]
        """How many connections the worker at each place has; NOBODY where none accepts any."""
        for place in range(n_places):
            self.loads[place] = NOBODY
