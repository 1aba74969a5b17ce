"""Make the pipeline of `harness/cases.py` here: `pipeline.py PARTS.npz OUT.joblib`."""

import sys

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main() -> None:
    """Fit anything of the right shape, then put the numbers of the fit in."""
    parts = np.load(sys.argv[1])
    n_classes, n_features = parts["coef"].shape
    X = np.random.default_rng(0).normal(size=(10 * n_classes, n_features))
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    pipeline.fit(X, np.tile(parts["classes"], 10))
    scaler, regression = pipeline[0], pipeline[1]
    scaler.mean_, scaler.scale_, scaler.var_ = parts["mean"], parts["scale"], parts["scale"] ** 2
    regression.coef_, regression.intercept_ = parts["coef"], parts["intercept"]
    joblib.dump(pipeline, sys.argv[2])


if __name__ == "__main__":
    main()
