"""How many requests a second one key may make, counted in memory that workers share.

The generic cell rate algorithm keeps one number for each client: the time at which, at the
allowed pace, all that it has asked for would have been due. Two workers that serve one key
in the same microsecond may both read the number before either writes it; the key then gets
one request more, and no lock is needed.
"""

import mmap
from time import monotonic

ENTRIES = 1024
"""Clients that are told apart at a time; more than there can be keys."""

ANYBODY = 1
"""The tag of requests without a key."""


class RateLimit:
    """One limit for all clients alike; made before the workers are forked.

    Parameters
    ----------
    per_second : float
        Requests a second; as many may also come at once.
    """

    def __init__(self, per_second: float) -> None:
        memory = memoryview(mmap.mmap(-1, 16 * ENTRIES))
        self._tags = memory[: 8 * ENTRIES].cast("Q")
        self._dues = memory[8 * ENTRIES :].cast("d")
        self._pace_s = 1.0 / per_second
        self._slack_s = max(0.0, 1.0 - self._pace_s)

    def wait_s(self, tag: int) -> float:
        """Count a request, or say how long it has to wait.

        Parameters
        ----------
        tag : int
            Which client, as a number of 64 bits, not zero.

        Returns
        -------
        float
            Seconds until it would be let in; zero if it is, and only then it counts.
        """
        now = monotonic()
        entry = self._entry(tag, now)
        due = max(now, self._dues[entry])
        if due - now > self._slack_s:
            return due - now - self._slack_s
        self._dues[entry] = due + self._pace_s
        return 0.0

    def _entry(self, tag: int, now: float) -> int:
        for step in range(ENTRIES):
            entry = (tag + step) % ENTRIES
            if self._tags[entry] == tag:
                return entry
            if self._tags[entry] == 0 or self._dues[entry] < now:  # never used, or at rest
                break
        self._tags[entry] = tag
        self._dues[entry] = 0.0
        return entry
