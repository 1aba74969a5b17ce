"""Why one class and not another: exact, and the same whatever is added to all classes."""

from dataclasses import dataclass

import numpy as np

from service.errors import InputError
from service.softmax.arrays import Floats, Integers
from service.softmax.domain import outside_domain
from service.softmax.model import SoftmaxModel
from service.softmax.probability import softmax
from service.softmax.shapes import column_starts

AGREEMENT = 1e-12
"""Share of its parts to which the sum of an explanation is the log-odds."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanations:
    """The log-odds of each row's label against another class, feature by feature.

    ``baseline + contributions.sum(axis=1)`` is `log_odds` to 1e-12 of the sum of their sizes.
    A contribution is the Shapley value of the feature when the others are drawn from the
    training rows independently of it: what the value changes against the mean row.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,)
        Index of the class that `SoftmaxModel.predict` gives.
    against : ndarray of shape (n_samples,)
        Index of the class it is compared with.
    log_odds : ndarray of shape (n_samples,)
        ``log(p_label / p_against)`` in nats.
    baseline : ndarray of shape (n_samples,)
        The same at the mean training row.
    contributions : ndarray of shape (n_samples, n_features)
        What each feature adds, in nats; a categorical feature counts once.
    centred_baseline : ndarray of shape (n_samples, n_classes), or None
        Scores at the mean training row less their mean over the classes, in nats.
    centred : ndarray of shape (n_samples, n_features, n_classes), or None
        What each feature adds to the score of each class, less its mean over the classes.
    """

    labels: Integers
    against: Integers
    log_odds: Floats
    baseline: Floats
    contributions: Floats
    centred_baseline: Floats | None = None
    centred: Floats | None = None


def explain(
    model: SoftmaxModel, X: Floats, *, against: int | None = None, centred: bool = False
) -> Explanations:
    """Explain the labels of rows.

    Parameters
    ----------
    model : SoftmaxModel
        The model.
    X : ndarray of shape (n_samples, n_features)
        Rows as `SoftmaxModel.scores` takes them.
    against : int, optional
        Index of the class to compare with, perhaps the label itself; by default the runner-up,
        the class of the next highest score.
    centred : bool
        Whether to tell the parts of every class too.

    Returns
    -------
    Explanations
        One explanation a row.

    Raises
    ------
    InputError
        If the scores of a row, or a difference of them, are not finite.

    References
    ----------
    .. [1] S. Lundberg, S.-I. Lee, "A Unified Approach to Interpreting Model Predictions",
       NeurIPS 2017; the interventional values of a linear model are its Corollary 1.

    Examples
    --------
    >>> model = SoftmaxModel(classes_=("a", "b"), levels_=(0, 0), coef_=[[0, 0], [3.0, -1.0]],
    ...     intercept_=[0, 0.5], mean_=[1.0, 2.0], class_prior_=[0.5, 0.5])
    >>> found = explain(model, np.array([[2.0, 2.0]]))
    >>> found.labels, found.baseline, found.contributions, found.log_odds
    (array([1]), array([0.5]), array([[3., 0.]]), array([3.5]))
    """
    rows = np.arange(len(X))
    scores = model.scores(X) / model.temperature_
    _check_finite(scores)
    labels = softmax(scores).argmax(axis=1)
    others = _runners_up(scores, labels) if against is None else np.full(len(X), against)
    with np.errstate(over="ignore", invalid="ignore"):
        intercept = model.intercept_ / model.temperature_
        baseline = intercept[labels] - intercept[others]
        contributions = _differences(model, X, labels, others)
        log_odds = scores[rows, labels] - scores[rows, others]
        total = baseline + contributions.sum(axis=1)
        size = np.abs(baseline) + np.abs(contributions).sum(axis=1)
    _check_finite(np.column_stack([log_odds, total, size]))
    # Scores of classes that are nearly alike lose more digits than their difference has.
    is_close = np.abs(log_odds - total) <= 0.5 * AGREEMENT * size
    parts = None
    if centred:
        parts = _centred(model, X)
        _check_finite(parts.reshape(len(X), -1))
    return Explanations(
        labels=labels,
        against=others,
        log_odds=np.where(is_close, log_odds, total),
        baseline=baseline,
        contributions=contributions,
        centred_baseline=np.tile(intercept - intercept.mean(), (len(X), 1)) if centred else None,
        centred=parts,
    )


def _runners_up(scores: Floats, labels: Integers) -> Integers:
    rest = scores.copy()
    rest[np.arange(len(labels)), labels] = -np.inf
    others: Integers = rest.argmax(axis=1)
    return others


def _differences(model: SoftmaxModel, X: Floats, labels: Integers, others: Integers) -> Floats:
    parts = np.empty(X.shape)
    starts = column_starts(model.levels_)
    for j, levels in enumerate(model.levels_):
        block = model.coef_[:, starts[j] : starts[j + 1]]
        weights = block[labels] - block[others]
        parts[:, j] = np.einsum("ij,ij->i", weights, _departures(model, X, j, levels))
    differences: Floats = parts / model.temperature_
    return differences


def _centred(model: SoftmaxModel, X: Floats) -> Floats:
    starts = column_starts(model.levels_)
    parts = np.empty((*X.shape, model.n_classes))
    for j, levels in enumerate(model.levels_):
        block = model.coef_[:, starts[j] : starts[j + 1]]
        with np.errstate(over="ignore", invalid="ignore"):  # it is looked at afterwards
            parts[:, j] = _departures(model, X, j, levels) @ (block - block.mean(axis=0)).T
            parts[:, j] /= model.temperature_
    return parts


def _departures(model: SoftmaxModel, X: Floats, j: int, levels: int) -> Floats:
    """Give the encoded columns of a feature, less their means; an unseen category is zeros."""
    start = column_starts(model.levels_)[j]
    columns = (X[:, [j]] == np.arange(levels)) if levels else X[:, [j]]
    departures: Floats = columns - model.mean_[start : start + (levels or 1)]
    return departures


def _check_finite(numbers: Floats) -> None:
    overflowed = np.flatnonzero(~np.isfinite(numbers).all(axis=1))
    if len(overflowed):
        raise InputError(outside_domain(int(row)) for row in overflowed)
