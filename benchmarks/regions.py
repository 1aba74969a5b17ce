"""Measure pictures against the seed's own figure: `python benchmarks/regions.py`.

matplotlib, the peer, belongs to no lock of this project: it gets an environment and a process
of its own. Milliseconds of processor time, medians; both sides take turns, so that a busy
machine is busy for both. `--points 1000000` checks polygons against `predict` at that many
random points for every number of classes from 2 to 20.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from harness.environments import PEERS, UnavailableError, interpreter, version
from harness.machine import CACHE, environment
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

from service.regions import Picture, PictureOptions, draw
from service.regions.clipping import partition
from service.regions.field import ScoreField
from service.softmax.contract import FeatureContract, NumericFeature
from service.softmax.model import SoftmaxModel
from service.softmax.sample import Sample

ROUNDS = 25
WARM = 2
"""Rounds that do not count."""

TURN_MS = 20.0
"""A short task is done again until its turn has taken so long: a processor that has just done
something else is slow at first, and the seed's turn is long."""

TARGETS = {"PNG": 8.0, "SVG": 50.0}
"""How many times as long as ours the seed's figure should take."""


def milliseconds(*turns: Callable[[], float]) -> list[float]:
    """Let tasks take turns; give the median of what each says."""
    times: list[list[float]] = [[] for _ in turns]
    for _ in range(WARM + ROUNDS):
        for turn, spent in zip(turns, times, strict=True):
            spent.append(turn())
    return [statistics.median(spent[WARM:]) for spent in times]


def timed(task: Callable[[], object]) -> Callable[[], float]:
    """Make a turn of a task: the milliseconds that it takes once."""

    def turn() -> float:
        times, start = 0, time.process_time()
        while (spent := 1e3 * (time.process_time() - start)) < TURN_MS:
            task()
            times += 1
        return spent / times

    return turn


@contextlib.contextmanager
def the_seed() -> Iterator[Callable[[], float]]:
    """Start the seed's figure in a process of its own; each call draws it once.

    Raises
    ------
    UnavailableError
        If matplotlib cannot be had.
    """
    CACHE.mkdir(exist_ok=True)
    python = interpreter("seed")
    print(f"the seed draws with matplotlib {version(python, 'matplotlib')}")
    with subprocess.Popen(
        [str(python), str(PEERS / "seed" / "figure.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        asks, answers = process.stdin, process.stdout
        if asks is None or answers is None:
            msg = "the seed's process has no pipes"
            raise UnavailableError(msg)

        def draw_it() -> float:
            print(flush=True, file=asks)
            return float(answers.readline())

        yield draw_it
        asks.close()


def against_the_seed() -> None:
    """Compare with the figure of 300 rows on a grid of 400 by 400."""
    X, y = make_classification(
        n_samples=300, n_features=2, n_informative=2, n_redundant=0, n_clusters_per_class=1,
        n_classes=3, random_state=42,
    )  # fmt: skip
    fit = LogisticRegression().fit(X, y)
    names = ("feature_1", "feature_2")
    model = SoftmaxModel(
        classes_=(0, 1, 2),
        levels_=(0, 0),
        coef_=fit.coef_,
        intercept_=fit.intercept_ + fit.coef_ @ X.mean(axis=0),
        mean_=X.mean(axis=0),
        class_prior_=np.bincount(y) / len(y),
    )
    features = [
        NumericFeature(name=name, low=column.min(), high=column.max(), median=np.median(column))
        for name, column in zip(names, X.T, strict=True)
    ]
    contract, sample = FeatureContract(features=tuple(features)), Sample(X=X, y=y.astype(np.intp))

    def picture(**options: object) -> Picture:
        return draw(model, contract, sample, PictureOptions(**options))  # type: ignore[arg-type] # passed on

    ours = {
        "PNG": timed(lambda: picture().png()),
        "SVG": timed(lambda: picture().svg()),
        "SVG, shade=none": timed(lambda: picture(shade="none").svg()),
        "GeoJSON": timed(lambda: picture().geojson()),
    }
    try:
        with the_seed() as seed:
            theirs, *spent = milliseconds(seed, *ours.values())
    except UnavailableError as missing:
        print(f"the seed's figure is left out: {missing}")
        for name, own in zip(ours, milliseconds(*ours.values()), strict=True):
            print(f"{name:18} {own:7.2f} ms")
        return
    print(f"{'the seed, PNG':18} {theirs:7.2f} ms")
    for name, own in zip(ours, spent, strict=True):
        print(f"{name:18} {own:7.2f} ms  1/{theirs / own:.1f}{verdict(name, theirs / own)}")


def verdict(name: str, ratio: float) -> str:
    """Say whether a ratio is what it should be."""
    if name not in TARGETS:
        return ""
    holds = "holds" if ratio >= TARGETS[name] else f"misses by {TARGETS[name] / ratio - 1:.0%}"
    return f"  (to reach: 1/{TARGETS[name]:g}) {holds}"


def many_classes() -> None:
    """Time the polygons alone, where every class wins."""
    for n_classes in (3, 10, 100, 1000):
        places = np.random.default_rng(0).random((n_classes, 2))
        field = ScoreField(slopes=60 * places, offsets=-30 * (places**2).sum(axis=1))
        (spent,) = milliseconds(timed(lambda field=field: partition(field)))
        print(f"polygons, K={n_classes:<7} {spent:7.2f} ms")


def check_points(n_points: int) -> None:
    """Compare polygons with the scores at random points."""
    for n_classes in range(2, 21):
        rng = np.random.default_rng(n_classes)
        slopes, offsets = 4.0 * rng.normal(size=(n_classes, 2)), rng.normal(size=n_classes)
        field, points = ScoreField(slopes=slopes, offsets=offsets), rng.random((n_points, 2))
        predicted = (points @ slopes.T + offsets).argmax(axis=1)
        times, wrong = np.zeros(n_points, dtype=np.int8), 0
        for region in partition(field).regions:
            inside = np.ones(n_points, dtype=np.bool_)
            for (u0, v0), (u1, v1) in region.edges.tolist():
                inside &= (u1 - u0) * (points[:, 1] - v0) >= (v1 - v0) * (points[:, 0] - u0)
            times += inside
            wrong += int((predicted[inside] != region.winner).sum())
        print(
            f"K={n_classes:<3} {n_points} points: {wrong} wrong, {(times == 0).sum()} uncovered, "
            f"{(times > 1).sum()} twice"
        )


def main() -> None:
    """Measure, and check where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="the same: it takes seconds")
    n_points = parser.parse_args().points
    against_the_seed()
    many_classes()
    if n_points:
        check_points(n_points)


if __name__ == "__main__":
    main()
