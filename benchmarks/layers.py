"""Measure what each part of a prediction costs: `python benchmarks/layers.py [--quick]`.

Microseconds of one process on one thread, the best of many repetitions. The parts are those
whose times the service itself puts into `softmax_phase_duration_seconds`; beside them stands
what scikit-learn takes for the same rows. What HTTP costs is in docs/benchmarks.md: the
processor time of the constants.
"""

import argparse
import os
import timeit
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from harness.cases import IRIS, WIDE, Case, as_json

from service.api.admission import Admission
from service.api.guards import lone_guards
from service.api.head import Head
from service.api.media import Format
from service.api.metrics.note import Note
from service.api.served import Models
from service.artifacts.loading import load_catalogue
from service.artifacts.store import Store
from service.settings import Settings

PLAIN = Head({"method": "POST", "path": "/predict_proba", "query_string": b"", "headers": []})
PARTS = ("decode and validate", "evaluate", "encode")


def microseconds(task: Callable[[], object], seconds: float) -> float:
    """Time a task in groups of about a millisecond; give the best of them."""
    once = min(timeit.repeat(task, number=1, repeat=3))
    number = max(1, round(1e-3 / once))
    repeat = max(3, round(seconds / (number * once)))
    return 1e6 * min(timeit.repeat(task, number=number, repeat=repeat)) / number


def layers(case: Case, n_rows: int, seconds: float) -> dict[str, float]:
    """Give the microseconds of the parts of one request."""
    case.publish()
    settings = Settings(models=case.store, default_model=case.name)
    models = Models(load_catalogue(Store(root=case.store), case.name).catalogue)
    counters = lone_guards(settings).recorder.values
    account = Admission(counters, settings.in_flight, settings.inflight_bytes)
    _, endpoint = models.served.endpoints["/predict_proba"]
    X, noted = case.rows(n_rows), []
    body = as_json(instances=X)

    def answer() -> None:
        note = Note(b"", PLAIN, account)
        content = endpoint.short.answer(body, note) if n_rows == 1 and endpoint.short else None
        if content is None:  # many rows, or one that is not familiar
            endpoint.answer(body, Format.JSON, Format.JSON, {}, note, max_rows=n_rows)
        noted.append(note.phases[1:])

    found = {"from bytes to bytes": microseconds(answer, seconds)}
    for part, spent in zip(PARTS, zip(*noted, strict=True), strict=True):
        found[part] = 1e6 * min(spent)
    sklearn = microseconds(lambda: case.pipeline.predict_proba(X), seconds)
    return found | {"scikit-learn's predict_proba alone": sklearn}


def every_layer(seconds: float) -> dict[str, dict[str, float]]:
    """Give the parts of four requests."""
    return {
        f"{n_rows:,}×{case.n_features}, {case.n_classes} classes": layers(case, n_rows, seconds)
        for case, n_rows in ((IRIS, 1), (WIDE, 1), (WIDE, 1_000), (WIDE, 100_000))
    }


def main() -> None:
    """Print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the time")
    seconds = 0.1 if parser.parse_args().quick else 1.0
    for request, parts in every_layer(seconds).items():
        print(request)
        for part, spent in parts.items():
            print(f"   {part}: {spent:,.1f} μs")


if __name__ == "__main__":
    main()
