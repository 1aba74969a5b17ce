"""The fit: scikit-learn's estimator on prepared columns, folded into one affine map."""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from service.errors import TrainingError
from service.softmax.arrays import Booleans, Floats, Integers, Label
from service.softmax.contract import FeatureContract
from service.softmax.model import SoftmaxModel, column_starts
from service.training.preparation import Samples
from service.training.recipe import Recipe


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """The columns on which the penalty acts: ``(columns - centre) / scale``.

    Parameters
    ----------
    matrix : ndarray or sparse array of shape (n_samples, n_columns)
        The columns the estimator sees.
    centre, scale, mean : ndarray of shape (n_columns,)
        What was subtracted, what was divided by, and the weighted means of the raw
        columns.
    is_constant : ndarray of bool, shape (n_columns,)
        Numeric columns with one value only; their scale is 1.
    """

    matrix: Floats | sparse.csr_array
    centre: Floats
    scale: Floats
    mean: Floats
    is_constant: Booleans


def fit(
    samples: Samples, classes: tuple[Label, ...], contract: FeatureContract, recipe: Recipe
) -> SoftmaxModel:
    """Fit softmax regression.

    The objective is ``sum_i w_i logloss_i + (1/C) [(1 - r)/2 ||W||^2 + r ||W||_1]`` with r
    the `l1_ratio` and W on the columns of `design_columns`; the intercept is free.

    Parameters
    ----------
    samples : Samples
        Training rows.
    classes : tuple of str, int or bool
        Class labels in sorted order.
    contract : FeatureContract
        Their features.
    recipe : Recipe
        The penalty and its kin.

    Returns
    -------
    SoftmaxModel
        Standardisation folded in; with two classes the first has zero coefficients.

    Raises
    ------
    TrainingError
        If a class has no row of positive weight, or the solver does not converge.
    """
    weight = fit_weights(samples, len(classes), recipe)
    design = design_columns(samples, contract, recipe)
    coef, intercept = _minimise(design.matrix, samples.y, weight, recipe)
    coef = coef / design.scale
    intercept = intercept + coef @ (design.mean - design.centre)  # moved to the mean row
    shares = np.bincount(samples.y, weights=weight, minlength=len(classes))
    return SoftmaxModel(
        classes_=classes,
        levels_=contract.levels,
        coef_=coef,
        intercept_=intercept,
        mean_=design.mean,
        class_prior_=shares / shares.sum(),
    )


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
    by their population standard deviation where the recipe says so; categories become
    full, unscaled one-hot columns.

    Parameters
    ----------
    samples : Samples
        Training rows.
    contract : FeatureContract
        Their features.
    recipe : Recipe
        Says whether to standardise and whether there is an intercept.

    Returns
    -------
    Design
        The columns and how they were made.
    """
    starts, levels = column_starts(contract.levels), np.array(contract.levels)
    n_samples, n_columns = len(samples), int(starts[-1])
    weights = samples.sample_weight / samples.sample_weight.sum()
    numeric = np.flatnonzero(levels == 0)
    values = samples.X[:, numeric]
    means = weights @ values
    deviations = np.sqrt(weights @ (values - means) ** 2)
    constant = values.min(axis=0) == values.max(axis=0)
    centre, scale, mean = np.zeros(n_columns), np.ones(n_columns), np.zeros(n_columns)
    is_constant = np.zeros(n_columns, dtype=bool)
    columns = starts[numeric]
    mean[columns], is_constant[columns] = means, constant
    if recipe.fit_intercept:  # without a penalty on it, centring changes no optimum
        centre[columns] = means
    if recipe.standardize:
        scale[columns] = np.where(constant, 1.0, deviations)
    scaled = (values - centre[columns]) / scale[columns]
    if len(numeric) == len(levels):
        return Design(matrix=scaled, centre=centre, scale=scale, mean=mean, is_constant=is_constant)
    categorical = np.flatnonzero(levels)
    codes = samples.X[:, categorical].astype(np.intp)
    rows, which = np.nonzero(codes < levels[categorical])  # a rare category has no column
    hot = starts[categorical][which] + codes[rows, which]
    one_hot = sparse.csr_array((np.ones(hot.size), (rows, hot)), shape=(n_samples, n_columns))
    dense = sparse.csr_array(
        (scaled.ravel(), np.tile(columns, n_samples), np.arange(n_samples + 1) * len(columns)),
        shape=(n_samples, n_columns),
    )
    mean += weights @ one_hot
    return Design(
        matrix=sparse.csr_array(one_hot + dense),
        centre=centre,
        scale=scale,
        mean=mean,
        is_constant=is_constant,
    )


def _minimise(
    matrix: Floats | sparse.csr_array, y: Integers, weight: Floats, recipe: Recipe
) -> tuple[Floats, Floats]:
    estimator = LogisticRegression(
        C=recipe.C,
        l1_ratio=recipe.l1_ratio,
        fit_intercept=recipe.fit_intercept,
        solver="lbfgs" if recipe.l1_ratio == 0 else "saga",
        tol=1e-8,  # lbfgs: largest entry of the gradient of the mean loss
        max_iter=recipe.max_iter,
        random_state=recipe.random_state,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            estimator.fit(matrix, y, sample_weight=weight)
        except ConvergenceWarning as warning:
            msg = f"the fit did not converge: {str(warning).splitlines()[0]}"
            raise TrainingError(msg) from None
    coef: Floats = np.asarray(estimator.coef_, dtype=np.float64)
    intercept: Floats = np.broadcast_to(estimator.intercept_, len(coef)).astype(np.float64)
    if len(coef) == 1:  # two classes have one penalised vector: rows (0, w)
        return np.vstack([np.zeros_like(coef), coef]), np.append(0.0, intercept)
    return coef, intercept - intercept.mean()
