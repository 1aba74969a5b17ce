"""How far figures would wander if other rows had been drawn."""

from dataclasses import dataclass

import numpy as np

from service.softmax.arrays import Floats, Integers
from service.softmax.reliability import share_interval
from service.softmax.tally import tally

RESAMPLES = 1_000
"""Drawings with replacement."""

GROUPS = 2_000
"""Rows beyond this number are dealt at random into as many groups, which are drawn whole:
the cost no longer grows, and the spread of a mean stays what it was."""

FEWEST = 20
"""Below this number of rows no interval is given."""

Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Intervals:
    """Confidence intervals of a model's figures, at 95 %.

    They tell what another draw of held-out rows could give; the fit stays as it is.

    Parameters
    ----------
    accuracy : tuple of (float, float)
        Wilson's interval, which needs no resampling.
    log_loss, brier_score, balanced_accuracy, macro_f1, skill : tuple of (float, float), or None
        Percentiles of the bootstrap; None where all resamples agree, as when every row is
        predicted right: then they know nothing of a spread.
    """

    accuracy: Interval
    log_loss: Interval | None
    brier_score: Interval | None
    balanced_accuracy: Interval | None
    macro_f1: Interval | None
    skill: Interval | None


def intervals(
    log_proba: Floats, y: Integers, sample_weight: Floats, prior: Floats, *, random_state: int
) -> Intervals | None:
    """Draw rows again and again, with replacement, and look at how the figures spread.

    Parameters
    ----------
    log_proba : ndarray of shape (n_samples, n_classes)
        Natural logarithms of probabilities.
    y : ndarray of shape (n_samples,)
        Index of the true class of each row.
    sample_weight : ndarray of shape (n_samples,)
        Weights, none negative; rows of weight zero are left out.
    prior : ndarray of shape (n_classes,)
        The probabilities to compare with, none zero.
    random_state : int
        Seed of the drawings.

    Returns
    -------
    Intervals or None
        None below twenty rows, of which resampling knows too little.

    References
    ----------
    .. [1] B. Efron, R. J. Tibshirani, *An Introduction to the Bootstrap*, 1993, sec. 13.3.
    """
    counted = np.flatnonzero(sample_weight > 0)
    if len(counted) < FEWEST:
        return None
    random = np.random.default_rng(random_state)
    n_groups = min(len(counted), GROUPS)
    group = np.arange(len(counted)) % n_groups
    if n_groups < len(counted):
        group = random.permutation(group)
    parts = tally(
        log_proba[counted],
        y[counted],
        sample_weight[counted],
        prior,
        group=group,
        n_groups=n_groups,
    )
    equally = np.full(n_groups, 1.0 / n_groups)
    counts = random.multinomial(n_groups, equally, size=RESAMPLES).astype(np.float64)
    drawn = parts.combine(counts)
    share = float(parts.hits.sum() / parts.weight.sum())
    return Intervals(
        accuracy=share_interval(share, sample_weight[counted]),
        log_loss=_percentiles(drawn.log_loss),
        brier_score=_percentiles(drawn.brier_score),
        balanced_accuracy=_percentiles(drawn.balanced_accuracy),
        macro_f1=_percentiles(drawn.macro_f1),
        skill=_percentiles(drawn.skill),
    )


def _percentiles(values: Floats) -> Interval | None:
    low, high = (float(value) for value in np.quantile(values, [0.025, 0.975]))
    return (low, high) if low < high else None
