"""Measure pictures against the seed's own figure: `python benchmarks/regions.py`.

matplotlib, the peer, belongs to no lock of this project: where it is missing the figure is left
out. CPU milliseconds of one process, medians; both sides take turns, so that a busy machine is
busy for both. `--points 1000000` checks polygons against `predict` at that many random points
for every number of classes from 2 to 20.
"""

import argparse
import io
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

from service.regions import PictureOptions, draw
from service.regions.field import ScoreField
from service.regions.polygons import partition
from service.softmax.contract import FeatureContract, NumericFeature
from service.softmax.model import SoftmaxModel
from service.softmax.sample import Sample

ROUNDS = 25


def milliseconds(*tasks: Callable[[], object]) -> list[float]:
    """Time tasks in turns; give the median of each."""
    times: list[list[float]] = [[] for _ in tasks]
    for _ in range(ROUNDS):
        for task, spent in zip(tasks, times, strict=True):
            start = time.process_time()
            task()
            spent.append(1e3 * (time.process_time() - start))
    return [statistics.median(spent[2:]) for spent in times]


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

    def picture(**options: object) -> object:
        return draw(model, contract, sample, PictureOptions(**options))  # type: ignore[arg-type] # passed on

    ours = {
        "PNG": lambda: picture().png(),
        "SVG": lambda: picture().svg(),
        "SVG, shade=none": lambda: picture(shade="none").svg(),
        "GeoJSON": lambda: picture().geojson(),
    }
    try:
        import matplotlib as mpl
    except ImportError:
        print("matplotlib is not installed: the seed's figure is left out")
        for name, spent in zip(ours, milliseconds(*ours.values()), strict=True):
            print(f"{name:18} {spent:7.2f} ms")
        return
    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.colors import ListedColormap

    def seed() -> bytes:
        figure = plt.figure(figsize=(7, 6))
        low, high = X.min(axis=0) - 1, X.max(axis=0) + 1
        xx, yy = np.meshgrid(*(np.linspace(a, b, 400) for a, b in zip(low, high, strict=True)))
        Z = fit.predict(np.c_[xx.ravel(), yy.ravel()]).reshape(xx.shape)
        colours = ListedColormap(["red", "green", "blue"])
        plt.contourf(xx, yy, Z, alpha=0.3, cmap=colours)
        plt.scatter(X[:, 0], X[:, 1], c=y, cmap=colours, edgecolor="k")
        plt.title("Softmax regression")
        plt.xlabel(names[0])
        plt.ylabel(names[1])
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=100)
        plt.close(figure)
        return buffer.getvalue()

    theirs, *spent = milliseconds(seed, *ours.values())
    print(f"{'the seed, PNG':18} {theirs:7.2f} ms")
    for name, own in zip(ours, spent, strict=True):
        print(f"{name:18} {own:7.2f} ms  1/{theirs / own:.1f}")


def many_classes() -> None:
    """Time the polygons alone, where every class wins."""
    for n_classes in (3, 10, 100, 1000):
        places = np.random.default_rng(0).random((n_classes, 2))
        field = ScoreField(slopes=60 * places, offsets=-30 * (places**2).sum(axis=1))
        (spent,) = milliseconds(lambda field=field: partition(field))
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
