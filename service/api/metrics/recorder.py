"""From the note of a request to the numbers of its process."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

import numpy as np

from service.api.metrics.families import (
    DURATION,
    DURATION_BOUNDS,
    METHODS,
    PHASE,
    PHASE_BOUNDS,
    PREDICTIONS,
    REJECTED,
    RELOAD_FAILURES,
    REQUEST_BYTES,
    REQUESTS,
    RESPONSE_BYTES,
    SHADOW_DECIDED,
    SHADOW_DECISIONS,
    SHADOW_FAILED,
    SHADOW_LABELS,
    SHADOW_ROWS,
    SHADOW_VARIATION,
    SHED,
    series,
)
from service.api.metrics.note import Note, Tally
from service.api.metrics.shared import Counters, SharedCounters
from service.softmax.arrays import Label, label_text

if TYPE_CHECKING:
    from service.api.shadow import Disagreement

PHASES = ("read", "validate", "predict", "encode")
LEFT = 499
"""The status under which a request is counted whose client left before the answer."""

MOST_TIMED = 4096
"""Requests whose phases wait for `fold` at most."""

_DURATION_SUM = len(DURATION_BOUNDS) + 1
_PHASE_SUM = len(PHASE_BOUNDS) + 1


class Recorder:
    """Counts what one process answers.

    Parameters
    ----------
    shared : SharedCounters
        The numbers of all processes.
    part : int
        Which part of them this process writes.
    """

    def __init__(self, shared: SharedCounters, part: int = 0) -> None:
        self.shared = shared
        self.counters = shared.part(part)
        self.values = self.counters.values
        self._places: dict[tuple[str, str, int], tuple[int, int]] = {}
        self._tallies: dict[tuple[str, str], Tally] = {}
        self._bytes_in = self.counters.place(REQUEST_BYTES)
        self._bytes_out = self.counters.place(RESPONSE_BYTES)
        self._timed: list[tuple[float, float, float, float]] = []
        self._phases = tuple(self.counters.place(series(PHASE, phase=phase)) for phase in PHASES)

    def tally(self, model: str, digest: str, classes: Iterable[Label]) -> Tally:
        """Give the place where a model's predictions are counted.

        Parameters
        ----------
        model : str
            Its name.
        digest : str
            Of the version that answers.
        classes : iterable of str, int or bool
            Its classes in order.

        Returns
        -------
        Tally
            For the notes of requests that this model answers.
        """
        found = self._tallies.get((model, digest))
        if found is None:
            places = (
                self.counters.place(series(PREDICTIONS, model=model, **{"class": label_text(one)}))
                for one in classes
            )
            found = self._tallies[model, digest] = Tally(model, tuple(places))
        return found

    def answered(self, note: Note, seconds: float) -> None:
        """Count a request that has been answered.

        Parameters
        ----------
        note : Note
            What is known about it.
        seconds : float
            How long it took.
        """
        values = self.values
        key = (note.route, note.head.method, note.status or LEFT)
        places = self._places.get(key)
        if places is None:
            duration = self.counters.place(series(DURATION, route=note.route))
            places = self._places[key] = (self._new_request(*key), duration)
        requests, durations = places
        values[requests] += 1.0
        values[durations + bisect_left(DURATION_BOUNDS, seconds)] += 1.0
        values[durations + _DURATION_SUM] += seconds
        if note.bytes_in:
            values[self._bytes_in] += note.bytes_in
        values[self._bytes_out] += note.bytes_out
        if note.phases is not None:
            self._timed.append(note.phases)
            if len(self._timed) >= MOST_TIMED:
                self.fold()
        if note.disagreement is not None:
            self._disagreed(note.disagreement)
        if note.tally is not None:
            self._predicted(note.tally, note.predicted, note.rejected)

    def _disagreed(self, found: "Disagreement") -> None:
        for family, number in (
            (SHADOW_ROWS, found.n_rows),
            (SHADOW_LABELS, found.n_labels),
            (SHADOW_VARIATION, found.total_variation),
            (SHADOW_DECIDED, found.n_decided),
            (SHADOW_DECISIONS, found.n_decisions),
            (SHADOW_FAILED, found.n_failed),
        ):
            name = series(family, model=found.model, version=found.version)
            self.values[self.counters.place(name)] += number

    def fold(self) -> None:
        """Put the phases of requests since the last time into their histograms.

        One by one that would take as long as all the rest of counting; the server does it
        now and then, and whoever is asked for metrics before it tells them.
        """
        if not self._timed:
            return
        columns = np.array(self._timed).T
        self._timed.clear()
        for place, column in zip(self._phases, columns, strict=True):
            buckets = np.bincount(np.searchsorted(PHASE_BOUNDS, column))
            for bucket, number in enumerate(buckets.tolist()):
                if number:
                    self.values[place + bucket] += number
            self.values[place + _PHASE_SUM] += float(column.sum())

    def _predicted(
        self,
        tally: Tally,
        predicted: int | Mapping[int, int] | None,
        rejected: Mapping[str, int] | None,
    ) -> None:
        if isinstance(predicted, int):
            self.values[tally.places[predicted]] += 1.0
        elif predicted is not None:
            for column, number in predicted.items():
                self.values[tally.places[column]] += number
        if rejected:
            for code, number in rejected.items():
                place = self.counters.place(series(REJECTED, model=tally.model, code=code))
                self.values[place] += number

    def refused(self, status: int) -> None:
        """Count a request that was refused before anything was known about it."""
        place = self._new_request("unmatched", "", status)
        self.values[place] += 1.0

    def turned_away(self) -> None:
        """Count a request that was refused unseen, since it had waited too long."""
        self.refused(HTTPStatus.SERVICE_UNAVAILABLE)
        self.shed("requests")

    def shed(self, reason: str) -> None:
        """Count a request that was refused because there was too much to do."""
        self.values[self.counters.place(series(SHED, reason=reason))] += 1.0

    def _new_request(self, route: str, method: str, status: int) -> int:
        known = method if method in METHODS else "other"
        return self.counters.place(series(REQUESTS, route=route, method=known, status=status))


def count_reload_failures(counters: Counters, models: Iterable[str]) -> None:
    """Count versions that were refused while the service ran.

    Parameters
    ----------
    counters : Counters
        The part of the process that looks at the store.
    models : iterable of str
        The model of each refused version; ``*`` for a look that failed as a whole.
    """
    for model in models:
        counters.values[counters.place(series(RELOAD_FAILURES, model=model))] += 1.0
