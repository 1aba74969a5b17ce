"""Measure the service against its peers and against constants: `serving.py [--quick]`.

The server has one core, the load generator another; everyone serves the same two pipelines,
with one worker and one BLAS thread, and is checked against `predict_proba` before it counts.
A full run writes docs/benchmarks.md and its plot; a quick one only prints.
"""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from harness import page, plot
from harness.ceilings import ASGI, FASTAPI, NGINX, STARLETTE, nginx_version
from harness.environments import UnavailableError, system_tool, tool_version
from harness.figures import BULK, ONE_IRIS, Figures
from harness.load import FailedRequestsError
from harness.machine import CACHE, ROOT, busy, cores, described
from harness.measure import FULL, QUICK, WrongAnswerError, measure, measure_ceilings
from harness.scale import Growth, growths
from harness.subjects import OURS, PEER_SUBJECTS, TUTORIAL
from harness.targets import verdicts
from layers import every_layer

DOCUMENT, PLOT = ROOT / "docs" / "benchmarks.md", ROOT / "docs" / "images" / "benchmarks.svg"
PEERS = (TUTORIAL, *PEER_SUBJECTS)
QUICK_PEERS = ("tutorial app", "MLServer", "vetiver")
"""The fastest of them; the others start slowly."""


def main() -> None:
    """Measure, print, and after a full run write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="once, a second each, fewer peers")
    parser.add_argument("--only", metavar="A,B", help="names of services, for a look at some")
    options = parser.parse_args()
    only = tuple(options.only.split(",")) if options.only else None
    plan = QUICK if options.quick else FULL
    CACHE.mkdir(exist_ok=True)
    try:
        system_tool("wrk")
    except UnavailableError as missing:
        print(f"serving is not measured: {missing}")
        return

    chosen = only or (QUICK_PEERS if options.quick else tuple(peer.name for peer in PEERS))
    peers = [peer for peer in PEERS if peer.name in chosen]
    ceilings = [ASGI, NGINX] if options.quick else [ASGI, NGINX, STARLETTE, FASTAPI]
    found, load = Figures(), busy()
    for number in range(plan.rounds):
        print(f"-- round {number + 1} of {plan.rounds}, load average {busy():.1f}")
        for subject in (OURS, *peers):
            _attempt(subject.name, lambda subject=subject: measure(subject, plan, found))
        for name in ceilings:
            _attempt(name, lambda name=name: measure_ceilings(name, plan, found))
    parted = {} if only or options.quick else every_layer(1.0)
    grown = list[Growth]()
    if not only:
        growing = growths(plan.seconds, quick=options.quick)
        _attempt("further growth", lambda: grown.extend(growing))

    versions = {subject.name: subject.version() for subject in (OURS, *peers)}
    versions |= {"uvicorn": _uvicorn(), "wrk": tool_version(["wrk", "-v"])}
    _attempt(NGINX, lambda: versions.update(nginx=nginx_version()))
    names = [subject.name for subject in (OURS, *peers)] + ceilings
    results = _results(found, names, grown=grown, parted=parted, versions=versions, load=load)
    print(f"\n{results}")
    (CACHE / "results.md").write_text(results, encoding="utf-8")
    if not options.quick and only is None:
        _write(found, results, names, ceilings)


def _attempt(name: str, work: Callable[[], None]) -> None:
    """Do without those that are missing or fail, with a word."""
    try:
        work()
    except (UnavailableError, FailedRequestsError, WrongAnswerError) as reason:
        print(f"   {name} is left out: {reason}", flush=True)


def _uvicorn() -> str:
    from importlib.metadata import version

    return version("uvicorn")


def _results(
    found: Figures,
    names: list[str],
    *,
    grown: list[Growth],
    parted: Mapping[str, Mapping[str, float]],
    versions: dict[str, str],
    load: float,
) -> str:
    core = "its own core" if len(cores()) > 1 else "the same core"
    machine = (
        f"Measured on {described()}; load average {load:.1f} before the run; server on one core,"
        f" load generator on {core}; {found.count()} repetitions at most, best and (median)."
    )
    parts = [
        page.ratios(verdicts(found)),
        f"{machine} {page.versions(versions)}.",
        "### Every figure",
        page.figures(found, [name for name in names if found.values.get(name)]),
    ]
    if parted:
        parts += ["### What the parts of a request cost", page.layers(parted)]
    if grown:
        parts += ["### How cost grows", page.scale(grown)]
    return "\n\n".join(parts)


def _write(found: Figures, results: str, names: list[str], ceilings: list[str]) -> None:
    kinds = {name: "ceiling" if name in ceilings else "peer" for name in names}
    kinds[OURS.name] = "ours"
    panels = []
    for quantity in (ONE_IRIS, BULK):
        values = {name: best for name in names if (best := found.best(name, quantity))}
        panels.append(
            plot.Panel(title=f"{quantity.name}, {quantity.unit} (logarithmic)", values=values)
        )
    PLOT.write_text(plot.bars(panels, kinds), encoding="utf-8")
    results = f"![Requests and rows a second]({PLOT.relative_to(DOCUMENT.parent)})\n\n{results}"
    DOCUMENT.write_text(page.put(DOCUMENT.read_text(encoding="utf-8"), results), encoding="utf-8")
    print(f"\nwritten: {DOCUMENT.relative_to(Path.cwd())}, {PLOT.relative_to(Path.cwd())}")


if __name__ == "__main__":
    main()
