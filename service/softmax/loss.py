"""The loss that softmax regression minimises, and its gradient."""

import numpy as np

from service.softmax.arrays import Floats, Integers
from service.softmax.probability import log_softmax


def log_loss(scores: Floats, y: Integers, sample_weight: Floats | None = None) -> float:
    """Give the weighted sum of negative log-probabilities of the true classes.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
        Linear scores in nats.
    y : ndarray of shape (n_samples,)
        Index of the true class of each row.
    sample_weight : ndarray of shape (n_samples,), optional
        Weights, none negative; one each by default.

    Returns
    -------
    float
        The sum in nats, not divided by anything.

    References
    ----------
    .. [1] C. M. Bishop, *Pattern Recognition and Machine Learning*, 2006, eq. 4.108.

    Examples
    --------
    >>> round(log_loss(np.zeros((2, 4)), np.array([0, 3])), 6)  # two rows, log 4 each
    2.772589
    """
    losses = -log_softmax(scores)[np.arange(len(y)), y]
    return float(losses.sum() if sample_weight is None else sample_weight @ losses)


def log_loss_gradient(scores: Floats, y: Integers, sample_weight: Floats | None = None) -> Floats:
    """Give the gradient of `log_loss` with respect to the scores.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
        Linear scores in nats.
    y : ndarray of shape (n_samples,)
        Index of the true class of each row.
    sample_weight : ndarray of shape (n_samples,), optional
        Weights, none negative; one each by default.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        Weighted residuals ``w (p - onehot(y))``; with G of this shape, the gradient in W
        is ``G.T @ (X - m)`` and in b the sum of G over rows.

    References
    ----------
    .. [1] C. M. Bishop, *Pattern Recognition and Machine Learning*, 2006, eq. 4.109.
    """
    residuals: Floats = np.exp(log_softmax(scores))
    residuals[np.arange(len(y)), y] -= 1.0
    if sample_weight is not None:
        residuals *= sample_weight[:, None]
    return residuals
