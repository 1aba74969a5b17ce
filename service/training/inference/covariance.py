"""The covariance of maximum-likelihood coefficients, and fits that have none."""

import numpy as np
from scipy import linalg

from service.errors import TrainingError
from service.softmax.arrays import Floats, Integers
from service.softmax.information import fisher_information
from service.softmax.loss import log_loss_gradient
from service.softmax.probability import softmax
from service.training.inference.effects import Fitted

LEAST_ROWS = 1e-6
"""Less information than in so small a part of one row means separated classes."""

FARTHEST = 1e-4
"""A fit farther from the maximum than this share of a standard error is refused."""

GROWN = 0.1
"""A coefficient is named when it is above this share of the largest."""


def covariance(fitted: Fitted, y: Integers, total_weight: float) -> Floats:
    """Invert the Fisher information in the coordinates of the basis.

    It is measured against the information of a model without columns, in which every row
    counts fully; where hardly a row is left of it, the labels do not bound the coefficients.

    Parameters
    ----------
    fitted : Fitted
        A fit on its rows.
    y : ndarray of shape (n_samples,)
        Index of the class of each row.
    total_weight : float
        Sum of the sample weights.

    Returns
    -------
    ndarray of shape (n_parameters, n_parameters)
        Of the coefficients of the basis, classes outermost.

    Raises
    ------
    TrainingError
        If the classes are separated, or so nearly that rounding decides.
    """
    free = fitted.free
    proba = softmax(fitted.scores)[:, free]
    information = fisher_information(fitted.basis.columns, proba, fitted.shares)
    prior = np.bincount(y, weights=fitted.shares, minlength=fitted.scores.shape[1])[free]
    mixing = np.linalg.inv(np.linalg.cholesky(np.diag(prior) - np.outer(prior, prior)))
    relative = _across_classes(_across_classes(information, mixing).T, mixing)
    try:
        inverse: Floats = linalg.cho_solve(linalg.cho_factor(relative), np.eye(len(relative)))
    except linalg.LinAlgError:
        raise TrainingError(_separated(fitted)) from None
    if np.diag(inverse).max() > total_weight / LEAST_ROWS:
        raise TrainingError(_separated(fitted))
    inverse = (inverse + inverse.T) / (2.0 * total_weight)
    return _across_classes(_across_classes(inverse, mixing.T).T, mixing.T)


def distance_to_maximum(
    fitted: Fitted, y: Integers, covariance_: Floats, total_weight: float
) -> float:
    """Say how far coefficients are from the maximum of the likelihood.

    Parameters
    ----------
    fitted : Fitted
        A fit on its rows.
    y : ndarray of shape (n_samples,)
        Index of the class of each row.
    covariance_ : ndarray of shape (n_parameters, n_parameters)
        As `covariance` gives it.
    total_weight : float
        Sum of the sample weights.

    Returns
    -------
    float
        ``sqrt(g' V g)``, g the gradient and V the covariance: the length of Newton's step in
        standard errors, of the combination of coefficients for which it is longest.

    Raises
    ------
    TrainingError
        If it is more than `FARTHEST`.

    References
    ----------
    .. [1] S. Boyd and L. Vandenberghe, *Convex Optimization*, 2004, sec. 9.5.1.
    """
    residuals = log_loss_gradient(fitted.scores, y, fitted.shares)[:, fitted.free]
    gradient = (residuals.T @ fitted.basis.columns).ravel()
    distance = total_weight * float(np.sqrt(gradient @ covariance_ @ gradient))
    if not distance <= FARTHEST:
        msg = (
            f"expected coefficients within {FARTHEST:g} standard errors of the maximum of the"
            f" likelihood, got {distance:.2g}"
        )
        raise TrainingError(msg)
    return distance


def _across_classes(matrix: Floats, mixing: Floats) -> Floats:
    """Multiply by ``mixing (x) I`` from the left, classes outermost."""
    product: Floats = mixing @ matrix.reshape(len(mixing), -1)
    return product.reshape(matrix.shape)


def _separated(fitted: Fitted) -> str:
    """Name the columns whose coefficients have grown most, in deviations of the column."""
    X = fitted.design.X
    deviations = np.sqrt(fitted.shares @ (X - fitted.shares @ X) ** 2)
    growth = np.abs(fitted.coef).max(axis=0) * deviations
    order = np.argsort(-growth, kind="stable")
    grown = [fitted.design.names[j] for j in order if growth[j] > GROWN * growth[order[0]]]
    return (
        "the classes are separated, completely or nearly: no finite coefficients maximise the"
        f" likelihood; what has grown most: {', '.join(map(repr, grown[:6]))}"
    )
