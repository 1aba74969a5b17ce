"""Calibration rows decide the temperature and the set scores, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from service.errors import TrainingError
from service.softmax.arrays import Floats
from service.softmax.calibration import fit_temperature
from service.softmax.conformal import calibration_scores
from service.softmax.metrics import evaluate
from service.tables.table import NumberColumn, Table
from service.training.calibrate import set_scores
from service.training.embedded import embedded_table
from service.training.preparation import Samples, prepare
from service.training.recipe import Recipe
from service.training.train import train
from tests.softmax.made import made_model

# Hardly penalised, digits are fitted perfectly, and far too sure of themselves.
SURE = Recipe(target="target", C=1000.0, calibration_size=0.2, calibrate="temperature")


def test_the_temperature_is_that_of_its_own_half_of_the_calibration_rows() -> None:
    digits = embedded_table("digits")
    prepared = prepare(digits, SURE)
    rows = prepared.temperature

    model = train(digits, SURE).model

    plain = replace(model, temperature_=1.0)
    found = fit_temperature(plain.scores(rows.X), rows.y, rows.sample_weight)
    # The same scores but for a shift of each row.
    assert model.temperature_ == pytest.approx(found.value, rel=1e-9)
    assert model.temperature_ > 1.5


def test_calibration_makes_a_model_that_is_too_sure_better_on_rows_it_never_saw() -> None:
    trained = train(embedded_table("digits"), SURE)

    calibration = trained.calibration
    assert calibration is not None
    assert trained.test_metrics is not None
    assert calibration.measured_on == "test"
    assert calibration.after.log_loss == trained.test_metrics.log_loss
    assert calibration.after.reliability == trained.test_metrics.reliability
    assert calibration.after.log_loss < 0.8 * calibration.before.log_loss
    assert calibration.after.brier_score < calibration.before.brier_score


def test_set_scores_are_those_of_the_calibrated_model_on_the_other_half() -> None:
    digits = embedded_table("digits")
    rows = prepare(digits, SURE).prediction_sets

    trained = train(digits, SURE)

    expected = calibration_scores(trained.model.predict_proba(rows.X), rows.y)
    assert trained.set_scores is not None
    assert_array_equal(trained.set_scores.lac, expected.lac)
    assert_array_equal(trained.set_scores.aps, expected.aps)
    assert_array_equal(trained.set_scores.y, expected.y)


def test_the_rows_that_travel_have_the_scores_of_the_model_and_their_class() -> None:
    digits = embedded_table("digits")
    rows = prepare(digits, SURE).prediction_sets

    trained = train(digits, SURE)

    assert trained.set_scores is not None
    kept = trained.set_scores.rows
    assert kept is not None
    theirs = np.column_stack([rows.y, trained.model.finite_scores(rows.X)])
    ours = np.column_stack([kept.y, kept.scores])
    # All of them, for they are few, and in no order; sums are added in another one.
    assert_allclose(ours[np.lexsort(ours.T)], theirs[np.lexsort(theirs.T)], rtol=1e-9)


@pytest.mark.parametrize(
    ("frequent", "n_classes", "kept"),
    [
        (20_000, 2, [4700, 300]),  # a rare class keeps all of its rows
        (20_000, 3, [2350, 2350, 300]),
        (3_000, 2, [3000, 300]),
    ],
)
def test_a_bounded_number_of_rows_travels_and_no_class_makes_room_for_a_more_frequent_one(
    frequent: int, n_classes: int, kept: list[int]
) -> None:
    model = made_model(1, (0,), n_classes)
    y = np.repeat(np.arange(n_classes), [frequent] * (n_classes - 1) + [300])
    X = np.random.default_rng(0).normal(size=(len(y), 1))
    rows = Samples(X=X, y=y, sample_weight=np.ones(len(y)))

    one, same, other = (
        set_scores(model, rows, random_state=state, keeps_rows=True) for state in (1, 1, 2)
    )

    assert one is not None
    assert same is not None
    assert other is not None
    assert one.rows is not None
    assert len(one) == len(y)
    assert np.bincount(one.rows.y).tolist() == kept
    assert_array_equal(one.rows.scores, same.rows.scores)  # type: ignore[union-attr]  # as in one
    assert (one.rows.scores != other.rows.scores).any()  # type: ignore[union-attr]  # as in one


def test_many_classes_share_the_numbers_that_may_travel() -> None:
    model = made_model(1, (0,), 500)
    y = np.repeat(np.arange(500), 10)
    rows = Samples(X=np.zeros((len(y), 1)), y=y, sample_weight=np.ones(len(y)))

    found = set_scores(model, rows, random_state=1, keeps_rows=True)

    assert found is not None
    assert found.rows is not None
    assert found.rows.scores.shape == (2000, 500)  # a million numbers, four rows a class
    assert (np.bincount(found.rows.y) == 4).all()


def test_without_a_sample_no_row_travels_and_everything_else_is_the_same() -> None:
    wine = embedded_table("wine")
    recipe = Recipe(target="target", calibration_size=0.3)

    with_rows, without = train(wine, recipe), train(wine, replace(recipe, sample=False))

    assert with_rows.set_scores is not None
    assert with_rows.set_scores.rows is not None
    assert without.set_scores is not None
    assert without.set_scores.rows is None
    assert_array_equal(without.set_scores.lac, with_rows.set_scores.lac)


@pytest.mark.parametrize("part", ["test", "temperature", "prediction_sets"])
def test_a_part_of_the_rows_decides_only_what_is_its_own(part: str) -> None:
    wine = embedded_table("wine")
    recipe = Recipe(target="target", calibration_size=0.3, calibrate="temperature")
    plain = train(wine, recipe)
    assert plain.set_scores is not None

    other = train(_changed(wine, recipe, part), recipe)

    assert_array_equal(other.model.coef_, plain.model.coef_)
    assert other.train_metrics.confusion_matrix == plain.train_metrics.confusion_matrix
    has_same_temperature = other.model.temperature_ == plain.model.temperature_
    assert has_same_temperature == (part != "temperature")
    assert other.set_scores is not None
    has_same_scores = bool((other.set_scores.lac == plain.set_scores.lac).all())
    assert has_same_scores == (part == "test")


def test_without_held_out_rows_the_rows_of_prediction_sets_judge() -> None:
    recipe = replace(SURE, test_size=0.0)

    trained = train(embedded_table("digits"), recipe)

    assert trained.calibration is not None
    assert trained.calibration.measured_on == "prediction_sets"
    rows = prepare(embedded_table("digits"), recipe).prediction_sets
    prior = np.full(10, 0.1)
    judged = evaluate(trained.model.predict_log_proba(rows.X), rows.y, rows.sample_weight, prior)
    assert trained.calibration.after.log_loss == judged.log_loss


def test_calibration_rows_without_a_temperature_are_all_for_prediction_sets() -> None:
    trained = train(
        embedded_table("wine"), Recipe(target="target", test_size=0.0, calibration_size=0.25)
    )

    assert trained.model.temperature_ == 1.0
    assert trained.calibration is None
    assert trained.set_scores is not None
    assert len(trained.set_scores) == 45  # a quarter of 178, rounded up


def test_separated_calibration_rows_leave_the_temperature_at_one() -> None:
    recipe = Recipe(target="target", calibration_size=0.1, calibrate="temperature")

    trained = train(embedded_table("wine"), recipe)

    assert trained.calibration is not None
    assert trained.calibration.temperature.outcome == "separated"
    assert trained.model.temperature_ == 1.0
    assert trained.calibration.before == trained.calibration.after


def test_held_out_rows_without_weight_are_refused() -> None:
    wine = embedded_table("wine")
    recipe = Recipe(target="target", sample_weight="w")
    held_out = prepare(_weighted(wine, np.linspace(1.0, 178.0, 178)), recipe).test.sample_weight
    weights = np.ones(178)
    weights[np.isin(np.linspace(1.0, 178.0, 178), held_out)] = 0.0

    with pytest.raises(TrainingError, match="among the held-out rows"):
        train(_weighted(wine, weights), recipe)


def _weighted(table: Table, weights: Floats) -> Table:
    return Table(name="w", columns={**table.columns, "w": NumberColumn(values=weights)})


def _changed(table: Table, recipe: Recipe, part: str) -> Table:
    """The table with other values in the rows of a part, found by marking each with its number."""
    marks = NumberColumn(values=np.arange(len(table), dtype=np.float64))
    marked = Table(name=table.name, columns={**table.columns, "row": marks})
    rows = getattr(prepare(marked, recipe), part).X[:, -1].astype(int)
    changed = dict(table.columns)
    for name, column in table.columns.items():
        if isinstance(column, NumberColumn):
            values = column.values.copy()
            values[rows] *= 1.5
            changed[name] = NumberColumn(values=values)
    return Table(name=table.name, columns=changed)
