"""What rows tell of an imported model: ranges, shares, a sample, and how well it does."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from service.errors import ExchangeError, InputError
from service.softmax.arrays import Floats
from service.softmax.contract import (
    CategoricalFeature,
    Category,
    Column,
    Feature,
    FeatureContract,
)
from service.softmax.metrics import evaluate
from service.softmax.model import SoftmaxModel
from service.softmax.shapes import column_starts
from service.tables.labelled import class_codes, feature_cells
from service.tables.table import Table
from service.training.exchange.foreign import Foreign
from service.training.exchange.importing import Imported
from service.training.exchange.rows import golden_rows
from service.training.features import training_range, weighted_quantiles
from service.training.pictures import stratified_sample, strongest_pair
from service.training.preparation import Samples

SEED = 42


def placed(foreign: Foreign, ranges: Mapping[str, tuple[float, float]]) -> Foreign:
    """Put ranges that somebody gives in the place of those that the file tells of.

    Parameters
    ----------
    foreign : Foreign
        What another process told of a pipeline.
    ranges : mapping of str to tuple of two float
        Training ranges by feature name.

    Returns
    -------
    Foreign
        The same pipeline.

    Raises
    ------
    ExchangeError
        If a name is that of no number.
    """
    numbers = [feature.name for feature in foreign.features if not feature.categories]
    for name in ranges:
        if name not in numbers:
            msg = f"expected a range of one of {', '.join(numbers)}, got {name!r}"
            raise ExchangeError(msg)
    features = []
    for feature in foreign.features:
        if feature.name in ranges:
            low, high = ranges[feature.name]
            known = replace(feature.known, low=low, high=high)
            features.append(feature.model_copy(update={"known": known}))
        else:
            features.append(feature)
    return foreign.model_copy(update={"features": tuple(features)})


def learned(found: Imported, table: Table, target: str | None, *, keep_sample: bool) -> Imported:
    """Learn from rows what the file of a pipeline does not know.

    The coefficients stay as they are; the map is held about the mean of these rows.

    Parameters
    ----------
    found : Imported
        What the file knows.
    table : Table
        Rows like those of the fit, with a column for each feature.
    target : str or None
        The column of labels, if there is one.
    keep_sample : bool
        Whether some rows travel with the model; they do only where they have labels.

    Returns
    -------
    Imported
        The same model, with ranges, medians and shares of these rows; with labels also the
        shares of the classes, figures and a sample.

    Raises
    ------
    ExchangeError
        If the rows do not fit the model.
    TableError
        If a column is missing.
    """
    columns = [feature_cells(table, feature) for feature in found.contract.features]
    encoded = found.contract.encode(columns)
    if not encoded.is_sound:
        fault = next(encoded.faults())
        msg = f"{table.name}: {fault.detail} in row {fault.location[0]}"
        raise ExchangeError(msg)
    weight = np.ones(len(table))
    contract = FeatureContract(
        features=tuple(
            _placed(feature, column, values)
            for feature, column, values in zip(
                found.contract.features, columns, encoded.X.T, strict=True
            )
        )
    )
    model = _held_about(found.model, encoded.X)
    found = replace(found, model=model, contract=contract, golden_rows=golden_rows(contract))
    if target is None:
        return found
    y = class_codes(table, target, model.classes_)
    shares = np.bincount(y, minlength=model.n_classes) / len(y)
    if not shares.all():
        absent = model.classes_[int(shares.argmin())]
        msg = f"{table.name}: expected a row of each class, got none of {absent!r}"
        raise ExchangeError(msg)
    samples = Samples(X=encoded.X, y=y, sample_weight=weight)
    try:
        metrics = evaluate(model.predict_log_proba(encoded.X), y, weight, shares)
    except InputError as error:
        msg = f"{table.name}: {error}"
        raise ExchangeError(msg) from error
    return replace(
        found,
        model=replace(model, class_prior_=shares),
        regions_pair=strongest_pair(samples, contract, model.n_classes),
        metrics=metrics,
        sample=stratified_sample(samples, SEED) if keep_sample else None,
    )


def _placed(feature: Feature, column: Column, values: Floats) -> Feature:
    if isinstance(feature, CategoricalFeature):
        counts = np.bincount(values.astype(np.intp), minlength=feature.levels + 1)
        mode: Category = feature.categories[int(counts[: feature.levels].argmax())]
        return replace(feature, mode=mode)
    seen = values[~np.isnan(np.asarray(column, dtype=np.float64))]
    if not len(seen):
        msg = f"expected a number in some row of column {feature.name!r}, got none"
        raise ExchangeError(msg)
    weights = np.ones(len(seen))
    low, high = training_range(seen, weights, exact=False)
    median = weighted_quantiles(seen, weights, [0.5])[0]
    return replace(feature, low=low, high=high, median=median)


def _held_about(model: SoftmaxModel, X: Floats) -> SoftmaxModel:
    """Give the same map, held about the mean of these rows."""
    starts = column_starts(model.levels_)
    mean = np.zeros(len(model.mean_))
    for j, levels in enumerate(model.levels_):
        if levels:
            counts = np.bincount(X[:, j].astype(np.intp), minlength=levels + 1)
            mean[starts[j] : starts[j + 1]] = counts[:levels] / len(X)
        else:
            mean[starts[j]] = X[:, j].mean()
    moved = model.intercept_ + model.coef_ @ (mean - model.mean_)
    return replace(model, mean_=mean, intercept_=moved)
