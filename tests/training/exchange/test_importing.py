"""Fitted scikit-learn pipelines become models with the same probabilities."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC

from service.errors import ExchangeError
from service.softmax.contract import CategoricalFeature, NumericFeature
from service.training.exchange.child import answer
from service.training.exchange.foreign import Foreign
from service.training.exchange.importing import AGREEMENT, Imported, imported, unplaced
from service.training.exchange.process import parse_answer
from tests.training.exchange.conftest import Read

SPECIMENS = Path(__file__).parent / "specimens"

NUMBERS = make_column_selector("_mm$|_g$|^year$")
TEXTS = make_column_selector("^island$|^sex$")


def agrees(found: Imported, fitted: Any, frame: Any) -> None:
    """Compare with the pipeline on rows of its own, given to it as the frame they are."""
    rows = [
        [None if pd.isna(value) else value for value in frame[name]]
        for name in found.contract.names
    ]
    encoded = found.contract.encode(rows)
    assert encoded.is_sound
    theirs = fitted.predict_proba(frame)
    assert np.abs(found.model.predict_proba(encoded.X) - theirs).max() <= AGREEMENT


@pytest.mark.parametrize(
    ("scaler", "table"),
    [
        (StandardScaler(), "iris"),
        (StandardScaler(), "breast_cancer"),
        (StandardScaler(with_mean=False), "wine"),
        (StandardScaler(with_std=False), "wine"),
        (MinMaxScaler((-1, 2)), "wine"),
        (MaxAbsScaler(), "wine"),
        (RobustScaler(), "wine"),
        (RobustScaler(with_centering=False, quantile_range=(10, 90)), "wine"),
        (FunctionTransformer(), "wine"),
        ("passthrough", "wine"),
    ],
    ids=str,
)
def test_a_scaler_and_its_regression_become_one_map(
    read: Read, tables: dict[str, tuple[Any, Any]], scaler: object, table: str
) -> None:
    X, y = tables[table]
    fitted = make_pipeline(scaler, LogisticRegression(solver="newton-cholesky")).fit(X, y)

    found = imported(read(fitted), {})

    assert found.difference <= AGREEMENT
    assert found.contract.names == tuple(X.columns)
    assert found.model.n_classes == len(set(y))
    agrees(found, fitted, X)


@pytest.mark.parametrize(
    "encoder",
    [
        OneHotEncoder(),
        OneHotEncoder(handle_unknown="ignore"),
        OneHotEncoder(drop="first"),
        OneHotEncoder(drop="if_binary"),
        OneHotEncoder(drop="first", handle_unknown="ignore", sparse_output=False),
        OneHotEncoder(min_frequency=60, handle_unknown="infrequent_if_exist"),
        OneHotEncoder(max_categories=2, drop="first", handle_unknown="infrequent_if_exist"),
        make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()),
        make_pipeline(
            SimpleImputer(strategy="constant", fill_value="unseen"),
            OneHotEncoder(handle_unknown="ignore"),
        ),
        make_pipeline(OneHotEncoder(sparse_output=False), StandardScaler()),
    ],
    ids=lambda encoder: " ".join(str(encoder).split()),
)
@pytest.mark.parametrize("classes", [2, 3])
def test_categories_and_missing_values_become_a_contract(
    read: Read, penguins: Any, encoder: object, classes: int
) -> None:
    frame = penguins if classes == 3 else penguins[penguins["species"] != "Gentoo"]
    X, y = frame.drop(columns="species"), frame["species"]
    numbers = make_pipeline(StandardScaler(), SimpleImputer(strategy="median"))
    columns = ColumnTransformer([("n", numbers, NUMBERS), ("c", encoder, TEXTS)])
    fitted = make_pipeline(columns, MaxAbsScaler(), LogisticRegression()).fit(X, y)

    found = imported(read(fitted), {})

    assert found.difference <= AGREEMENT
    kinds = {feature.name: feature.kind for feature in found.contract.features}
    assert kinds["sex"] == kinds["island"] == "category"
    assert kinds["bill_length_mm"] == "number"
    agrees(found, fitted, X)


def test_a_column_far_from_zero_loses_no_digits(
    read: Read, tables: dict[str, tuple[Any, Any]]
) -> None:
    X, y = tables["iris"]
    seconds = X * 86_400 + 1.8e9
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(seconds, y)

    assert imported(read(fitted), {}).difference <= AGREEMENT


def test_columns_are_chosen_dropped_weighted_and_searched(
    read: Read, tables: dict[str, tuple[Any, Any]]
) -> None:
    X, y = tables["wine"]
    columns = ColumnTransformer(
        [
            ("a", StandardScaler(), slice(0, 3)),
            ("b", RobustScaler(), ["proline", "hue"]),
            ("c", MinMaxScaler(), [True] + [False] * 12),
            ("d", "drop", ["ash"]),
        ],
        remainder="drop",
        transformer_weights={"b": 0.5},
    )
    options: dict[str, Any] = {"use_legacy_attributes": False, "scoring": "neg_log_loss"}
    options |= {"Cs": 2, "cv": 2, "l1_ratios": (0,)}
    steps = make_pipeline(
        columns,
        SelectKBest(k=4),
        LogisticRegressionCV(**options),
    )
    fitted = GridSearchCV(steps, {"selectkbest__k": [4]}, cv=2).fit(X, y)

    found = imported(read(fitted), {})

    assert set(found.contract.names) < {"alcohol", "malic_acid", "ash", "proline", "hue"}
    agrees(found, fitted, X)


def test_labels_keep_their_type(read: Read, tables: dict[str, tuple[Any, Any]]) -> None:
    X, y = tables["breast_cancer"]
    for labels, classes in ((y > 0, (False, True)), (y * 1.0, (0, 1)), (y.map(str), ("0", "1"))):
        fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, labels)

        found = imported(read(fitted), {}).model.classes_

        assert found == classes
        assert [type(label) for label in found] == [type(label) for label in classes]


@pytest.mark.parametrize(
    ("fitted", "told"),
    [
        (make_pipeline(PolynomialFeatures(2), LogisticRegression()), "'polynomialfeatures' (Poly"),
        (make_pipeline(PCA(2), LogisticRegression()), "step 'pca' (PCA) cannot be expressed"),
        (make_pipeline(StandardScaler(), SVC()), "step 'svc' (SVC) cannot be expressed"),
        (
            CalibratedClassifierCV(LogisticRegression(solver="newton-cholesky"), cv=2),
            "(CalibratedClassifierCV) cannot be",
        ),
        (
            OneVsRestClassifier(LogisticRegression(solver="newton-cholesky")),
            "(OneVsRestClassifier) cannot be expressed",
        ),
        (make_pipeline(MinMaxScaler(clip=True), LogisticRegression()), "with clip=True"),
        (
            make_pipeline(SimpleImputer(add_indicator=True), LogisticRegression()),
            "step 'simpleimputer' (SimpleImputer) cannot be expressed: it adds a column",
        ),
        (
            make_pipeline(SimpleImputer(missing_values=-1.0), LogisticRegression()),
            "takes -1.0 for a missing value",
        ),
        (
            make_pipeline(StandardScaler(), OneHotEncoder(), LogisticRegression()),
            "encodes a column that another step made",
        ),
        (
            make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()),
            "is no level but a decimal number",
        ),
        (
            make_column_transformer((StandardScaler(), [0])),
            "the estimator (ColumnTransformer) cannot be expressed: it is no LogisticRegression",
        ),
        (
            make_pipeline(
                make_column_transformer(
                    (make_pipeline(FunctionTransformer(np.log1p)), [0]), remainder="passthrough"
                ),
                LogisticRegression(),
            ),
            "'columntransformer/pipeline/functiontransformer' (FunctionTransformer) cannot",
        ),
        (
            make_pipeline(
                make_column_transformer(
                    (SimpleImputer(), [0]), ("passthrough", [0]), remainder="passthrough"
                ),
                LogisticRegression(),
            ),
            "feature 'sepal length (cm)' cannot be expressed: its missing values are filled in two",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_cannot_be_expressed_is_named(
    read: Read, tables: dict[str, tuple[Any, Any]], fitted: Any, told: str
) -> None:
    X, y = tables["iris"]
    fitted.fit(X, y)

    with pytest.raises(ExchangeError) as refused:
        read(fitted)

    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("setting", [{"solver": "liblinear"}, {"multi_class": "warn"}])
def test_one_against_the_rest_is_no_softmax(
    read: Read, tables: dict[str, tuple[Any, Any]], setting: dict[str, str]
) -> None:
    X, y = tables["iris"]
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    vars(fitted[-1]).update(setting)  # as older versions leave it with three classes

    with pytest.raises(ExchangeError, match="one against the rest, which is no softmax"):
        read(fitted)


def specimen(name: str) -> Foreign:
    """Read a file that scikit-learn 1.4.2 wrote: pipelines fitted on iris as plain arrays."""
    content = (SPECIMENS / f"{name}.joblib").read_bytes()
    return parse_answer(answer(content, "pickle", ["a", "b", "c", "d"]), name)


def test_a_file_of_another_version_is_taken_when_it_still_predicts() -> None:
    foreign = specimen("softmax")
    found = imported(foreign, {})

    proba = found.model.predict_proba(np.array([[5.1, 3.5, 1.4, 0.2], [5.0, 2.0, 3.5, 1.0]]))

    # What scikit-learn 1.4.2 itself printed for these two flowers.
    printed = [
        [0.9847031668428455, 0.01529677111938307, 6.20377713724823e-08],
        [0.021653477131026465, 0.9620895851193664, 0.016256937749607184],
    ]
    assert np.abs(proba - printed).max() <= AGREEMENT
    assert foreign.written_by == "1.4.2"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("imputed", "written by scikit-learn 1.4.2, does not predict under scikit-learn"),
        ("one_vs_rest", "one against the rest"),
        ("two_classes", "fit it again there, with C doubled"),
    ],
)
def test_a_file_whose_meaning_changed_between_versions_is_refused(name: str, told: str) -> None:
    with pytest.raises(ExchangeError, match=told):
        specimen(name)


def test_other_probabilities_than_the_pipeline_s_are_refused_with_the_difference(
    read: Read, tables: dict[str, tuple[Any, Any]]
) -> None:
    X, y = tables["iris"]
    foreign = read(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y))
    first, *others = foreign.intercept

    with pytest.raises(ExchangeError, match=r"64 made-up rows differ by up to .*e-0\d, more than"):
        imported(foreign.model_copy(update={"intercept": (first + 1e-6, *others)}), {})


def test_ranges_are_those_that_the_steps_tell_of(
    read: Read, tables: dict[str, tuple[Any, Any]]
) -> None:
    X, y = tables["iris"]
    mean, deviation = X.mean(), X.std(ddof=0)
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)

    for feature in imported(read(fitted), {}).contract.features:
        assert isinstance(feature, NumericFeature)
        assert feature.median == pytest.approx(mean[feature.name])
        assert feature.low == pytest.approx(mean[feature.name] - 7 * deviation[feature.name])
    assert unplaced(read(LogisticRegression(max_iter=1000).fit(X, y))) == list(X.columns)


def test_a_file_without_names_asks_for_them(read: Read, tables: dict[str, tuple[Any, Any]]) -> None:
    X, y = tables["iris"]
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(X.to_numpy(), y)

    with pytest.raises(ExchangeError, match="does not name its 4 features"):
        read(fitted)
    with pytest.raises(ExchangeError, match="expected 4 names of features, got 2"):
        read(fitted, "a", "b")
    assert imported(read(fitted, *"abcd"), {}).contract.names == ("a", "b", "c", "d")


def test_whole_numbers_may_be_categories(read: Read, penguins: Any) -> None:
    X, y = penguins[["year", "bill_depth_mm"]].dropna(), penguins["species"]
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["year"]), (StandardScaler(), ["bill_depth_mm"])
    )
    fitted = make_pipeline(columns, LogisticRegression()).fit(X, y[X.index])

    found = imported(read(fitted), {})

    year = found.contract.features[0]
    assert isinstance(year, CategoricalFeature)
    assert year.categories == (2007, 2008, 2009, None)
    assert year.unknown == "ignore"
    agrees(found, fitted, X)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (
            (OneHotEncoder(), OneHotEncoder(handle_unknown="ignore")),
            "feature 'year' cannot be expressed: it is encoded in two ways",
        ),
        (
            (OneHotEncoder(), StandardScaler()),
            "feature 'year' cannot be expressed: it is a number here and a category there",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_feature_that_is_read_in_two_ways_is_refused(
    read: Read, penguins: Any, parts: tuple[Any, Any], told: str
) -> None:
    one, other = parts
    columns = make_column_transformer((one, ["year"]), (other, ["year"]))
    fitted = make_pipeline(columns, LogisticRegression(solver="newton-cholesky"))

    with pytest.raises(ExchangeError, match=told):
        read(fitted.fit(penguins[["year"]], penguins["species"]))


def test_an_encoder_that_tells_nan_from_none_is_refused(read: Read) -> None:
    X = np.array([["a"], [None], [np.nan], ["a"]], dtype=object)
    fitted = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(X, [0, 1, 0, 1])

    with pytest.raises(ExchangeError, match="it tells NaN from None"):
        read(fitted, "x")


def test_what_was_never_fitted_is_refused(read: Read) -> None:
    with pytest.raises(ExchangeError, match=r"'logisticregression' \(LogisticR.* is not fitted"):
        read(make_pipeline(StandardScaler(), LogisticRegression()))


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (np.array([0.5, 1.5]), "text, whole numbers or booleans, got 0.5"),
        (np.array(["abstain", "go"]), "none called 'abstain'"),
        (np.array([1, "1"], dtype=object), "of distinct text"),
    ],
)
def test_labels_that_no_answer_can_hold_are_refused(
    read: Read, tables: dict[str, tuple[Any, Any]], labels: Any, told: str
) -> None:
    X, y = tables["breast_cancer"]
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    fitted[-1].classes_ = labels

    with pytest.raises(ExchangeError, match=told):
        imported(read(fitted), {})
