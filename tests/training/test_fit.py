"""Fits of every shape: few rows, many classes, many categories, weights, a start, the same bits."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from service.softmax.arrays import Floats, Integers
from service.tables.table import NumberColumn, Table, TableColumn, category_column
from service.training.embedded import embedded_table
from service.training.fit import fit
from service.training.preparation import Prepared, prepare
from service.training.recipe import Recipe

CLOSE = 1e-6


def prepared(table: Table, target: str, **options: object) -> tuple[Prepared, Recipe]:
    recipe = Recipe(target=target, test_size=0.0, **options)  # type: ignore[arg-type]  # by name
    return prepare(table, recipe), recipe


def furthest(rows: Prepared, recipe: Recipe, X: Floats) -> float:
    """The largest difference of a training probability between our fit and Newton's method."""
    samples = rows.train
    fitted = fit(samples, rows.classes, rows.contract, recipe)
    assert fitted.certificate.converged
    peer = LogisticRegression(C=recipe.C, solver="newton-cholesky", tol=1e-13, max_iter=1000)
    peer.fit(X, samples.y, sample_weight=fitted.weight)
    proba = fitted.model.predict_proba(samples.X)
    return float(np.abs(proba - peer.predict_proba(X)).max())


@pytest.mark.parametrize("name", ["wine", "digits", "breast_cancer"])
def test_balanced_classes_under_a_strong_penalty_have_those_of_newton_s_method(name: str) -> None:
    rows, recipe = prepared(embedded_table(name), "target", C=0.1, class_weight="balanced")

    assert furthest(rows, recipe, StandardScaler().fit_transform(rows.train.X)) <= CLOSE


def test_more_columns_than_rows_are_no_obstacle() -> None:
    random = np.random.default_rng(2)
    X, y = random.normal(size=(30, 80)), np.arange(30) % 3
    rows, recipe = prepared(_numbers(X, y), "target")

    assert furthest(rows, recipe, StandardScaler().fit_transform(X)) <= CLOSE


def test_a_thousand_classes_are_fitted() -> None:
    random = np.random.default_rng(3)
    y = np.arange(2000) % 1000
    X = random.normal(size=(1000, 3))[y] + random.normal(size=(2000, 3))
    rows, recipe = prepared(_numbers(X, y), "target")

    fitted = fit(rows.train, rows.classes, rows.contract, recipe)

    assert fitted.certificate.converged
    assert fitted.model.coef_.shape == (1000, 3)


def test_many_categories_are_fitted_without_a_dense_matrix() -> None:
    random = np.random.default_rng(4)
    codes = random.integers(0, 400, size=(3000, 4))
    y = (codes.sum(axis=1) + random.integers(0, 300, size=3000)) % 3
    columns: dict[str, TableColumn] = {
        f"c{j}": category_column(codes[:, j], tuple(f"{level:03}" for level in range(400)))
        for j in range(4)
    }
    columns["target"] = category_column(y, ("a", "b", "c"))
    rows, recipe = prepared(Table(name="mine", columns=columns), "target")

    fitted = fit(rows.train, rows.classes, rows.contract, recipe)

    assert fitted.certificate.converged
    assert not isinstance(fitted.design.matrix, np.ndarray)


@pytest.mark.parametrize("C", [0.01, 10.0])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_a_start_elsewhere_ends_at_the_same_optimum(C: float, l1_ratio: float) -> None:
    rows, recipe = prepared(embedded_table("wine"), "target", C=C, l1_ratio=l1_ratio)
    given = (rows.train, rows.classes, rows.contract)
    elsewhere = fit(*given, replace(recipe, C=1.0)).theta

    cold, warm = fit(*given, recipe), fit(*given, recipe, start=elsewhere)

    proba = [fitted.model.predict_proba(rows.train.X) for fitted in (cold, warm)]
    assert np.abs(proba[0] - proba[1]).max() <= CLOSE


@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
@pytest.mark.parametrize("name", ["wine", "breast_cancer"])
def test_fitting_twice_gives_the_same_bits(name: str, l1_ratio: float) -> None:
    rows, recipe = prepared(embedded_table(name), "target", l1_ratio=l1_ratio, standardize=False)

    first, second = (fit(rows.train, rows.classes, rows.contract, recipe) for _ in range(2))

    assert_array_equal(first.theta, second.theta)
    assert first.certificate == second.certificate


def _numbers(X: Floats, y: Integers) -> Table:
    columns: dict[str, TableColumn] = {
        f"x{j}": NumberColumn(values=X[:, j]) for j in range(X.shape[1])
    }
    columns["target"] = category_column(y, tuple(range(int(y.max()) + 1)))
    return Table(name="mine", columns=columns)
