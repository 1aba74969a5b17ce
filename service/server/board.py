"""What the processes of a service share, or inherit."""

import mmap

from service.api.guards import gate_of
from service.api.metrics.shared import SharedCounters
from service.settings import Settings

NOBODY = 2**32 - 1


class Board:
    """Memory that is made before the workers are forked, and written by one process a cell.

    Parameters
    ----------
    settings : Settings
        How many workers answer, among others. There are places for twice as many and one
        more, since workers that go still answer while those that come do already.
    """

    def __init__(self, settings: Settings) -> None:
        n_places = 2 * settings.workers + 1
        self.gate = gate_of(settings)
        """Who may ask; a worker inherits it, and is told of keys that change."""
        self.counters = SharedCounters(n_places + 1)
        """What each place has counted, and behind them the supervisor."""
        cells = memoryview(mmap.mmap(-1, 4 * (1 + n_places))).cast("I")
        self.everyone = cells[:1]
        """Not zero while every worker answers; the supervisor's."""
        self.loads = cells[1:]
        """How many connections the worker at each place has; NOBODY where none accepts any."""
        for place in range(n_places):
            self.loads[place] = NOBODY
