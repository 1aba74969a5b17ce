"""Inference, against statsmodels on its own data sets."""

from dataclasses import asdict
from typing import Any

import numpy as np
import orjson
import pytest
import statsmodels.api as sm
from numpy.testing import assert_allclose

from service.training.inference.design import Design, Term, numeric_design
from service.training.inference.infer import infer
from service.training.inference.values import Inference
from tests.training.inference.peers import assert_close, figures, maximum, peer, rows


def inferred(name: str, **options: Any) -> Inference:
    data = rows(name)
    coef, intercept = maximum(data.X, data.y)
    return infer(
        numeric_design(data.X, data.names),
        data.y,
        np.ones(len(data.y)),
        coef=coef,
        intercept=intercept,
        classes=data.classes,
        **options,
    )


DATA = ("anes96", "fair", "fair_binary", "spector")


@pytest.mark.parametrize("name", DATA)
def test_coefficients_and_their_errors_are_those_of_statsmodels(name: str) -> None:
    ours, theirs = inferred(name), peer(name)

    n_free = len(rows(name).classes) - 1
    table = {field: figures(ours.coefficients, field, n_free) for field in asdict_fields(ours)}
    interval = np.asarray(theirs.conf_int()).reshape(n_free, -1, 2)
    assert_close(table["coef"], np.asarray(theirs.params).T)
    assert_close(table["standard_error"], np.asarray(theirs.bse).T)
    assert_close(table["z"], np.asarray(theirs.tvalues).T)
    assert_close(table["p_value"], np.asarray(theirs.pvalues).T)
    assert_close(table["low"], interval[..., 0])
    assert_close(table["high"], interval[..., 1])
    assert_close(table["relative_risk_ratio"], np.exp(np.asarray(theirs.params).T))
    assert_close(table["relative_risk_ratio_high"], np.exp(interval[..., 1]))


def asdict_fields(ours: Inference) -> list[str]:
    return [name for name in asdict(ours.coefficients[0]) if name not in {"label", "column"}]


@pytest.mark.parametrize("name", DATA)
def test_tests_and_criteria_are_those_of_statsmodels(name: str) -> None:
    ours, theirs = inferred(name), peer(name)

    # statsmodels finds the intercept-only model by iteration, short of the closed form.
    assert_allclose(ours.likelihood_ratio.statistic, theirs.llr, rtol=1e-7)
    assert_allclose(ours.likelihood_ratio.p_value, theirs.llr_pvalue, rtol=1e-6)
    assert_allclose(ours.aic, theirs.aic, rtol=1e-12)
    assert_allclose(ours.bic, theirs.bic, rtol=1e-12)
    assert (ours.df_model, ours.df_resid) == (theirs.df_model, theirs.df_resid)


@pytest.mark.parametrize("name", DATA)
def test_average_marginal_effects_are_those_of_statsmodels(name: str) -> None:
    ours, theirs = inferred(name), peer(name).get_margeff(at="overall")

    n_classes = len(rows(name).classes)
    effects = figures(ours.marginal_effects, "effect", n_classes)
    errors = figures(ours.marginal_effects, "standard_error", n_classes)
    assert {effect.kind for effect in ours.marginal_effects} == {"derivative"}
    assert_close(effects, theirs.margeff.T)
    assert_close(errors, theirs.margeff_se.T)
    assert_close(figures(ours.marginal_effects, "p_value", n_classes), theirs.pvalues.T)
    # A row's probabilities add up to one, so their changes to nothing.
    assert_allclose(effects.sum(axis=0), 0, atol=1e-14)


@pytest.mark.parametrize("name", ["anes96", "fair"])
def test_a_feature_is_tested_over_all_contrasts(name: str) -> None:
    ours, theirs = inferred(name), peer(name)

    params, covariance = np.asarray(theirs.params).T, np.asarray(theirs.cov_params())
    places = np.arange(params.size).reshape(params.shape)
    for j, test in enumerate(ours.feature_tests, start=1):
        own = covariance[np.ix_(places[:, j], places[:, j])]
        assert_allclose(
            test.statistic, params[:, j] @ np.linalg.solve(own, params[:, j]), rtol=1e-8
        )
        assert test.df == len(params)


def test_another_reference_class_and_confidence_are_those_of_statsmodels() -> None:
    data = rows("anes96")
    swapped = np.array([3, 1, 2, 0, 4, 5, 6])
    model = sm.MNLogit(swapped[data.y], sm.add_constant(data.X))
    theirs = model.fit(method="newton", tol=1e-14, maxiter=100, disp=False)

    ours = inferred("anes96", reference_class=3, confidence=0.9)

    interval = np.asarray(theirs.conf_int(alpha=0.1)).reshape(6, -1, 2)
    # Their contrasts are of 1, 2, 0, 4, 5, 6; ours begin with 0.
    order = [2, 0, 1, 3, 4, 5]
    assert ours.reference_class == 3
    assert [entry.label for entry in ours.coefficients[::6]] == [0, 1, 2, 4, 5, 6]
    assert_close(figures(ours.coefficients, "low", 6), interval[order, :, 0])
    assert_close(figures(ours.coefficients, "standard_error", 6), np.asarray(theirs.bse).T[order])


def test_a_fit_without_an_intercept_is_compared_with_equal_probabilities() -> None:
    data = rows("fair")
    theirs = sm.MNLogit(data.y, data.X).fit(method="newton", tol=1e-14, disp=False)
    coef, intercept = maximum(data.X, data.y, fit_intercept=False)

    ours = infer(
        numeric_design(data.X, data.names),
        data.y,
        np.ones(len(data.y)),
        coef=coef,
        intercept=intercept,
        classes=data.classes,
        fit_intercept=False,
    )

    assert_close(figures(ours.coefficients, "coef", 2), np.asarray(theirs.params).T)
    assert_close(figures(ours.coefficients, "standard_error", 2), np.asarray(theirs.bse).T)
    null = -len(data.y) * np.log(3)
    assert_allclose(ours.likelihood_ratio.statistic, 2 * (theirs.llf - null), rtol=1e-10)
    assert ours.likelihood_ratio.df == coef[1:].size


def test_a_binary_category_has_the_discrete_change_of_statsmodels() -> None:
    data = rows("spector")
    design = Design(
        X=data.X,
        names=("GPA", "TUCE", "PSI[1]"),
        terms=(
            Term(feature="GPA", columns=(0,)),
            Term(feature="TUCE", columns=(1,)),
            Term(feature="PSI", columns=(2,), reference="0"),
        ),
    )
    coef, intercept = maximum(data.X, data.y)
    fitted = sm.Logit(data.y, sm.add_constant(data.X)).fit(tol=1e-14, disp=False)
    theirs = fitted.get_margeff(at="overall", dummy=True)

    ours = infer(design, data.y, np.ones(32), coef=coef, intercept=intercept, classes=data.classes)

    passed = ours.marginal_effects[3:]
    assert [effect.kind for effect in passed] == ["derivative", "derivative", "discrete change"]
    assert_close([effect.effect for effect in passed], theirs.margeff)
    assert_close([effect.standard_error for effect in passed], theirs.margeff_se)


def assert_same(first: Inference, second: Inference) -> None:
    for entries in ("coefficients", "marginal_effects"):
        for field in ("standard_error", "z", "p_value", "low", "high"):
            assert_allclose(
                figures(getattr(first, entries), field, 1),
                figures(getattr(second, entries), field, 1),
                rtol=1e-9,  # sums in another order
                atol=1e-13,
            )
    assert_allclose([first.aic, first.bic], [second.aic, second.bic], rtol=1e-10)
    assert first.df_resid == second.df_resid


def test_a_weight_counts_as_so_many_rows() -> None:
    data = rows("anes96")
    weights = np.random.default_rng(8).integers(0, 4, size=len(data.y))
    repeated = np.repeat(np.arange(len(data.y)), weights)
    coef, intercept = maximum(data.X, data.y, weights.astype(float))

    weighted, rowwise = (
        infer(
            numeric_design(X, data.names),
            y,
            w,
            coef=coef,
            intercept=intercept,
            classes=data.classes,
        )
        for X, y, w in (
            (data.X, data.y, weights.astype(float)),
            (data.X[repeated], data.y[repeated], np.ones(len(repeated))),
        )
    )

    assert_same(weighted, rowwise)
    assert weighted.notes == ()


def test_weights_that_are_no_counts_are_remarked_upon() -> None:
    data = rows("spector")
    coef, intercept = maximum(data.X, data.y)

    ours = infer(
        numeric_design(data.X, data.names),
        data.y,
        np.full(32, 0.5),
        coef=coef,
        intercept=intercept,
        classes=data.classes,
    )

    assert "read as frequencies" in ours.notes[0]


def test_a_category_that_every_row_has_adds_nothing() -> None:
    data = rows("spector")
    coef, intercept = maximum(data.X, data.y)
    plain = numeric_design(data.X, data.names)
    term = Term(feature="school", columns=(), reference="one")

    ours = infer(
        Design(X=data.X, names=data.names, terms=(*plain.terms, term)),
        data.y,
        np.ones(32),
        coef=coef,
        intercept=intercept,
        classes=data.classes,
    )

    assert ours == inferred("spector")


def test_units_of_measurement_change_no_statistic() -> None:
    data = rows("anes96")
    coef, intercept = maximum(data.X, data.y)
    # Powers of two, and whole numbers moved far from zero: nothing is rounded on the way.
    scale, shift = np.array([2.0**40, 2.0**-40, 1.0, 1.0, 1.0]), np.array([0, 0, 2.0**30, 0, 0])
    centre = data.X.mean(axis=0).round()
    common = {
        "y": data.y,
        "sample_weight": np.ones(len(data.y)),
        "intercept": intercept + coef @ centre,
        "classes": data.classes,
    }

    plain = infer(numeric_design(data.X, data.names), coef=coef, centre=centre, **common)
    moved = infer(
        numeric_design(data.X * scale + shift, data.names),
        coef=coef / scale,
        centre=centre * scale + shift,
        **common,
    )

    slopes = [n for n, entry in enumerate(plain.coefficients) if entry.column in data.names]
    z = [figures(one.coefficients, "z", 1)[0, slopes] for one in (plain, moved)]
    effects = [figures(one.marginal_effects, "z", 1) for one in (plain, moved)]
    assert_allclose(z[1], z[0], rtol=1e-9)
    assert_allclose(effects[1], effects[0], rtol=1e-9, atol=1e-12)
    # The intercept is the log-odds 2^30 years away, with the error that age has there.
    age, intercepts = moved.coefficients[3], moved.coefficients[0]
    assert_allclose(intercepts.standard_error, age.standard_error * 2.0**30, rtol=1e-6)


def test_an_inference_is_json() -> None:
    ours = inferred("spector")

    text = orjson.loads(orjson.dumps(ours))

    assert text["coefficients"][0]["column"] == "(intercept)"
    assert text["likelihood_ratio"]["df"] == 3
    assert text == orjson.loads(orjson.dumps(asdict(ours)))
