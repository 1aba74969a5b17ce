"""Whether rows that are given 70 % are right seven times in ten."""

import math
from dataclasses import dataclass

import numpy as np

from service.softmax.arrays import Floats, Integers

BINS = 10
"""Number of equally wide bins of confidence."""

NORMAL_95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """Rows whose most probable class has nearly the same probability.

    Parameters
    ----------
    low, high : float
        The bin: confidences above `low` and up to `high`.
    n_samples : int
        Number of rows in it, at least one.
    confidence : float
        Weighted mean probability of the most probable class.
    accuracy : float
        Weighted share of rows whose most probable class is the true one.
    interval : tuple of (float, float)
        Where that share may lie, at 95 %: see `share_interval`.
    """

    low: float
    high: float
    n_samples: int
    confidence: float
    accuracy: float
    interval: tuple[float, float]


def reliability(
    log_proba: Floats, y: Integers, sample_weight: Floats
) -> tuple[tuple[ReliabilityBin, ...], float]:
    """Compare confidence with accuracy, bin by bin.

    Parameters
    ----------
    log_proba : ndarray of shape (n_samples, n_classes)
        Natural logarithms of probabilities.
    y : ndarray of shape (n_samples,)
        Index of the true class of each row.
    sample_weight : ndarray of shape (n_samples,)
        Weights, none negative and not all zero; rows of weight zero are left out.

    Returns
    -------
    bins : tuple of ReliabilityBin
        Those of ten equally wide bins that hold rows, in ascending order.
    expected_calibration_error : float
        Mean of ``|accuracy - confidence|`` over bins, weighted by what is in them: the
        top-label ECE, from 0 to 1.

    References
    ----------
    .. [1] C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, eq. 2 to 5.

    Examples
    --------
    >>> bins, error = reliability(np.log([[0.8, 0.2]] * 4), np.array([0, 0, 0, 1]), np.ones(4))
    >>> bins[0].n_samples, bins[0].accuracy, round(error, 12)
    (4, 0.75, 0.05)
    """
    counted = sample_weight > 0
    confidence = np.exp(log_proba[counted].max(axis=1))
    hit = log_proba[counted].argmax(axis=1) == y[counted]
    weight = sample_weight[counted]
    index = np.clip(np.ceil(confidence * BINS).astype(np.intp) - 1, 0, BINS - 1)
    bins, error = [], 0.0
    for b in range(BINS):
        rows = index == b
        if not rows.any():
            continue
        mean = float(np.average(confidence[rows], weights=weight[rows]))
        share = float(np.average(hit[rows], weights=weight[rows]))
        error += float(weight[rows].sum() / weight.sum()) * abs(share - mean)
        bins.append(
            ReliabilityBin(
                low=b / BINS,
                high=(b + 1) / BINS,
                n_samples=int(rows.sum()),
                confidence=mean,
                accuracy=share,
                interval=share_interval(share, weight[rows]),
            )
        )
    return tuple(bins), error


def share_interval(share: float, weight: Floats) -> tuple[float, float]:
    """Give the 95 % interval of Wilson for a share of rows.

    It has a width also where all rows, or none, are of the kind.

    Parameters
    ----------
    share : float
        Weighted share, 0 to 1.
    weight : ndarray of shape (n_samples,)
        Weights of the rows, not all zero; they count as Kish's effective number of rows,
        ``(sum w)^2 / sum w^2``.

    Returns
    -------
    low : float
        Lower end.
    high : float
        Upper end.

    References
    ----------
    .. [1] E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical
       Inference", JASA 22, 1927.
    .. [2] L. Kish, *Survey Sampling*, 1965, sec. 11.7.

    Examples
    --------
    >>> low, high = share_interval(1.0, np.ones(10))
    >>> round(low, 4), high
    (0.7225, 1.0)
    """
    n = float(weight.sum() ** 2 / (weight @ weight))
    z2 = NORMAL_95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = NORMAL_95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    # At the ends the formula gives 0 and 1 but for rounding.
    return 0.0 if share == 0 else low, 1.0 if share == 1 else high
