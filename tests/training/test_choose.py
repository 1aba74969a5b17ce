"""Choosing the penalty by cross-validation."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from service.errors import TrainingError, ValueRefusedError
from service.softmax.selection import PathPoint, Selection
from service.tables.table import CategoryColumn, NumberColumn
from service.training.choose import PATH, choose_penalty
from service.training.embedded import embedded_table
from service.training.preparation import prepare
from service.training.recipe import Recipe
from service.training.train import train

AUTO = Recipe(target="target", test_size=0.0, auto=("C",))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Run linear algebra on one thread, as `train` does: matrices here are too small for two."""
    with threadpool_limits(limits=1):
        yield


def test_the_path_is_that_of_scikit_learn_on_columns_that_need_no_scaling() -> None:
    table = embedded_table("wine")
    numbers = [c.values for c in table.columns.values() if isinstance(c, NumberColumn)]
    target = table.column("target")
    assert isinstance(target, CategoryColumn)
    X = StandardScaler().fit_transform(np.column_stack(numbers))
    scaled = replace(
        table,
        columns={f"x{j}": NumberColumn(values=X[:, j]) for j in range(13)} | {"target": target},
    )
    recipe = replace(AUTO, standardize=False, folds=3)

    selection = choose_penalty(prepare(scaled, recipe), recipe)

    expected = np.zeros(len(PATH))
    for inside, outside in StratifiedKFold(3, shuffle=True, random_state=42).split(X, target.codes):
        for k, C in enumerate(PATH):
            peer = LogisticRegression(C=C, tol=1e-7, max_iter=10_000)
            proba = peer.fit(X[inside], target.codes[inside]).predict_proba(X[outside])
            expected[k] += log_loss(target.codes[outside], proba) / 3
    # Ours are within a relative gap of 1e-6 of the optimum; at the weakest penalties the
    # peer stops 0.6 % away from it.
    assert_allclose([point.log_loss for point in selection.points], expected, rtol=1e-2)
    assert PATH[int(expected.argmin())] == selection.choice.C


def test_the_one_standard_error_rule_takes_the_strongest_penalty_within_it() -> None:
    table = embedded_table("iris")

    least = train(table, AUTO)
    rule = train(table, replace(AUTO, choice="1se"))

    assert least.selection is not None
    assert rule.selection is not None
    points, minimum = rule.selection.points, rule.selection.minimum
    bound = points[minimum].log_loss + points[minimum].standard_error
    within = [index for index, point in enumerate(points) if point.log_loss <= bound]
    assert rule.selection.one_standard_error == rule.selection.chosen == within[0]
    assert least.selection.chosen == minimum
    assert rule.selection.choice.C < least.selection.choice.C


def test_the_fit_uses_the_chosen_penalty_and_the_recipe_says_how_it_was_found() -> None:
    trained = train(embedded_table("iris"), replace(AUTO, auto=("C", "l1_ratio"), folds=3))

    assert trained.selection is not None
    chosen = trained.selection.choice
    again = train(
        embedded_table("iris"), replace(AUTO, auto=(), C=chosen.C, l1_ratio=chosen.l1_ratio)
    )
    assert_allclose(trained.model.coef_, again.model.coef_, rtol=1e-12)
    assert trained.recipe.auto == ("C", "l1_ratio")
    assert {point.l1_ratio for point in trained.selection.points} == {0.0, 0.5, 1.0}


def test_progress_is_told_to_the_end() -> None:
    told: list[tuple[int, int]] = []

    train(embedded_table("iris"), AUTO, progress=lambda done, total: told.append((done, total)))

    assert told == [(done, 85) for done in range(1, 86)]


def test_a_class_with_fewer_rows_than_folds_is_named() -> None:
    with pytest.raises(TrainingError, match=r"at least 60 training rows .* got 50 of 'setosa'"):
        train(embedded_table("iris"), replace(AUTO, folds=60))


def test_a_choice_that_is_neither_of_the_two_cannot_exist() -> None:
    points = tuple(
        PathPoint(C=C, l1_ratio=0.0, log_loss=1.0, standard_error=0.1) for C in (1.0, 2.0, 3.0)
    )
    with pytest.raises(ValueRefusedError, match="chosen"):
        Selection(folds=5, points=points, minimum=2, one_standard_error=0, chosen=1)
