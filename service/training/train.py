"""The whole of a training: table and recipe in, everything an artifact holds out."""

import math
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from service.errors import InputError, TrainingError
from service.softmax.arrays import Floats
from service.softmax.calibration import Calibration
from service.softmax.certificate import Certificate
from service.softmax.conformal import CalibrationScores
from service.softmax.contract import CategoricalFeature, Cell, FeatureContract
from service.softmax.metrics import Metrics, evaluate
from service.softmax.model import SoftmaxModel
from service.softmax.sample import Sample
from service.softmax.selection import Selection
from service.tables.files import release_memory
from service.tables.table import Table
from service.training.calibrate import calibrate, set_scores
from service.training.choose import Progress, choose_penalty
from service.training.design import reference_levels
from service.training.features import weighted_quantiles
from service.training.fit import fit
from service.training.inference.statistics import StatisticsOptions, fit_statistics
from service.training.inference.values import Statistics
from service.training.pictures import column_spread, stratified_sample, strongest_pair
from service.training.preparation import Samples, prepare
from service.training.recipe import Recipe

GOLDEN_ROWS = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """A fitted model and what was learned beside it.

    Parameters
    ----------
    model : SoftmaxModel
        The fit.
    certificate : Certificate
        How far from the optimum it can be.
    selection : Selection or None
        How cross-validation chose the penalty; None where the recipe says which it is.
    contract : FeatureContract
        What it expects of rows.
    recipe : Recipe
        What it was made by.
    train_metrics : Metrics
        Figures on the training rows.
    test_metrics : Metrics or None
        Figures on the rows held out; None when there are none.
    calibration : Calibration or None
        What the temperature did; None where the recipe asks for none.
    set_scores : CalibrationScores or None
        What prediction sets stand on; None without calibration rows.
    sample : Sample or None
        Training rows for pictures; None where the recipe keeps none.
    regions_pair : tuple of two str, or None
        The two numeric features that separate the classes best; None with fewer.
    golden_rows : tuple of tuples
        Made-up rows, as a client would send them.
    column_spread : ndarray of shape (n_columns,)
        Standard deviations of the encoded columns over the training rows; 1 for a category.
    statistics : Statistics or None
        What the fit lets one infer about the training rows; None where nobody asked.
    """

    model: SoftmaxModel
    certificate: Certificate
    selection: Selection | None
    contract: FeatureContract
    recipe: Recipe
    train_metrics: Metrics
    test_metrics: Metrics | None
    calibration: Calibration | None
    set_scores: CalibrationScores | None
    sample: Sample | None
    regions_pair: tuple[str, str] | None
    golden_rows: tuple[tuple[Cell, ...], ...]
    column_spread: Floats
    statistics: Statistics | None = None


def train(
    table: Table,
    recipe: Recipe,
    *,
    statistics: StatisticsOptions | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Fit a model to a table and measure it.

    Linear algebra runs on one thread, so that one recipe and one table give one model.

    Parameters
    ----------
    table : Table
        Labelled rows.
    recipe : Recipe
        What is to be done with them.
    statistics : StatisticsOptions, optional
        Whether and how to infer from the fit; it changes nothing else.
    progress : callable, optional
        Told how many fits of a cross-validation are done, and of how many.

    Returns
    -------
    Trained
        The model and its surroundings.

    Raises
    ------
    TrainingError
        If the table or the recipe does not allow a fit, or the fit does not converge.
    """
    with threadpool_limits(limits=1):
        prepared = prepare(table, recipe)
        del table  # a large one need not stay in memory for the fit
        release_memory()
        samples = prepared.train
        if statistics is not None:
            statistics.reference_index(prepared.classes)  # refused before the fit, not after
        selection = choose_penalty(prepared, recipe, progress) if recipe.auto else None
        chosen = recipe
        if selection is not None:
            point = selection.choice
            chosen = replace(recipe, C=point.C, l1_ratio=point.l1_ratio, auto=())
        fitted = fit(samples, prepared.classes, prepared.contract, chosen)
        prior = _class_shares(samples, fitted.model.n_classes)
        try:
            model, calibration = calibrate(fitted.model, prepared, prior)
            return Trained(
                model=model,
                certificate=fitted.certificate,
                selection=selection,
                contract=prepared.contract,
                recipe=recipe,
                train_metrics=_measure(model, samples, prior),
                test_metrics=_measure(model, prepared.test, prior, recipe.random_state)
                if len(prepared.test)
                else None,
                calibration=calibration,
                set_scores=set_scores(
                    model,
                    prepared.prediction_sets,
                    random_state=recipe.random_state,
                    keeps_rows=recipe.sample,
                ),
                sample=stratified_sample(samples, recipe.random_state) if recipe.sample else None,
                regions_pair=strongest_pair(samples, prepared.contract, len(prepared.classes)),
                golden_rows=_golden_rows(samples, prepared.contract, recipe),
                column_spread=column_spread(samples, prepared.contract),
                statistics=None
                if statistics is None
                else fit_statistics(
                    fitted.model,
                    samples,
                    prepared.contract,
                    chosen,
                    options=statistics,
                    references=reference_levels(prepared.contract, recipe),
                ),
            )
        except InputError as error:
            msg = f"the fitted scores leave the range of a double: {error}"
            raise TrainingError(msg) from error


def _measure(
    model: SoftmaxModel, samples: Samples, prior: Floats, random_state: int | None = None
) -> Metrics:
    if not samples.sample_weight.any():
        msg = "expected a weight above zero among the held-out rows (test-size 0 holds out none)"
        raise TrainingError(msg)
    log_proba = model.predict_log_proba(samples.X)
    weight = samples.sample_weight
    return evaluate(log_proba, samples.y, weight, prior, random_state=random_state)


def _class_shares(samples: Samples, n_classes: int) -> Floats:
    weights = np.bincount(samples.y, weights=samples.sample_weight, minlength=n_classes)
    shares: Floats = weights / weights.sum()
    return shares


def _rounded(value: float, spread: float) -> float:
    """Keep the digits that are larger than a hundredth of the spread."""
    return round(value, 2 - math.floor(math.log10(spread))) if 0 < spread < math.inf else value


def _golden_rows(
    samples: Samples, contract: FeatureContract, recipe: Recipe
) -> tuple[tuple[Cell, ...], ...]:
    """Combine rounded quantiles of separate columns at random: typical rows, nobody's."""
    random = np.random.default_rng(recipe.random_state)
    columns: list[list[Cell]] = []
    for j, feature in enumerate(contract.features):
        if isinstance(feature, CategoricalFeature):
            picks = random.integers(feature.levels, size=GOLDEN_ROWS)
            columns.append([feature.categories[code] for code in picks])
            continue
        shares = random.choice([0.05, 0.25, 0.5, 0.75, 0.95], size=GOLDEN_ROWS)
        quantiles = weighted_quantiles(samples.X[:, j], samples.sample_weight, list(shares))
        columns.append([_rounded(value, feature.high - feature.low) for value in quantiles])
    return tuple(zip(*columns, strict=True))
