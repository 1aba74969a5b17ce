"""What the training rows of one column say about its feature."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Context

import numpy as np

from service.errors import TrainingError
from service.softmax.arrays import Floats, Integers
from service.softmax.contract import CategoricalFeature, Category, Feature, NumericFeature
from service.tables.table import CategoryColumn, NumberColumn, TableColumn
from service.training.recipe import Recipe

LARGEST = 1e150
"""Beyond it the square of a number, and so a variance, leaves the range of a double."""


def describe(
    where: str,
    name: str,
    column: TableColumn,
    train: Integers,
    sample_weight: Floats,
    *,
    recipe: Recipe,
) -> tuple[Feature, Floats]:
    """Learn a feature on the training rows and encode the column of every row.

    Parameters
    ----------
    where : str
        What messages call the column.
    name : str
        The column's name.
    column : NumberColumn or CategoryColumn
        All rows of it.
    train : ndarray of shape (n_train,)
        Indices of the training rows.
    sample_weight : ndarray of shape (n_rows,)
        Weights of all rows.
    recipe : Recipe
        What becomes of missing and of unseen values.

    Returns
    -------
    feature : NumericFeature or CategoricalFeature
        What the service will expect.
    values : ndarray of shape (n_rows,)
        The encoded column.

    Raises
    ------
    TrainingError
        If a value is missing or infinite and the recipe does not say what then.
    """
    if isinstance(column, NumberColumn):
        return _numeric(where, name, column, train, sample_weight, recipe=recipe)
    return _categorical(where, name, column, train, sample_weight, recipe=recipe)


def _numeric(
    where: str,
    name: str,
    column: NumberColumn,
    train: Integers,
    sample_weight: Floats,
    *,
    recipe: Recipe,
) -> tuple[NumericFeature, Floats]:
    huge = np.flatnonzero(np.abs(column.values) > LARGEST)
    if len(huge):
        msg = f"{where}: expected numbers of size up to {LARGEST:g}, got more in row {huge[0] + 1}"
        raise TrainingError(msg)
    missing = column.is_missing
    if missing.any() and recipe.impute == "error":
        msg = _missing(where, column, "--impute mean or median fills in")
        raise TrainingError(msg)
    known = train[~missing[train]]
    seen, weights = column.values[known], sample_weight[known]
    if not weights.any():
        msg = f"{where}: expected a number in some training row, got none (--drop {name})"
        raise TrainingError(msg)
    median = weighted_quantiles(seen, weights, [0.5])[0]
    mean = float(np.average(seen, weights=weights))
    low, high = training_range(seen, weights, exact=recipe.exact_ranges)
    fill = {"error": None, "mean": mean, "median": median}[recipe.impute]
    feature = NumericFeature(name=name, low=low, high=high, median=median, fill=fill)
    return feature, np.where(missing, np.nan if fill is None else fill, column.values)


def _categorical(
    where: str,
    name: str,
    column: CategoryColumn,
    train: Integers,
    sample_weight: Floats,
    *,
    recipe: Recipe,
) -> tuple[CategoricalFeature, Floats]:
    policy = recipe.impute_categorical
    if column.is_missing.any() and policy == "error":
        msg = _missing(where, column, "--impute-categorical category or most_frequent")
        raise TrainingError(msg)
    weight = np.zeros(len(column.levels) + 1)  # the last one is that of a missing value
    np.add.at(weight, column.codes[train], sample_weight[train])
    codes, counts = np.unique(column.codes[train], return_counts=True)
    is_kept = (codes >= 0) & (counts >= recipe.min_frequency)
    present = [int(code) for code in codes[is_kept]]
    if not present:
        wanted = "a value" if recipe.min_frequency == 1 else "a category frequent enough"
        msg = f"{where}: expected {wanted} in the training rows, got none (--drop {name})"
        raise TrainingError(msg)
    mode = int(present[int(weight[present].argmax())])
    categories: list[Category] = [column.levels[code] for code in present]
    recoded = np.full(len(column.levels) + 1, len(present))  # an unseen level
    recoded[present] = np.arange(len(present))
    if policy == "category" and column.is_missing[train].any():
        categories.append(None)
        recoded[:-1][recoded[:-1] == len(present)] = len(categories)
        recoded[-1] = len(present)
    elif policy == "most_frequent":
        recoded[-1] = recoded[mode]
    feature = CategoricalFeature(
        name=name,
        categories=tuple(categories),
        mode=column.levels[mode],
        fill=column.levels[mode] if policy == "most_frequent" else None,
        unknown=recipe.unknown,
    )
    return feature, recoded[column.codes].astype(np.float64)


def training_range(values: Floats, weights: Floats, *, exact: bool) -> tuple[float, float]:
    """Give the range outside which a value is unlike the training rows.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Finite numbers, at least one.
    weights : ndarray of shape (n_samples,)
        Weights of the rows.
    exact : bool
        Whether to give minimum and maximum.

    Returns
    -------
    low : float
        The 1st percentile, moved down by its distance to the 99th and then to a number of
        two significant digits: near the data, but nobody's value.
    high : float
        The same upwards.
    """
    least, most = float(values.min()), float(values.max())
    if exact or least == most:
        return least, most
    q01, q99 = weighted_quantiles(values, weights, [0.01, 0.99])
    limit = float(np.finfo(np.float64).max)
    with np.errstate(over="ignore"):
        margin = np.float64(q99) - q01
        low, high = max(q01 - margin, -limit), min(q99 + margin, limit)
    down, up = Context(prec=2, rounding=ROUND_FLOOR), Context(prec=2, rounding=ROUND_CEILING)
    return (
        max(float(down.create_decimal(repr(float(low)))), -limit),
        min(float(up.create_decimal(repr(float(high)))), limit),
    )


def weighted_quantiles(values: Floats, weights: Floats, q: list[float]) -> list[float]:
    """Give quantiles of weighted numbers.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Finite numbers, at least one.
    weights : ndarray of shape (n_samples,)
        Weights, not all zero.
    q : list of float
        Shares from 0 to 1.

    Returns
    -------
    list of float
        Interpolated quantiles where all weights are equal, as NumPy and pandas give them;
        else the least value at which the share of the weight reaches q.
    """
    if (weights == weights[0]).all():
        return [float(value) for value in np.quantile(values, q)]
    quantiles = np.quantile(values, q, weights=weights, method="inverted_cdf")
    return [float(value) for value in quantiles]


def _missing(where: str, column: TableColumn, remedy: str) -> str:
    rows = np.flatnonzero(column.is_missing)
    return f"{where}: {len(rows)} values are missing, first in row {rows[0] + 1} ({remedy})"
