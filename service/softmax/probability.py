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

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
        Linear scores in nats; any finite value.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        Probabilities in [0, 1], as `class_major_softmax` gives them.

    References
    ----------
    .. [1] C. M. Bishop, *Pattern Recognition and Machine Learning*, 2006, sec. 4.3.4.

    Examples
    --------
    >>> softmax(np.array([[0.0, np.log(3.0)]]))
    array([[0.25, 0.75]])
    """
    proba = np.array(scores.T, dtype=np.float64, order="C")
    class_major_softmax(proba)
    row_major: Floats = np.ascontiguousarray(proba.T)
    return row_major


def class_major_softmax(scores: Floats) -> None:
    """Turn class scores into probabilities where they stand.

    The sum over the classes is taken in pairs, pairs of pairs and so on, which rounds once
    per doubling: up to 2^15 classes the probabilities of a row provably sum to one within 8
    units of rounding, where a running sum may be off by a unit for every two classes.

    Parameters
    ----------
    scores : ndarray of shape (n_classes, n_samples)
        Linear scores in nats, any finite value, in C order; probabilities in [0, 1] after.
    """
    # A shift common to a row cancels in the ratio; this one keeps exp from overflowing.
    with np.errstate(over="ignore"):  # -1e308 - 1e308: that class's probability is 0
        scores -= scores.max(axis=0)
    np.exp(scores, out=scores)
    scores /= _sum_in_pairs(scores)


def _sum_in_pairs(terms: Floats) -> Floats:
    """Add the lines of an array of shape (n_terms, n_columns)."""
    n_terms = len(terms)
    n_sums = (n_terms + 1) // 2
    sums = terms[:n_sums].copy()  # the middle line of an odd number waits for the next round
    while n_terms > 1:
        n_pairs = n_terms // 2
        second = terms if n_terms == len(terms) else sums
        sums[:n_pairs] += second[n_terms - n_pairs : n_terms]
        n_terms -= n_pairs
    total: Floats = sums[0]
    return total


def _below_zero(scores: Floats) -> Floats:
    # A shift common to a row cancels in the ratio; this one keeps exp from overflowing.
    with np.errstate(over="ignore"):  # 1e308 - (-1e308): that class's probability is 0
        shifted: Floats = scores - scores.max(axis=1, keepdims=True)
    return shifted
