"""From class scores to probabilities."""

import numpy as np

from service.softmax.arrays import Floats


def log_softmax(scores: Floats) -> Floats:
    """Turn class scores into log-probabilities.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
        Linear scores in nats; any finite value.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        Natural logarithms of probabilities, none above zero; -inf where two scores are
        further apart than a double can say.

    References
    ----------
    .. [1] C. M. Bishop, *Pattern Recognition and Machine Learning*, 2006, sec. 4.3.4.

    Examples
    --------
    >>> np.exp(log_softmax(np.array([[1000.0, 1000.0]])))
    array([[0.5, 0.5]])
    """
    shifted = _below_zero(scores)
    log_sum: Floats = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted - log_sum


def softmax(scores: Floats) -> Floats:
    """Turn class scores into probabilities.

    The sum over classes runs along contiguous memory, where numpy adds in pairwise
    blocks; a row therefore sums to one within 8 units of rounding up to 1000 classes.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
        Linear scores in nats; any finite value.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        Probabilities in [0, 1].

    References
    ----------
    .. [1] C. M. Bishop, *Pattern Recognition and Machine Learning*, 2006, sec. 4.3.4.

    Examples
    --------
    >>> softmax(np.array([[0.0, np.log(3.0)]]))
    array([[0.25, 0.75]])
    """
    proba: Floats = np.exp(_below_zero(np.ascontiguousarray(scores)))
    proba /= proba.sum(axis=1, keepdims=True)
    return proba


def _below_zero(scores: Floats) -> Floats:
    # A shift common to a row cancels in the ratio; this one keeps exp from overflowing.
    with np.errstate(over="ignore"):  # 1e308 - (-1e308): that class's probability is 0
        shifted: Floats = scores - scores.max(axis=1, keepdims=True)
    return shifted
