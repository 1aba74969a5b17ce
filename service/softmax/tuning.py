"""Thresholds that would have cost least on rows whose classes are known."""

from dataclasses import dataclass

import numpy as np

from service.errors import InputError
from service.softmax.arrays import Booleans, Floats, Integers, Label, label_text
from service.softmax.decisions import Decider
from service.softmax.policies import ABSTAIN, ThresholdPolicy, refusal


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """Thresholds, and what they cost.

    Parameters
    ----------
    policy : ThresholdPolicy
        A threshold for each class.
    mean_cost : float
        What a row cost with them, among the rows that chose them: too good to be true.
    cross_fitted_cost : float or None
        What a row cost with thresholds chosen on other rows, those of the other folds; None
        with too few rows.
    """

    policy: ThresholdPolicy
    mean_cost: float
    cross_fitted_cost: float | None


def tune_thresholds(
    decider: Decider,
    classes: tuple[Label, ...],
    scores: Floats,
    y: Integers,
    *,
    folds: int = 5,
    random_state: int = 0,
) -> Tuning:
    """Choose for each class the probability from which deciding for it cost less than abstaining.

    The cost of a row depends on the threshold of its most probable class only, so that each
    threshold is chosen alone: of all ways to cut the rows of a class in two by probability,
    the cheapest; of equal ones, the one that decides most.

    Parameters
    ----------
    decider : Decider
        A cost policy whose actions are all classes and ``abstain``.
    classes : tuple of str, int or bool, length n_classes
        The model's classes.
    scores : ndarray of shape (n_samples, n_classes)
        ``z / T`` in nats, finite; at least one row.
    y : ndarray of shape (n_samples,)
        Index of the true class of each row.
    folds : int
        Number of parts for the cross-fitted cost.
    random_state : int
        Seed of those parts.

    Returns
    -------
    Tuning
        The thresholds, with the priors of the cost policy.

    Raises
    ------
    InputError
        If the policy's actions are others.
    """
    texts = [label_text(label) for label in classes]
    if decider.costs is None or [*map(label_text, decider.actions)] != [*texts, ABSTAIN]:
        detail = "expected costs of every class and of 'abstain', and of nothing else, to tune"
        raise InputError([refusal(f"{detail} thresholds by")])
    posterior = decider.posterior(scores)
    winners = posterior.argmax(axis=1)
    rows = _Rows(
        winners=winners,
        proba=posterior[np.arange(len(y)), winners],
        decided=decider.costs[y, winners],
        undecided=decider.costs[y, -1],
    )
    everything = np.ones(len(y), dtype=np.bool_)
    thresholds = rows.cheapest(everything, len(classes))
    cross_fitted = None
    if len(y) >= folds:
        part = np.random.default_rng(random_state).permutation(len(y)) % folds
        paid = np.concatenate(
            [
                rows.paid(part == fold, rows.cheapest(part != fold, len(classes)))
                for fold in range(folds)
            ]
        )
        cross_fitted = float(paid.mean())
    return Tuning(
        policy=ThresholdPolicy(
            thresholds=dict(zip(texts, thresholds.tolist(), strict=True)),
            priors=decider.policy.priors,
        ),
        mean_cost=float(rows.paid(everything, thresholds).mean()),
        cross_fitted_cost=cross_fitted,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Rows:
    """Rows with their most probable class, its probability, and the two costs."""

    winners: Integers
    proba: Floats
    decided: Floats
    undecided: Floats

    def paid(self, chosen: Booleans, thresholds: Floats) -> Floats:
        """Give the costs of some rows under thresholds."""
        reached = self.proba >= thresholds[self.winners]
        costs: Floats = np.where(reached, self.decided, self.undecided)[chosen]
        return costs

    def cheapest(self, chosen: Booleans, n_classes: int) -> Floats:
        """Choose the threshold of each class on some rows."""
        thresholds = np.zeros(n_classes)
        for k in range(n_classes):
            own = np.flatnonzero(chosen & (self.winners == k))
            own = own[np.argsort(self.proba[own], kind="stable")]
            proba = self.proba[own]
            # What not deciding the first i rows costs more than deciding them.
            extra = np.concatenate(([0.0], np.cumsum(self.undecided[own] - self.decided[own])))
            if not len(own):
                continue
            # Rows of equal probability go together, and a probability of 1 reaches every threshold.
            can_cut = np.concatenate(([True], np.diff(proba) > 0, [proba[-1] < 1.0]))
            cut = int(np.where(can_cut, extra, np.inf).argmin())
            if cut:
                above = proba[cut] if cut < len(own) else 1.0
                thresholds[k] = shortest_between(float(proba[cut - 1]), float(above))
        return thresholds


def shortest_between(low: float, high: float) -> float:
    """Give a number of few digits above one number and at most another.

    Parameters
    ----------
    low, high : float
        From 0 to 1, the second the greater one.

    Returns
    -------
    float
        About halfway, where few digits allow.

    Examples
    --------
    >>> shortest_between(0.6123, 0.7459), shortest_between(0.12345, 0.12349)
    (0.7, 0.12347)
    """
    middle = (low + high) / 2
    for digits in range(1, 18):
        rounded = round(middle, digits)
        if low < rounded <= high:
            return rounded
    return high
