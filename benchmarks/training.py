"""Measure fits against scikit-learn's in the same run: `python benchmarks/training.py [--quick]`.

CPU seconds of one process on one thread; both sides take the same columns and reach the same
relative duality gap, which our certificate measures for both. The last figure is the peak
memory of `softmax train` on a CSV file, as a multiple of the table's size as doubles.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from service.softmax.arrays import Floats, Integers
from service.softmax.certificate import duality_gap
from service.softmax.contract import CategoricalFeature, Feature, FeatureContract, NumericFeature
from service.softmax.objective import Penalty
from service.training.fit import Fitted, fit
from service.training.preparation import Samples
from service.training.recipe import Recipe

RAW = Recipe(target="y", standardize=False)
GAP = 1e-10


def cpu_seconds(task: Callable[[], object]) -> float:
    """Time a task once; fits of seconds vary by a few hundredths."""
    start = time.process_time()
    task()
    return time.process_time() - start


def numbers(X: Floats) -> FeatureContract:
    """Describe columns of numbers."""
    features: list[Feature] = [
        NumericFeature(name=f"x{j}", low=-1.0, high=1.0, median=0.0) for j in range(X.shape[1])
    ]
    return FeatureContract(features=tuple(features))


def ours(X: Floats, y: Integers, contract: FeatureContract) -> Fitted:
    """Fit as `softmax train` does."""
    samples = Samples(X=X, y=y, sample_weight=np.ones(len(y)))
    return fit(samples, tuple(range(int(y.max()) + 1)), contract, RAW)


def theirs(X: Floats, y: Integers, solver: str, tol: float, max_iter: int) -> LogisticRegression:
    """Fit with scikit-learn alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(solver=solver, tol=tol, max_iter=max_iter).fit(X, y)


def relative_gap(X: Floats, y: Integers, estimator: LogisticRegression) -> float:
    """Certify a fit of scikit-learn's."""
    gap = duality_gap(
        X - X.mean(axis=0),
        y,
        np.ones(len(y)),
        estimator.coef_,
        estimator.intercept_ + estimator.coef_ @ X.mean(axis=0),
        n_classes=len(estimator.classes_),
        penalty=Penalty(C=1.0, l1_ratio=0.0),
        fit_intercept=True,
    )
    return gap.duality_gap / gap.objective


def table(n_rows: int, *, raw: bool) -> tuple[Floats, Integers]:
    """Make rows of 50 columns and 10 classes; raw ones are correlated, shifted, ill-scaled."""
    random = np.random.default_rng(0)
    X = random.normal(size=(n_rows, 50))
    scores = X @ random.normal(size=(50, 10)) * 0.5 + random.gumbel(size=(n_rows, 10))
    if raw:
        X = X @ (np.eye(50) + 0.9 * random.normal(size=(50, 50)) / np.sqrt(50))
        X = X * np.logspace(-3, 3, 50) + random.normal(size=50) * np.logspace(-2, 4, 50)
    return X, scores.argmax(axis=1)


def badly_scaled(n_rows: int) -> None:
    """Compare with a thousand iterations of scikit-learn's L-BFGS."""
    X, y = table(n_rows, raw=True)
    estimator: list[LogisticRegression] = []
    peer = cpu_seconds(lambda: estimator.append(theirs(X, y, "lbfgs", 1e-4, 1000)))
    fitted: list[Fitted] = []
    mine = cpu_seconds(lambda: fitted.append(ours(X, y, numbers(X))))
    print(
        f"raw {n_rows}x50x10: 1/{peer / mine:.1f} of scikit-learn's CPU"
        f" ({mine:.2f} s, relative gap {fitted[0].certificate.relative_gap:.0e};"
        f" theirs {peer:.2f} s, {estimator[0].n_iter_[0]} iterations,"
        f" {relative_gap(X, y, estimator[0]):.0e})"
    )


def well_scaled(name: str, X: Floats, y: Integers, solvers: tuple[str, ...]) -> None:
    """Compare with the fastest of scikit-learn's solvers that reaches the same gap."""
    best, how = np.inf, "none"
    for solver in solvers:
        for tol in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10):
            estimator: list[LogisticRegression] = []
            spent = cpu_seconds(lambda: estimator.append(theirs(X, y, solver, tol, 5000)))  # noqa: B023 - called at once
            if relative_gap(X, y, estimator[0]) <= GAP:
                if spent < best:
                    best, how = spent, f"{solver} at tol {tol:g}"
                break
    mine = min(cpu_seconds(lambda: ours(X, y, numbers(X))) for _ in range(2))
    print(f"{name}: {mine / best:.2f}x scikit-learn's fastest ({mine:.2f} s; {how} {best:.2f} s)")


def categories(n_rows: int) -> None:
    """Fit five columns of a thousand categories each, which as a dense matrix are 0.8 GB."""
    random = np.random.default_rng(1)
    codes = random.integers(0, 1000, size=(n_rows, 5))
    effects = random.normal(size=(5, 1000, 10))
    scores = sum(effects[j, codes[:, j]] for j in range(5)) + random.gumbel(size=(n_rows, 10))
    contract = FeatureContract(
        features=tuple(
            CategoricalFeature(
                name=f"c{j}", categories=tuple(f"{level:04}" for level in range(1000)), mode="0000"
            )
            for j in range(5)
        )
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fitted: list[Fitted] = []
    y = np.asarray(scores).argmax(axis=1)
    mine = cpu_seconds(lambda: fitted.append(ours(codes.astype(float), y, contract)))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    dense = n_rows * 5000 * 8 / 2**20
    print(
        f"categories {n_rows}x5000x10: {mine:.1f} s,"
        f" relative gap {fitted[0].certificate.relative_gap:.0e},"
        f" peak memory +{grown:.0f} MiB (a dense matrix has {dense:.0f} MiB)"
    )


def csv_memory(n_rows: int) -> None:
    """Measure the peak memory of the command on a file of 50 columns."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        random = np.random.default_rng(2)
        with path.open("w") as file:
            file.write(",".join(f"x{j}" for j in range(50)) + ",y\n")
            for _ in range(n_rows // 10_000):
                X = random.normal(size=(10_000, 50))
                labels = np.array(list("abc"))[X[:, :3].argmax(axis=1)]
                file.writelines(
                    ",".join(f"{value:.6f}" for value in row) + f",{label}\n"
                    for row, label in zip(X, labels, strict=True)
                )
        subprocess.run(
            [sys.executable, "-m", "service", "train", str(path), "--target", "y"],
            check=True,
            stdout=subprocess.DEVNULL,
            env=os.environ | {"SOFTMAX_MODELS": f"{folder}/models"},
        )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    size = n_rows * 50 * 8
    print(f"csv {n_rows}x50: peak memory {peak / size:.2f}x its size as doubles ({peak >> 20} MiB)")


def main() -> None:
    """Print one line a comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    share = 10 if parser.parse_args().quick else 1
    badly_scaled(100_000 // share)
    X, y = table(100_000 // share, raw=False)
    well_scaled(f"well scaled {len(X)}x50x10", X, y, ("lbfgs", "newton-cg"))
    digits = load_digits()
    well_scaled("digits", digits.data / 16, digits.target, ("lbfgs", "newton-cg"))
    categories(20_000 // share)
    csv_memory(1_000_000 // share)


if __name__ == "__main__":
    main()
