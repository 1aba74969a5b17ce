"""The families of metrics: names, kinds, what they tell, and the bounds of histograms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

DURATION_BOUNDS = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 10.0),
)
"""Upper bounds in seconds for whole requests, from one short row to a large upload."""

PHASE_BOUNDS = (1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Upper bounds in seconds for parts of a request, which take microseconds for one row."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """One metric, whatever its labels.

    Parameters
    ----------
    kind : {"counter", "gauge", "histogram"}
        How Prometheus reads it.
    text : str
        One line for people.
    bounds : tuple of float
        Upper bounds of a histogram's buckets, ascending; empty for the other kinds.
    """

    kind: Literal["counter", "gauge", "histogram"]
    text: str
    bounds: tuple[float, ...] = ()

    @property
    def width(self) -> int:
        """How many numbers one set of labels takes: a histogram adds +Inf and the sum."""
        return len(self.bounds) + 2 if self.bounds else 1


REQUESTS = "softmax_requests_total"
DURATION = "softmax_request_duration_seconds"
PHASE = "softmax_phase_duration_seconds"
IN_FLIGHT = "softmax_in_flight_requests"
SHED = "softmax_shed_requests_total"
REQUEST_BYTES = "softmax_request_body_bytes_total"
RESPONSE_BYTES = "softmax_response_body_bytes_total"
PREDICTIONS = "softmax_predictions_total"
REJECTED = "softmax_rejected_rows_total"
SHADOW_ROWS = "softmax_shadow_rows_total"
SHADOW_LABELS = "softmax_shadow_label_disagreements_total"
SHADOW_VARIATION = "softmax_shadow_total_variation_total"
SHADOW_DECIDED = "softmax_shadow_decisions_total"
SHADOW_DECISIONS = "softmax_shadow_decision_disagreements_total"
SHADOW_FAILED = "softmax_shadow_failed_rows_total"
RELOAD_FAILURES = "softmax_model_reload_failures_total"
MODEL_INFO = "softmax_model_info"
MODEL_READY = "softmax_model_ready"
MODEL_SINCE = "softmax_model_served_since_timestamp_seconds"
NO_ROOM = "softmax_metrics_without_room_total"
BUILD_INFO = "softmax_build_info"

FAMILIES: Mapping[str, Family] = {
    REQUESTS: Family(kind="counter", text="Requests answered."),
    DURATION: Family(
        kind="histogram",
        text="Time from the headers of a request to the end of its answer.",
        bounds=DURATION_BOUNDS,
    ),
    PHASE: Family(
        kind="histogram",
        text="Time to read, validate, predict and encode, for each answered request with rows.",
        bounds=PHASE_BOUNDS,
    ),
    IN_FLIGHT: Family(kind="gauge", text="Requests being answered."),
    SHED: Family(kind="counter", text="Requests refused because there was too much to do."),
    REQUEST_BYTES: Family(kind="counter", text="Bytes of request bodies that were read."),
    RESPONSE_BYTES: Family(kind="counter", text="Bytes of answers' bodies."),
    PREDICTIONS: Family(kind="counter", text="Rows answered, by most probable class."),
    REJECTED: Family(kind="counter", text="Rows rejected among others that were answered."),
    SHADOW_ROWS: Family(kind="counter", text="Rows that a candidate was asked about as well."),
    SHADOW_LABELS: Family(kind="counter", text="Rows that the candidate labels otherwise."),
    SHADOW_VARIATION: Family(
        kind="counter", text="Total variation between candidate and answer, added up over rows."
    ),
    SHADOW_DECIDED: Family(kind="counter", text="Rows that the candidate decided as well."),
    SHADOW_DECISIONS: Family(kind="counter", text="Rows that the candidate decides otherwise."),
    SHADOW_FAILED: Family(kind="counter", text="Rows that the candidate could not answer."),
    RELOAD_FAILURES: Family(
        kind="counter", text="Versions refused while running; * where the whole look failed."
    ),
    MODEL_INFO: Family(kind="gauge", text="The version that answers when none is asked for."),
    MODEL_READY: Family(kind="gauge", text="Whether that version answers: 1 or 0."),
    MODEL_SINCE: Family(kind="gauge", text="Since when it answers, in Unix time."),
    NO_ROOM: Family(kind="counter", text="Sets of labels for which there was no room."),
    BUILD_INFO: Family(kind="gauge", text="The version of the service."),
}
"""Every metric of the service, in the order in which they are shown."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
"""Methods that have a label of their own; all others share one."""


def series(family: str, **labels: str | int) -> str:
    """Name one set of labels of a family, as Prometheus writes it.

    Parameters
    ----------
    family : str
        One of `FAMILIES`.
    **labels : str or int
        Labels; their values are escaped here.

    Returns
    -------
    str
        Like ``family{name="value"}``, on one line.
    """
    if not labels:
        return family
    inner = ",".join(f'{name}="{_escaped(str(value))}"' for name, value in labels.items())
    return f"{family}{{{inner}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
