"""How well probabilities fit labels."""

import math
from dataclasses import dataclass

import numpy as np

from service.softmax.arrays import Floats, Integers
from service.softmax.bootstrap import Intervals, intervals
from service.softmax.reliability import ReliabilityBin, reliability
from service.softmax.tally import tally

TOP = 5
"""Top-k accuracies are given up to this k."""


@dataclass(frozen=True, kw_only=True)
class ClassMetrics:
    """How well a model does on one class.

    Parameters
    ----------
    n_samples : int
        Number of rows of the class.
    precision : float or None
        Weighted share of the rows predicted to be of the class that are; None where none is.
    recall : float or None
        Weighted share of the rows of the class that are predicted to be; None where none is.
    f1 : float or None
        Harmonic mean of the two; None where no row is of the class or predicted to be.
    """

    n_samples: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """How well a model does on some rows; shares and means are weighted by the rows' weights.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    accuracy : float
        Share of rows whose most probable class is the true one.
    balanced_accuracy : float
        Mean recall of the classes that occur.
    macro_f1 : float
        Mean F1 of the classes that occur or are predicted.
    top_k_accuracy : tuple of float, length min(n_classes, 5)
        Share of rows whose true class is among the k most probable ones, k = 1, 2, …
    log_loss : float
        Mean of -log p(true class), in nats.
    brier_score : float
        Mean of ``sum_k (p_k - onehot_k)^2`` over all classes, from 0 to 2; for two classes
        twice what is common there.
    prior_log_loss : float
        The log loss of always answering the class shares of the training rows, in nats.
    skill : float
        ``1 - log_loss / prior_log_loss``: 1 at best, 0 for who knows nothing but the shares.
    expected_calibration_error : float
        Mean distance of confidence from accuracy over the bins of `reliability`.
    reliability : tuple of ReliabilityBin
        Rows by the probability of their most probable class.
    per_class : tuple of ClassMetrics, length n_classes
        Figures of each class.
    confusion_matrix : tuple of tuples of int, shape (n_classes, n_classes)
        Numbers of rows by true class (first index) and predicted class (second).
    intervals : Intervals or None
        Where some of these figures may lie; None where they are not estimated.
    """

    n_samples: int
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    top_k_accuracy: tuple[float, ...]
    log_loss: float
    brier_score: float
    prior_log_loss: float
    skill: float
    expected_calibration_error: float
    reliability: tuple[ReliabilityBin, ...]
    per_class: tuple[ClassMetrics, ...]
    confusion_matrix: tuple[tuple[int, ...], ...]
    intervals: Intervals | None = None


def evaluate(
    log_proba: Floats,
    y: Integers,
    sample_weight: Floats,
    prior: Floats,
    *,
    random_state: int | None = None,
) -> Metrics:
    """Measure log-probabilities against the true classes.

    Parameters
    ----------
    log_proba : ndarray of shape (n_samples, n_classes)
        Natural logarithms of probabilities; at least one row.
    y : ndarray of shape (n_samples,)
        Index of the true class of each row.
    sample_weight : ndarray of shape (n_samples,)
        Weights of the rows, not all zero.
    prior : ndarray of shape (n_classes,)
        Class shares to compare with, none zero.
    random_state : int, optional
        Seed of the bootstrap; without one there are no intervals.

    Returns
    -------
    Metrics
        The figures.

    Examples
    --------
    >>> log_proba = np.log([[0.5, 0.5], [0.2, 0.8]])
    >>> evaluate(log_proba, np.array([0, 0]), np.ones(2), np.array([0.5, 0.5])).accuracy
    0.5
    """
    n_samples, n_classes = log_proba.shape
    everything = np.zeros(n_samples, dtype=np.intp)
    totals = tally(log_proba, y, sample_weight, prior, group=everything, n_groups=1)
    bins, calibration_error = reliability(log_proba, y, sample_weight)
    cells = y * n_classes + log_proba.argmax(axis=1)
    counts = np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes)
    scores = zip(
        counts.sum(axis=1), totals.precision[0], totals.recall[0], totals.f1[0], strict=True
    )
    return Metrics(
        n_samples=n_samples,
        accuracy=float(totals.accuracy[0]),
        balanced_accuracy=float(totals.balanced_accuracy[0]),
        macro_f1=float(totals.macro_f1[0]),
        top_k_accuracy=_top_k_accuracy(log_proba, y, sample_weight),
        log_loss=float(totals.log_loss[0]),
        brier_score=float(totals.brier_score[0]),
        prior_log_loss=float(totals.prior_log_loss[0]),
        skill=float(totals.skill[0]),
        expected_calibration_error=calibration_error,
        reliability=bins,
        per_class=tuple(
            ClassMetrics(n_samples=int(count), precision=_known(p), recall=_known(r), f1=_known(f1))
            for count, p, r, f1 in scores
        ),
        confusion_matrix=tuple(tuple(map(int, row)) for row in counts),
        intervals=None
        if random_state is None
        else intervals(log_proba, y, sample_weight, prior, random_state=random_state),
    )


def _top_k_accuracy(log_proba: Floats, y: Integers, sample_weight: Floats) -> tuple[float, ...]:
    n_samples, n_classes = log_proba.shape
    true = log_proba[np.arange(n_samples), y][:, None]
    is_before = np.arange(n_classes) < y[:, None]  # ties go to the first in class order
    rank = ((log_proba > true) | ((log_proba == true) & is_before)).sum(axis=1)
    shares = np.bincount(rank, weights=sample_weight, minlength=n_classes) / sample_weight.sum()
    return tuple(min(1.0, float(share)) for share in np.cumsum(shares)[:TOP])


def _known(value: np.float64) -> float | None:
    return None if math.isnan(value) else float(value)
