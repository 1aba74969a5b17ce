"""The models that everyone serves, pipelines of scikit-learn, and rows for them."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import joblib
import numpy as np
import orjson
from harness.environments import PEERS, UnavailableError
from harness.machine import CACHE, ROOT
from numpy.typing import NDArray
from sklearn.datasets import load_iris, make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

TOLERANCE = 1e-9

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A fitted pipeline.

    Parameters
    ----------
    name : str
        What the model is called.
    n_features, n_classes : int
        Its size.
    """

    name: str
    n_features: int
    n_classes: int

    @property
    def store(self) -> Path:
        """A store of our models with this one in it, and no other."""
        return CACHE / "stores" / self.name

    @cached_property
    def samples(self) -> tuple[Floats, NDArray[np.str_]]:
        """Rows and labels of the fit, the same each time."""
        if self.name == "iris":
            X, y = load_iris(return_X_y=True)
        else:
            X, y = make_classification(
                n_samples=4000, n_features=self.n_features, n_classes=self.n_classes,
                n_informative=max(2, self.n_features * 3 // 4), n_redundant=0,
                n_clusters_per_class=1, random_state=0,
            )  # fmt: skip
        return X, np.array([f"class {label:03}" for label in y])

    @cached_property
    def pipeline(self) -> Pipeline:
        """The pipeline, fitted to them."""
        fitted: Pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        return fitted.fit(*self.samples)

    def rows(self, count: int) -> Floats:
        """Make rows near those of the fit, with six decimals."""
        scaler = self.pipeline[0]
        draw = np.random.default_rng(1).normal(size=(count, self.n_features))
        return (scaler.mean_ + scaler.scale_ * draw).round(6)

    def saved(self, peer: str, python: Path) -> Path:
        """Save the pipeline as the scikit-learn of a peer's environment would."""
        target = CACHE / "models" / f"{self.name}-{peer}.joblib"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            parts = target.with_suffix(".npz")
            scaler, regression = self.pipeline
            np.savez(
                parts, mean=scaler.mean_, scale=scaler.scale_, coef=regression.coef_,
                intercept=regression.intercept_, classes=regression.classes_,
            )  # fmt: skip
            run([str(python), str(PEERS / "pipeline.py"), str(parts), str(target)])
        return target

    def publish(self) -> None:
        """Import the pipeline into our store."""
        if (self.store / self.name / "ACTIVE").exists():
            return
        file, table = (CACHE / f"{self.name}.{suffix}" for suffix in ("joblib", "csv"))
        CACHE.mkdir(exist_ok=True)
        joblib.dump(self.pipeline, file)
        names = [f"x{j}" for j in range(self.n_features)]
        samples = zip(*self.samples, strict=True)
        lines = [",".join([*map(str, row), label]) for row, label in samples]
        table.write_text("\n".join([",".join([*names, "y"]), *lines]), encoding="utf-8")
        run(
            [
                sys.executable, "-m", "service", "models", "import", str(file), "--name", self.name,
                "--trust-pickle", "--features", ",".join(names), "--data", str(table),
                "--target", "y",
            ],
            SOFTMAX_MODELS=str(self.store),
        )  # fmt: skip

    def publish_copies(self, count: int) -> None:
        """Have the model in our store under other names too."""
        for number in range(count):
            copy = self.store / f"{self.name}-{number:04}"
            if not copy.exists():
                shutil.copytree(self.store / self.name, copy)

    def withdraw_copies(self) -> None:
        """Have it only under its own name again."""
        for copy in self.store.glob(f"{self.name}-[0-9]*"):
            shutil.rmtree(copy)


IRIS = Case(name="iris", n_features=4, n_classes=3)
WIDE = Case(name="wide", n_features=20, n_classes=10)


def run(command: list[str], **more: str) -> None:
    """Run a command of ours that prepares something; its words matter only when it fails.

    Raises
    ------
    UnavailableError
        If it fails.
    """
    env = os.environ | more
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, env=env)
    if done.returncode:
        msg = f"{' '.join(command[1:6])} …: {done.stderr.strip()[-200:]}"
        raise UnavailableError(msg)


def as_json(**fields: object) -> bytes:
    """Write a body."""
    return orjson.dumps(fields, option=orjson.OPT_SERIALIZE_NUMPY)
