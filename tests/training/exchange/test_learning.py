"""Rows tell what the file of a pipeline does not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from service.errors import ExchangeError, TableError
from service.softmax.arrays import Floats
from service.softmax.contract import CategoricalFeature, NumericFeature
from service.tables.table import CategoryColumn, NumberColumn, Table, TableColumn, category_column
from service.training.exchange.importing import Imported, imported, unplaced
from service.training.exchange.learning import learned, placed
from tests.training.exchange.conftest import Read

COLUMNS = ["island", "sex", "bill_length_mm"]


@pytest.fixture(scope="module")
def rows(penguins: Any) -> Any:
    return penguins[["species", *COLUMNS]].dropna()


@pytest.fixture(scope="module")
def fitted(rows: Any) -> Any:
    columns = make_column_transformer(
        (OneHotEncoder(), ["island", "sex"]), (StandardScaler(), ["bill_length_mm"])
    )
    return make_pipeline(columns, LogisticRegression()).fit(rows[COLUMNS], rows["species"])


@pytest.fixture
def found(read: Read, fitted: Any) -> Imported:
    return imported(read(fitted), {})


def table(frame: Any) -> Table:
    """Turn a data frame into a table of ours."""
    columns: dict[str, TableColumn] = {}
    for name in frame:
        if name.endswith("_mm"):
            columns[name] = NumberColumn(values=frame[name].to_numpy(dtype=np.float64))
        else:
            levels = sorted(set(frame[name]))
            codes = np.array([levels.index(value) for value in frame[name]], dtype=np.intp)
            columns[name] = category_column(codes, tuple(levels))
    return Table(name="rows.csv", columns=columns)


def proba(model: Imported, rows: Any) -> Floats:
    return model.model.predict_proba(model.contract.encode([list(rows[c]) for c in COLUMNS]).X)


def test_labelled_rows_give_ranges_shares_figures_and_points(
    found: Imported, fitted: Any, rows: Any
) -> None:
    told = learned(found, table(rows), "species", keep_sample=True)

    island, _, length = told.contract.features
    assert isinstance(island, CategoricalFeature)
    assert island.mode == rows["island"].mode()[0]
    assert isinstance(length, NumericFeature)
    assert length.median == rows["bill_length_mm"].median()
    # 1st and 99th percentile, and as far again as they lie apart, to two digits.
    q01, q99 = rows["bill_length_mm"].quantile([0.01, 0.99])
    assert length.low == pytest.approx(q01 - (q99 - q01), abs=0.1 + 0.05 * abs(q01))
    shares = rows["species"].value_counts(normalize=True).sort_index()
    assert_allclose(told.model.class_prior_, shares)
    assert_allclose(told.model.mean_[:3], rows["island"].value_counts(normalize=True).sort_index())
    assert told.metrics is not None
    assert told.metrics.accuracy == pytest.approx(fitted.score(rows[COLUMNS], rows["species"]))
    assert told.sample is not None
    assert len(told.sample.y) == len(rows)
    # The map is held about another row, and is the same map.
    assert_allclose(proba(told, rows), proba(found, rows), rtol=0, atol=1e-12)


def test_rows_without_labels_give_ranges_alone(found: Imported, rows: Any) -> None:
    told = learned(found, table(rows[COLUMNS]), None, keep_sample=True)

    assert told.contract != found.contract
    assert (told.metrics, told.sample) == (None, None)
    assert_allclose(told.model.class_prior_, 1 / 3)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda r: r.replace("Dream", "Elsewhere"), "expected one of 'Biscoe', 'Dream'"),
        (lambda r: r.drop(columns="sex"), "no column 'sex'"),
        (lambda r: r.replace("Gentoo", "Emperor"), "'Emperor' in column 'species' is no class"),
        (lambda r: r[r["species"] != "Gentoo"], "a row of each class, got none of 'Gentoo'"),
        (lambda r: r.replace({"bill_length_mm": {39.1: np.nan}}), "expected a value for 'bill"),
    ],
)
def test_rows_that_do_not_fit_the_model_are_refused(
    found: Imported, rows: Any, change: Any, told: str
) -> None:
    with pytest.raises((ExchangeError, TableError), match=told):
        learned(found, table(change(rows)), "species", keep_sample=True)


@pytest.mark.parametrize(
    ("name", "column", "told"),
    [
        ("sex", NumberColumn(values=np.ones(333)), "expected categories in column 'sex'"),
        ("species", NumberColumn(values=np.ones(333)), "expected labels in column 'species'"),
        (
            "species",
            CategoryColumn(levels=("Adelie",), codes=np.full(333, -1)),
            "expected a label in every row",
        ),
        (
            "bill_length_mm",
            CategoryColumn(levels=("a",), codes=np.zeros(333, dtype=np.intp)),
            "expected numbers in column 'bill_length_mm'",
        ),
    ],
)
def test_columns_of_the_wrong_kind_are_refused(
    found: Imported, rows: Any, name: str, column: TableColumn, told: str
) -> None:
    whole = table(rows)
    wrong = replace(whole, columns={**whole.columns, name: column})

    with pytest.raises(TableError, match=told):
        learned(found, wrong, "species", keep_sample=True)


def test_a_range_stands_in_for_what_no_step_tells(read: Read, penguins: Any) -> None:
    rows = penguins[["bill_length_mm", "bill_depth_mm", "species"]].dropna()
    bare = LogisticRegression(solver="newton-cholesky").fit(rows.iloc[:, :2], rows["species"])
    foreign = read(bare)

    assert unplaced(foreign) == ["bill_length_mm", "bill_depth_mm"]
    told = placed(foreign, {"bill_length_mm": (30, 60)})
    assert unplaced(told) == ["bill_depth_mm"]
    length = imported(told, {}).contract.features[0]
    assert isinstance(length, NumericFeature)
    assert (length.low, length.median, length.high) == (30, 45, 60)
    with pytest.raises(ExchangeError, match="a range of one of bill_length_mm, bill_depth_mm"):
        placed(foreign, {"bill": (0, 1)})
