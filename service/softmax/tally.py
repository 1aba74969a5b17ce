"""What rows add up to, of which every figure is a ratio."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from service.softmax.arrays import Floats, Integers


@dataclass(frozen=True, kw_only=True, eq=False)
class Tally:
    """Weighted sums over groups of rows, one group along each leading index.

    Parameters
    ----------
    weight, hits : ndarray of shape (n_groups,)
        Weight of all rows, and of those whose most probable class is the true one.
    losses, squares, prior_losses : ndarray of shape (n_groups,)
        Weighted sums of -log p(true class) in nats, of ``sum_k (p_k - onehot_k)^2``, and of
        -log of the prior of the true class.
    true, predicted, both : ndarray of shape (n_groups, n_classes)
        Weight of the rows that are of a class, that are predicted to be, and both.
    """

    weight: Floats
    hits: Floats
    losses: Floats
    squares: Floats
    prior_losses: Floats
    true: Floats
    predicted: Floats
    both: Floats

    @property
    def accuracy(self) -> Floats:
        """Share of the weight that is predicted right."""
        return self.hits / self.weight

    @property
    def log_loss(self) -> Floats:
        """Mean of -log p(true class), in nats."""
        return self.losses / self.weight

    @property
    def brier_score(self) -> Floats:
        """Mean squared distance of probabilities from the truth, summed over classes: 0 to 2."""
        return self.squares / self.weight

    @property
    def prior_log_loss(self) -> Floats:
        """The log loss of always answering the prior, in nats."""
        return self.prior_losses / self.weight

    @property
    def skill(self) -> Floats:
        """Share of the prior's log loss that the model saves: 1 at best, 0 for the prior."""
        return 1.0 - self.losses / self.prior_losses

    @property
    def precision(self) -> Floats:
        """Share of those predicted to be of a class that are; NaN where none was."""
        return _ratio(self.both, self.predicted)

    @property
    def recall(self) -> Floats:
        """Share of those of a class that are predicted to be; NaN where there are none."""
        return _ratio(self.both, self.true)

    @property
    def f1(self) -> Floats:
        """Harmonic mean of precision and recall; NaN where a class neither is nor is said."""
        return _ratio(2.0 * self.both, self.true + self.predicted)

    @property
    def balanced_accuracy(self) -> Floats:
        """Mean recall of the classes that occur."""
        return _mean_known(self.recall)

    @property
    def macro_f1(self) -> Floats:
        """Mean F1 of the classes that occur or are predicted."""
        return _mean_known(self.f1)

    def combine(self, counts: Floats) -> Self:
        """Add groups up.

        Parameters
        ----------
        counts : ndarray of shape (n_sums, n_groups)
            How often each group enters each sum.

        Returns
        -------
        Tally
            One group for each sum.
        """
        return type(self)(
            **{field.name: counts @ getattr(self, field.name) for field in fields(self)}
        )


def tally(
    log_proba: Floats,
    y: Integers,
    sample_weight: Floats,
    prior: Floats,
    *,
    group: Integers,
    n_groups: int,
) -> Tally:
    """Sum over the rows of each group.

    Parameters
    ----------
    log_proba : ndarray of shape (n_samples, n_classes)
        Natural logarithms of probabilities.
    y : ndarray of shape (n_samples,)
        Index of the true class of each row.
    sample_weight : ndarray of shape (n_samples,)
        Weights, none negative.
    prior : ndarray of shape (n_classes,)
        The probabilities to compare with, none zero.
    group : ndarray of shape (n_samples,)
        The group of each row, below `n_groups`.
    n_groups : int
        Number of groups.

    Returns
    -------
    Tally
        The sums.
    """
    n_samples, n_classes = log_proba.shape
    winners = log_proba.argmax(axis=1)
    loss = -log_proba[np.arange(n_samples), y]
    square = np.exp(2.0 * log_proba).sum(axis=1) + (1.0 - 2.0 * np.exp(-loss))
    hit = winners == y

    def total(values: Floats) -> Floats:
        sums: Floats = np.bincount(group, weights=values, minlength=n_groups).astype(np.float64)
        return sums

    def by_class(k: Integers, weight: Floats) -> Floats:
        cells = np.bincount(group * n_classes + k, weights=weight, minlength=n_groups * n_classes)
        return cells.reshape(n_groups, n_classes).astype(np.float64)

    return Tally(
        weight=total(sample_weight),
        hits=total(sample_weight * hit),
        losses=total(sample_weight * loss),
        squares=total(sample_weight * square),
        prior_losses=total(-sample_weight * np.log(prior)[y]),
        true=by_class(y, sample_weight),
        predicted=by_class(winners, sample_weight),
        both=by_class(y, sample_weight * hit),
    )


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 0)


def _mean_known(values: Floats) -> Floats:
    known = ~np.isnan(values)
    mean: Floats = np.where(known, values, 0.0).sum(axis=-1) / known.sum(axis=-1)
    return mean
