"""How well probabilities fit labels."""

from dataclasses import dataclass

import numpy as np

from service.softmax.arrays import Floats, Integers


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """How well a model does on some rows.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    accuracy : float
        Weighted share of rows whose most probable class is the true one.
    log_loss : float
        Weighted mean of -log p(true class), in nats.
    confusion_matrix : tuple of tuples of int, shape (n_classes, n_classes)
        Numbers of rows by true class (first index) and predicted class (second).
    """

    n_samples: int
    accuracy: float
    log_loss: float
    confusion_matrix: tuple[tuple[int, ...], ...]


def evaluate(log_proba: Floats, y: Integers, sample_weight: Floats) -> Metrics:
    """Measure log-probabilities against the true classes.

    Parameters
    ----------
    log_proba : ndarray of shape (n_samples, n_classes)
        Natural logarithms of probabilities; at least one row.
    y : ndarray of shape (n_samples,)
        Index of the true class of each row.
    sample_weight : ndarray of shape (n_samples,)
        Weights of the rows, not all zero.

    Returns
    -------
    Metrics
        The figures.

    Examples
    --------
    >>> evaluate(np.log([[0.5, 0.5], [0.2, 0.8]]), np.array([0, 0]), np.ones(2)).accuracy
    0.5
    """
    n_classes = log_proba.shape[1]
    winners = log_proba.argmax(axis=1)
    losses = -log_proba[np.arange(len(y)), y]
    counts = np.bincount(y * n_classes + winners, minlength=n_classes**2)
    return Metrics(
        n_samples=len(y),
        accuracy=float(np.average(winners == y, weights=sample_weight)),
        log_loss=float(np.average(losses, weights=sample_weight)),
        confusion_matrix=tuple(
            tuple(int(count) for count in row) for row in counts.reshape(n_classes, n_classes)
        ),
    )
