"""From a table to a model: the numbers, the contract, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from service.errors import TableError, TrainingError
from service.softmax.arrays import Integers
from service.softmax.contract import CategoricalFeature, NumericFeature
from service.tables.table import CategoryColumn, NumberColumn, Table, TableColumn
from service.training.embedded import EMBEDDED, DemoOptions, demo_table, embedded_table
from service.training.features import training_range
from service.training.preparation import split_rows
from service.training.recipe import Recipe
from service.training.train import Trained, train

SEED = Recipe(target="target", standardize=False, test_size=0.0)
WHOLE = Recipe(target="target", test_size=0.0)


def columns(n_rows: int = 60) -> dict[str, TableColumn]:
    """A table of one number, one category and three classes."""
    random = np.random.default_rng(5)
    y = np.arange(n_rows) % 3
    return {
        "size": NumberColumn(values=y + random.normal(size=n_rows)),
        "colour": CategoryColumn(
            levels=("blue", "green", "red"), codes=(y + random.integers(0, 2, size=n_rows)) % 3
        ),
        "target": CategoryColumn(levels=("a", "b", "c"), codes=y),
    }


def table(**changes: TableColumn) -> Table:
    return Table(name="mine", columns={**columns(), **changes})


def taken(column: TableColumn, rows: Integers) -> TableColumn:
    if isinstance(column, NumberColumn):
        return NumberColumn(values=column.values[rows])
    return CategoryColumn(levels=column.levels, codes=column.codes[rows])


def embedded(name: str) -> Table:
    return demo_table(DemoOptions(), 42) if name == "demo" else embedded_table(name)


@pytest.mark.parametrize(
    ("n_classes", "random_state", "accuracy", "log_loss"),
    [
        (3, 42, 0.917, 0.215404),
        (4, 42, 0.903, 0.277940),
        (2, 42, 0.930, 0.180279),
        (3, 7, 0.933, 0.232862),
    ],
)
def test_the_demo_gives_the_published_figures(
    n_classes: int, random_state: int, accuracy: float, log_loss: float
) -> None:
    demo = demo_table(DemoOptions(n_classes=n_classes), random_state)

    trained = train(demo, replace(SEED, random_state=random_state))

    assert round(trained.train_metrics.accuracy, 3) == accuracy
    # The published log losses have six digits.
    assert_allclose(trained.train_metrics.log_loss, log_loss, atol=1e-6)


def test_the_demo_has_the_coefficients_of_the_optimum() -> None:
    model = train(demo_table(DemoOptions(), 42), SEED).model

    # From newton-cholesky at tol 1e-12; the engine stops at a gradient of 1e-8.
    assert_allclose(
        model.coef_,
        [[-1.354711195, 1.262821073], [2.730949122, 1.134604852], [-1.376237927, -2.397425926]],
        atol=1e-6,
    )
    assert_allclose(
        model.intercept_ - model.coef_ @ model.mean_,
        [-0.549985308, 0.315138026, 0.234847281],
        atol=1e-6,
    )


def test_a_demo_that_cannot_be_made_is_refused_in_one_line() -> None:
    with pytest.raises(TrainingError, match=r"^demo cannot be made: n_classes\(5\)"):
        demo_table(DemoOptions(n_classes=5), 42)


@pytest.mark.parametrize("name", EMBEDDED)
@pytest.mark.parametrize("standardize", [True, False], ids=["standardized", "raw"])
def test_probabilities_are_those_of_a_scikit_learn_pipeline_with_the_same_coefficients(
    name: str, *, standardize: bool
) -> None:
    trained = train(embedded(name), replace(WHOLE, standardize=standardize))
    model, X = trained.model, _matrix(embedded(name))
    scaler = StandardScaler(with_mean=standardize, with_std=standardize).fit(X)
    coef = model.coef_ * np.array(scaler.scale_ if standardize else 1.0)
    intercept = model.intercept_ - (0.0 if standardize else model.coef_ @ model.mean_)
    classifier = LogisticRegression()
    first = 1 if model.n_classes == 2 else 0  # scikit-learn keeps one vector for two classes
    classifier.coef_, classifier.intercept_ = coef[first:], intercept[first:]
    classifier.classes_ = np.arange(model.n_classes)

    expected = make_pipeline(scaler, classifier).predict_proba(X)

    assert (np.abs(model.predict_proba(X) - expected) <= model.tolerance(X)[:, None]).all()


def test_the_fit_is_scikit_learn_s_own_at_a_tight_tolerance() -> None:
    X = _matrix(embedded_table("iris"))
    y = _codes(embedded_table("iris"))
    reference = make_pipeline(
        StandardScaler(), LogisticRegression(solver="newton-cholesky", tol=1e-12)
    ).fit(X, y)

    trained = train(embedded_table("iris"), WHOLE)

    # The engine stops at a gradient of 1e-8; iris is well conditioned.
    assert_allclose(trained.model.predict_proba(X), reference.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"l1_ratio": 1.0, "C": 0.5},
        {"l1_ratio": 0.5},
        {"fit_intercept": False},
        {"class_weight": "balanced"},
        {"C": 100.0},
    ],
    ids=str,
)
def test_every_penalty_is_scikit_learn_s(changes: dict[str, object]) -> None:
    X, y = make_classification(
        400, 6, n_informative=4, n_classes=3, weights=[0.6, 0.3, 0.1], random_state=3
    )
    mine = Table(
        name="mine",
        columns={f"x{j}": NumberColumn(values=X[:, j]) for j in range(6)}
        | {"target": CategoryColumn(levels=("a", "b", "c"), codes=y)},
    )
    given = {"class_weight": "none"} | changes
    weight = None if given["class_weight"] == "none" else "balanced"
    reference = LogisticRegression(
        **{"l1_ratio": 0.0, **given, "class_weight": weight},  # type: ignore[arg-type]  # by name
        solver="saga" if "l1_ratio" in given else "lbfgs",
        tol=1e-9,
        max_iter=100_000,
    )
    scaled = (X - X.mean(axis=0) * bool(given.get("fit_intercept", True))) / X.std(axis=0)

    trained = train(mine, Recipe(target="target", test_size=0.0, **changes))  # type: ignore[arg-type]  # by name

    # Two solvers that both stop at a gradient of 1e-8 or less.
    expected = reference.fit(scaled, y).predict_proba(scaled)
    assert_allclose(trained.model.predict_proba(X), expected, atol=1e-6)


def test_a_row_of_weight_two_is_a_row_twice() -> None:
    weights = np.ones(60)
    weights[:20] = 2.0
    twice = np.concatenate([np.arange(20), np.arange(60)])
    repeated = Table(name="m", columns={n: taken(c, twice) for n, c in columns().items()})

    weighted = train(table(w=NumberColumn(values=weights)), replace(WHOLE, sample_weight="w")).model

    same = train(repeated, WHOLE).model
    assert_allclose(weighted.coef_, same.coef_, atol=1e-6)
    assert_allclose(weighted.mean_, same.mean_, rtol=1e-12)
    assert_allclose(weighted.class_prior_, same.class_prior_, rtol=1e-12)


def test_two_classes_are_kept_as_a_row_of_zeros_and_one_vector() -> None:
    model = train(embedded_table("breast_cancer"), WHOLE).model

    assert model.classes_ == ("benign", "malignant")
    assert_array_equal(model.coef_[0], 0.0)
    assert model.intercept_[0] == 0.0


@pytest.mark.parametrize("name", ["iris", "digits"])
def test_more_classes_have_columns_that_sum_to_zero(name: str) -> None:
    model = train(embedded_table(name), WHOLE).model

    assert_allclose(model.coef_.sum(axis=0), 0.0, atol=1e-12)
    assert_allclose(model.intercept_.sum(), 0.0, atol=1e-12)


def test_training_twice_gives_the_same_bits() -> None:
    first, second = (train(embedded_table("wine"), Recipe(target="target")) for _ in range(2))

    assert_array_equal(first.model.coef_, second.model.coef_)
    assert first.contract == second.contract
    assert first.golden_rows == second.golden_rows


def test_a_constant_column_does_no_harm() -> None:
    plain = train(table(), WHOLE)
    constant = train(table(always=NumberColumn(values=np.full(60, 7.0))), WHOLE)

    assert_allclose(constant.train_metrics.log_loss, plain.train_metrics.log_loss, rtol=1e-9)
    (feature,) = (f for f in constant.contract.features if f.name == "always")
    assert isinstance(feature, NumericFeature)
    assert (feature.low, feature.high) == (7.0, 7.0)


def test_a_category_of_the_held_out_rows_alone_is_scored_as_unseen() -> None:
    y = np.arange(60) % 3
    rare = np.zeros(60, dtype=np.intp)
    held_out = _held_out(table())
    rare[held_out[0]] = 1
    trained = train(
        table(colour=CategoryColumn(levels=("x", "y"), codes=rare)), Recipe(target="target")
    )

    colour = trained.contract.features[trained.contract.names.index("colour")]
    assert isinstance(colour, CategoricalFeature)
    assert colour.categories == ("x",)
    assert trained.test_metrics is not None
    assert trained.test_metrics.n_samples == len(held_out) == len(y) // 5


def test_missing_numbers_are_filled_with_what_training_rows_say() -> None:
    values = np.array([1.0, 2.0, 4.0, np.nan] * 15)
    for policy, expected in (("mean", 7 / 3), ("median", 2.0)):
        trained = train(
            table(size=NumberColumn(values=values)),
            replace(WHOLE, impute=policy),  # type: ignore[arg-type]  # one of three words
        )

        size = trained.contract.features[0]
        assert isinstance(size, NumericFeature)
        assert size.fill == pytest.approx(expected, rel=1e-15)


def test_missing_categories_are_filled_or_a_level_of_their_own() -> None:
    codes = np.array([0, 1, 1, -1, 1, 0] * 10)
    column = CategoryColumn(levels=("x", "y"), codes=codes)

    filled = train(table(colour=column), replace(WHOLE, impute_categorical="most_frequent"))
    level = train(table(colour=column), replace(WHOLE, impute_categorical="category"))

    assert filled.contract.features[1] == CategoricalFeature(
        name="colour", categories=("x", "y"), mode="y", fill="y"
    )
    assert level.contract.features[1] == CategoricalFeature(
        name="colour", categories=("x", "y", None), mode="y"
    )


@pytest.mark.parametrize(
    ("changes", "recipe", "reason"),
    [
        ({"size": NumberColumn(values=np.full(60, np.nan))}, WHOLE, "60 values are missing"),
        ({"size": NumberColumn(values=np.full(60, np.inf))}, WHOLE, "more in row 1"),
        (
            {"colour": CategoryColumn(levels=("x",), codes=np.full(60, -1))},
            WHOLE,
            "column 'colour': 60 values",
        ),
        (
            {"target": CategoryColumn(levels=("a",), codes=np.zeros(60, dtype=np.intp))},
            WHOLE,
            "only 'a'",
        ),
        (
            {"target": CategoryColumn(levels=("a", "b"), codes=np.array([0, -1, 1] * 20))},
            WHOLE,
            "none in row 2",
        ),
        ({"target": NumberColumn(values=np.linspace(0, 1, 60))}, WHOLE, "column of numbers"),
        (
            {"target": CategoryColumn(levels=("abstain", "b"), codes=np.arange(60) % 2)},
            WHOLE,
            "abstain",
        ),
        ({}, replace(WHOLE, drop=("size", "colour")), "at least one feature"),
        ({}, replace(WHOLE, sample_weight="colour"), "expected numbers"),
        (
            {},
            replace(WHOLE, min_frequency=31, unknown="ignore"),
            "a category frequent enough",
        ),
        ({}, replace(WHOLE, test_size=0.99), "enough rows of each class"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_fitted_is_refused_with_the_reason(
    changes: dict[str, TableColumn], recipe: Recipe, reason: str
) -> None:
    with pytest.raises(TrainingError, match=reason):
        train(table(**changes), recipe)


@pytest.mark.parametrize("field", ["target", "sample_weight"])
def test_a_column_that_is_not_there_is_refused(field: str) -> None:
    with pytest.raises(TableError, match="no column 'nix'"):
        train(table(), Recipe(**{"target": "target", field: "nix"}))  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    "changes",
    [
        {"C": 0.0},
        {"C": float("nan")},
        {"l1_ratio": 1.5},
        {"test_size": 1.0},
        {"C": float("inf"), "l1_ratio": 0.5},
        {"random_state": -1},
        {"max_iter": 0},
        {"min_frequency": 0},
        {"min_frequency": 2},
        {"calibration_size": 0.8},
        {"calibrate": "temperature"},
    ],
    ids=str,
)
def test_a_recipe_out_of_bounds_cannot_exist(changes: dict[str, object]) -> None:
    with pytest.raises(TrainingError):
        Recipe(target="y", **changes)  # type: ignore[arg-type]  # wrong on purpose


def test_a_training_range_is_near_the_data_but_nobody_s_value() -> None:
    values = np.linspace(0.0, 100.0, 1001)

    assert training_range(values, np.ones(1001), exact=False) == (-97.0, 200.0)
    assert training_range(values, np.ones(1001), exact=True) == (0.0, 100.0)
    assert training_range(np.full(3, 7.5), np.ones(3), exact=False) == (7.5, 7.5)


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_a_training_range_stays_finite(scale: float) -> None:
    low, high = training_range(scale * np.array([-1.0, 0.5, 1.0]), np.ones(3), exact=False)

    assert -np.inf < low < high < np.inf


def test_golden_rows_are_not_training_rows() -> None:
    trained: Trained = train(embedded_table("iris"), WHOLE)

    known = set(map(tuple, _matrix(embedded_table("iris")).tolist()))
    encoded = trained.contract.encode(list(zip(*trained.golden_rows, strict=True)))
    assert encoded.is_sound
    assert not known & set(map(tuple, encoded.X.tolist()))


def test_the_sample_is_bounded_and_keeps_the_class_shares() -> None:
    big = demo_table(DemoOptions(n_samples=6000), 42)

    sample = train(big, SEED).sample

    assert sample is not None
    assert len(sample.X) == 2000
    assert_allclose(np.bincount(sample.y) / 2000, np.bincount(_codes(big)) / 6000, atol=1e-3)
    assert train(big, replace(SEED, sample=False)).sample is None


def test_a_class_with_a_single_row_may_be_in_a_large_table() -> None:
    X = np.random.default_rng(4).normal(size=(3000, 2))
    y = np.append((X[1:, 0] > 0).astype(np.intp), 2)
    columns: dict[str, TableColumn] = {f"x{j}": NumberColumn(values=X[:, j]) for j in range(2)}
    columns["target"] = CategoryColumn(levels=("a", "b", "c"), codes=y)

    sample = train(Table(name="m", columns=columns), WHOLE).sample

    assert sample is not None
    assert len(sample.X) == 2000


def test_the_strongest_pair_of_iris_is_that_of_the_petals() -> None:
    assert train(embedded_table("iris"), WHOLE).regions_pair == ("petal_length", "petal_width")


def _matrix(source: Table) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    numbers = [c.values for c in source.columns.values() if isinstance(c, NumberColumn)]
    return np.column_stack(numbers)


def _codes(source: Table) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    target = source.column("target")
    assert isinstance(target, CategoryColumn)
    return target.codes


def _held_out(source: Table) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """The rows that the split puts aside, found by marking each row with its number."""
    marked = Table(
        name="m",
        columns={**source.columns, "row": NumberColumn(values=np.arange(len(source)) / 1.0)},
    )
    sample = train(marked, Recipe(target="target")).sample
    assert sample is not None
    kept = sample.X[:, -1].astype(int)
    return np.setdiff1d(np.arange(len(source)), kept)


def test_the_parts_of_a_table_are_disjoint_and_keep_the_class_shares() -> None:
    labels = CategoryColumn(levels=("a", "b", "c"), codes=np.repeat([0, 1, 2], [300, 200, 100]))
    recipe = Recipe(target="target", test_size=0.2, calibration_size=0.1, calibrate="temperature")

    parts = split_rows(labels, recipe)

    assert sorted(np.concatenate(list(parts.values()))) == list(range(600))
    assert {part: len(rows) for part, rows in parts.items()} == {
        "train": 420,
        "test": 120,
        "temperature": 30,
        "prediction_sets": 30,
    }
    for rows in parts.values():
        assert_allclose(np.bincount(labels.codes[rows]) / len(rows), [1 / 2, 1 / 3, 1 / 6])


def test_rows_are_held_out_as_scikit_learn_holds_them_out() -> None:
    target = embedded_table("wine").column("target")
    assert isinstance(target, CategoryColumn)

    parts = split_rows(target, Recipe(target="target", test_size=0.15))

    _, expected = train_test_split(
        np.arange(178), test_size=0.15, random_state=42, stratify=target.codes
    )
    assert_array_equal(parts["test"], np.sort(expected))


def test_rare_categories_count_as_unknown() -> None:
    codes = np.concatenate([np.zeros(29), np.ones(29), [2, 2]]).astype(np.intp)
    column = CategoryColumn(levels=("x", "y", "z"), codes=np.roll(codes, 7))

    trained = train(table(colour=column), replace(WHOLE, min_frequency=3, unknown="ignore"))

    assert trained.contract.features[1] == CategoricalFeature(
        name="colour", categories=("x", "y"), mode="x", unknown="ignore"
    )
    (shares,) = [trained.model.mean_[1:]]
    assert_allclose(shares, [29 / 60, 29 / 60])
