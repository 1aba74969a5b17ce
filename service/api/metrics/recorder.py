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
from service.softmax.arrays import Floats, Label, label_text

if TYPE_CHECKING:
    from service.api.shadow import Disagreement

PHASES = ("read", "validate", "predict", "encode")
LEFT = 499
"""The status under which a request is counted whose client left before the answer."""

MOST_WAITING = 4096
"""Rows whose times and bytes wait for `fold` at most."""

_DURATION_SUM = len(DURATION_BOUNDS) + 1
_PHASE_SUM = len(PHASE_BOUNDS) + 1
_NO_TIMES = (0.0, 0.0, 0.0, 0.0)


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
        self._rows: list[tuple[float, ...]] = []
        self._phases = tuple(self.counters.place(series(PHASE, phase=phase)) for phase in PHASES)
        self._all: Floats = np.asarray(self.values)

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
        if note.status == HTTPStatus.OK and isinstance(note.predicted, int) and note.tally:
            self._answered_row(note, note.tally, note.predicted, seconds)
            return
        values = self.values
        requests, durations = self._request(note.route, note.head.method, note.status or LEFT)
        values[requests] += 1.0
        values[durations + bisect_left(DURATION_BOUNDS, seconds)] += 1.0
        values[durations + _DURATION_SUM] += seconds
        if note.bytes_in:
            values[self._bytes_in] += note.bytes_in
        values[self._bytes_out] += note.bytes_out
        if note.phases is not None:
            for place, phase_s in zip(self._phases, note.phases, strict=True):
                values[place + bisect_left(PHASE_BOUNDS, phase_s)] += 1.0
                values[place + _PHASE_SUM] += phase_s
        if note.disagreement is not None:
            self._disagreed(note.disagreement)
        if note.tally is not None and not isinstance(note.predicted, int):
            self._predicted(note.tally, note.predicted or {}, note.rejected or {})

    def _answered_row(self, note: Note, tally: Tally, winner: int, seconds: float) -> None:
        """Count a request for one row that has been answered by the short way.

        Its times and bytes wait for `fold`: one by one they would take a tenth of the time of
        the answer.
        """
        places = tally.routes.get(note.route)
        if places is None:
            places = tally.routes[note.route] = self._request(note.route, "POST", HTTPStatus.OK)
        requests, durations = places
        self.values[requests] += 1.0
        self.values[tally.places[winner]] += 1.0
        times = note.phases or _NO_TIMES
        self._rows.append((durations, note.bytes_in, note.bytes_out, seconds, *times))
        if len(self._rows) >= MOST_WAITING:
            self.fold()

    def fold(self) -> None:
        """Add up what waits; the server does it now and then, and whoever is asked for metrics."""
        if not self._rows:
            return
        durations, bytes_in, bytes_out, seconds, *phases = np.array(self._rows).T
        self._rows.clear()
        self._observe(durations, seconds, DURATION_BOUNDS)
        for place, column in zip(self._phases, phases, strict=True):
            self._observe(np.full(len(column), place), column, PHASE_BOUNDS)
        self.values[self._bytes_in] += float(bytes_in.sum())
        self.values[self._bytes_out] += float(bytes_out.sum())

    def _observe(self, places: Floats, values: Floats, bounds: tuple[float, ...]) -> None:
        """Put values into the histograms that begin at places."""
        self._add(places + np.searchsorted(bounds, values))
        self._add(places + len(bounds) + 1, values)

    def _add(self, places: Floats, weights: Floats | None = None) -> None:
        sums = np.bincount(places.astype(np.intp), weights)
        self._all[: len(sums)] += sums

    def _request(self, route: str, method: str, status: int) -> tuple[int, int]:
        key = (route, method, status)
        places = self._places.get(key)
        if places is None:
            duration = self.counters.place(series(DURATION, route=route))
            places = self._places[key] = (self._new_request(*key), duration)
        return places

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

    def _predicted(
        self,
        tally: Tally,
        predicted: Mapping[int, int],
        rejected: Mapping[str, int],
    ) -> None:
        for column, number in predicted.items():
            self.values[tally.places[column]] += number
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
