"""The columns on which the penalty acts, made from the raw ones, and the weights of the rows."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from service.errors import TrainingError
from service.softmax.arrays import Booleans, Floats, Integers, label_text
from service.softmax.contract import CategoricalFeature, Category, FeatureContract
from service.softmax.shapes import column_starts
from service.training.preparation import Samples
from service.training.problem import Matrix
from service.training.recipe import Recipe


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """The columns that are fitted: ``(raw columns - centre) / scale``.

    Parameters
    ----------
    matrix : ndarray or sparse array of shape (n_samples, n_fitted)
        The columns an engine sees.
    columns : ndarray of shape (n_fitted,)
        Which of the model's columns each of them is: all, but for reference levels, which
        a fit without a penalty leaves out.
    names : tuple of str, length n_fitted
        What to call them: the feature, and behind ``=`` the level.
    centre, scale, mean : ndarray of shape (n_columns,)
        Of every column of the model: what was subtracted, what was divided by, and the
        weighted mean of the raw column.
    is_constant : ndarray of bool, shape (n_columns,)
        Numeric columns with one value only; their scale is 1.
    """

    matrix: Matrix
    columns: Integers
    names: tuple[str, ...]
    centre: Floats
    scale: Floats
    mean: Floats
    is_constant: Booleans

    def published(self, coef: Floats, intercept: Floats) -> tuple[Floats, Floats]:
        """Give the affine map on the model's raw columns, about their means.

        Parameters
        ----------
        coef : ndarray of shape (n_rows, n_fitted)
            Coefficients of the fitted columns.
        intercept : ndarray of shape (n_rows,)
            Scores where every fitted column is zero.

        Returns
        -------
        coef : ndarray of shape (n_rows, n_columns)
            Coefficients of the raw columns, those of a reference level zero.
        intercept : ndarray of shape (n_rows,)
            Scores at the mean training row.
        """
        full = np.zeros((len(coef), len(self.scale)))
        full[:, self.columns] = coef / self.scale[self.columns]
        return full, intercept + full @ (self.mean - self.centre)


def fit_weights(samples: Samples, n_classes: int, recipe: Recipe) -> Floats:
    """Give the weight of each row in the loss: sample weight times class weight.

    Parameters
    ----------
    samples : Samples
        Training rows.
    n_classes : int
        Number of classes.
    recipe : Recipe
        Says whether classes are balanced.

    Returns
    -------
    ndarray of shape (n_samples,)
        Weights, none negative.

    Raises
    ------
    TrainingError
        If a class has no row of positive weight.
    """
    counts = np.bincount(samples.y, weights=samples.sample_weight, minlength=n_classes)
    if not counts.all():
        msg = f"expected a training row of positive weight in each of {n_classes} classes"
        raise TrainingError(msg)
    if recipe.class_weight == "none":
        return samples.sample_weight
    balanced: Floats = counts.sum() / (n_classes * counts)  # as scikit-learn counts it
    return samples.sample_weight * balanced[samples.y]


def design_columns(samples: Samples, contract: FeatureContract, recipe: Recipe) -> Design:
    """Make the columns on which the penalty acts.

    Numeric columns are centred where there is an intercept to make up for it, and divided
    by their population standard deviation where the recipe says so. Categories become one
    unscaled column a level, all of them where there is a penalty; without one the columns
    of a feature would add up to the intercept, and its reference level is left out.

    Parameters
    ----------
    samples : Samples
        Training rows.
    contract : FeatureContract
        Their features.
    recipe : Recipe
        Says whether to standardise, whether there are an intercept and a penalty, and
        which levels are references.

    Returns
    -------
    Design
        The columns and how they were made.

    Raises
    ------
    TrainingError
        If the recipe names a reference that is not there.
    """
    starts, levels = column_starts(contract.levels), np.array(contract.levels)
    n_columns = int(starts[-1])
    references = reference_levels(contract, recipe)
    numeric = np.flatnonzero(levels == 0)
    scaled, moments, constant = _numeric_columns(samples, numeric, recipe)
    columns = starts[numeric]
    centre, scale, mean = np.zeros(n_columns), np.ones(n_columns), np.zeros(n_columns)
    is_constant = np.zeros(n_columns, dtype=bool)
    mean[columns], is_constant[columns] = moments[0], constant
    if recipe.fit_intercept:
        centre[columns] = moments[0]
    if recipe.standardize:
        scale[columns] = moments[1]
    matrix: Matrix = scaled
    if len(numeric) < len(levels):
        one_hot = _one_hot(samples, np.flatnonzero(levels), starts)
        mean += (samples.sample_weight / samples.sample_weight.sum()) @ one_hot
        matrix = one_hot + _spread(scaled, columns, n_columns)
    kept = np.arange(n_columns)
    if math.isinf(recipe.C):
        # Without an intercept the levels of one feature have to stand in for it.
        dropped = list(references.items())[0 if recipe.fit_intercept else 1 :]
        kept = np.delete(kept, [starts[feature] + code for feature, code in dropped])
        matrix = matrix[:, kept] if dropped else matrix
    names = column_names(contract)
    return Design(
        matrix=matrix,
        columns=kept,
        names=tuple(names[column] for column in kept),
        centre=centre,
        scale=scale,
        mean=mean,
        is_constant=is_constant,
    )


def column_names(contract: FeatureContract) -> tuple[str, ...]:
    """Name every column of a model.

    Parameters
    ----------
    contract : FeatureContract
        Its features.

    Returns
    -------
    tuple of str
        The name of a numeric feature; of a categorical one ``name=level``, a column each.
    """
    return tuple(
        name
        for feature in contract.features
        for name in (
            [f"{feature.name}={level_text(level)}" for level in feature.categories]
            if isinstance(feature, CategoricalFeature)
            else [feature.name]
        )
    )


def reference_levels(contract: FeatureContract, recipe: Recipe) -> dict[int, int]:
    """Say which level of each categorical feature the others are compared with.

    Parameters
    ----------
    contract : FeatureContract
        The features.
    recipe : Recipe
        Its `reference` holds ``COL=LEVEL``; otherwise it is the first level in sort order.

    Returns
    -------
    dict of int to int
        Index of the level by index of the feature.

    Raises
    ------
    TrainingError
        If there is no such categorical column or no such level.
    """
    wanted = dict.fromkeys(recipe.reference)
    references: dict[int, int] = {}
    for j, feature in enumerate(contract.features):
        if not isinstance(feature, CategoricalFeature):
            continue
        references[j] = 0
        for code, level in enumerate(feature.categories):
            entry = f"{feature.name}={level_text(level)}"
            if entry in wanted:
                references[j] = code
                del wanted[entry]
    if wanted:
        known = column_names(contract)
        near = [name for name in known if name.startswith(next(iter(wanted)).split("=")[0] + "=")]
        expected = ", ".join(near[:10]) or "a categorical column and its level, COL=LEVEL"
        msg = f"expected a reference like {expected}, got {next(iter(wanted))!r}"
        raise TrainingError(msg)
    return references


def level_text(level: Category) -> str:
    """Give the text of a category as it stands in the name of a column.

    Parameters
    ----------
    level : str, int, bool or None
        A level; None is the one of a missing value.

    Returns
    -------
    str
        Its JSON text, without quotes.

    Examples
    --------
    >>> [level_text(level) for level in ("Dream", 3, False, None)]
    ['Dream', '3', 'false', 'missing']
    """
    return "missing" if level is None else label_text(level)


def _numeric_columns(
    samples: Samples, numeric: Integers, recipe: Recipe
) -> tuple[Floats, tuple[Floats, Floats], Booleans]:
    """Centred and scaled columns, their means and deviations, and which are constant."""
    values = samples.X[:, numeric]  # a copy, changed in place below
    weights = samples.sample_weight / samples.sample_weight.sum()
    weighing = values if samples.sample_weight.all() else values[samples.sample_weight > 0]
    constant = weighing.min(axis=0) == weighing.max(axis=0)
    means = np.where(constant, weighing[0].copy(), weights @ values)
    del weighing
    values -= means
    if recipe.fit_intercept:
        values[:, constant] = 0.0  # also in rows of no weight
    deviations = np.sqrt(np.einsum("i,ij,ij->j", weights, values, values))
    deviations = np.where(constant | (deviations == 0), 1.0, deviations)
    if not recipe.fit_intercept:
        values = samples.X[:, numeric]
    if recipe.standardize:
        values /= deviations
    return values, (means, deviations), constant


def _one_hot(samples: Samples, categorical: Integers, starts: Integers) -> sparse.csr_array:
    """One column a level, in the places that the model gives them."""
    codes = samples.X[:, categorical].astype(np.intp)
    levels = starts[categorical + 1] - starts[categorical]
    rows, which = np.nonzero(codes < levels)  # a rare level has no column
    hot = starts[categorical][which] + codes[rows, which]
    shape = (len(samples), int(starts[-1]))
    return sparse.csr_array((np.ones(hot.size), (rows, hot)), shape=shape)


def _spread(values: Floats, columns: Integers, n_columns: int) -> sparse.csr_array:
    """Dense columns, put in their places among all."""
    rows = np.arange(len(values) + 1) * len(columns)
    places = np.tile(columns, len(values))
    return sparse.csr_array((values.ravel(), places, rows), shape=(len(values), n_columns))
