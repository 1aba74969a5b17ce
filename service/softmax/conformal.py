"""The scores from which prediction sets take their coverage."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from service.errors import ValueRefusedError
from service.softmax.arrays import Floats, Integers, frozen

Method = Literal["lac", "aps"]


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredRows:
    """Calibration rows as the model sees them, from which any mix of the classes can be had.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
        ``z / T`` in nats, finite. With the coefficients at hand they give rows away.
    y : ndarray of shape (n_samples,)
        Index of the true class of each row.

    Raises
    ------
    ValueRefusedError
        If the shapes disagree, a score is not finite, or a class has no score.
    """

    scores: Floats
    y: Integers

    def __post_init__(self) -> None:
        object.__setattr__(self, "scores", frozen(self.scores))
        if self.scores.ndim != 2 or self.y.shape != (len(self.scores),):  # noqa: PLR2004 - rows, classes
            msg = f"expected one class a row, got {self.scores.shape} and {self.y.shape}"
            raise ValueRefusedError(msg)
        if not np.isfinite(self.scores).all():
            msg = "expected finite scores of calibration rows"
            raise ValueRefusedError(msg)
        if ((self.y < 0) | (self.y >= self.scores.shape[1])).any():
            msg = "expected indices of classes beside the scores of calibration rows"
            raise ValueRefusedError(msg)


@dataclass(frozen=True, kw_only=True, eq=False)
class CalibrationScores:
    """How unlike its true class each calibration row looked to the model.

    Parameters
    ----------
    lac : ndarray of shape (n_samples,)
        ``1 - p`` of the true class, in [0, 1]; in ascending order within each class.
    aps : ndarray of shape (n_samples,)
        Probability of the true class and of all classes above it, in [0, 1]; in ascending
        order within each class, and so no longer beside the `lac` of its row.
    y : ndarray of shape (n_samples,)
        Index of the true class, in ascending order.
    rows : ScoredRows, optional
        Some of the rows, with the scores of every class: what sets need where the classes are
        mixed otherwise.

    Raises
    ------
    ValueRefusedError
        If the arrays are empty or of different lengths, a score is no share, a class is
        negative, or the order is another one.

    References
    ----------
    .. [1] M. Sadinle, J. Lei, L. Wasserman, "Least Ambiguous Set-Valued Classifiers with
       Bounded Error Levels", JASA 114, 2019.
    .. [2] Y. Romano, M. Sesia, E. Candès, "Classification with Valid and Adaptive
       Coverage", NeurIPS 2020.
    """

    lac: Floats
    aps: Floats
    y: Integers
    rows: ScoredRows | None = None

    def __post_init__(self) -> None:
        if self.y.ndim != 1 or not self.lac.shape == self.aps.shape == self.y.shape != (0,):
            msg = f"expected as many scores as classes, got {self.lac.shape}, {self.aps.shape}"
            raise ValueRefusedError(msg)
        for name in ("lac", "aps"):
            scores = frozen(getattr(self, name))
            if not ((scores >= 0) & (scores <= 1)).all():  # so written, it refuses NaN too
                msg = f"expected scores from 0 to 1 in {name}"
                raise ValueRefusedError(msg)
            if ((np.diff(scores) < 0) & (np.diff(self.y) == 0)).any():
                msg = f"expected {name} in ascending order within each class"
                raise ValueRefusedError(msg)
            object.__setattr__(self, name, scores)
        if self.y[0] < 0 or (np.diff(self.y) < 0).any():
            msg = "expected classes of calibration scores in ascending order"
            raise ValueRefusedError(msg)

    def __len__(self) -> int:
        return len(self.y)


def calibration_scores(proba: Floats, y: Integers) -> CalibrationScores:
    """Score calibration rows by both methods, LAC and APS.

    Coverage is a promise about rows drawn like these, each counted once: sample weights
    play no part in it. The scores are sorted, so that nobody's row can be put together
    again from them.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, n_classes)
        Probabilities of the model as it answers, temperature included.
    y : ndarray of shape (n_samples,)
        Index of the true class of each row.

    Returns
    -------
    CalibrationScores
        Scores, sorted within each class.

    Examples
    --------
    >>> scores = calibration_scores(np.array([[0.5, 0.2, 0.3]] * 2), np.array([2, 0]))
    >>> scores.y, scores.lac, scores.aps
    (array([0, 2]), array([0.5, 0.7]), array([0.5, 0.8]))
    """
    rows = np.arange(len(y))
    lac, aps = unlikeness(proba, "lac")[rows, y], unlikeness(proba, "aps")[rows, y]
    return CalibrationScores(
        lac=lac[np.lexsort((lac, y))], aps=aps[np.lexsort((aps, y))], y=np.sort(y)
    )


def unlikeness(proba: Floats, method: Method) -> Floats:
    """Say how unlike each class rows look.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, n_classes)
        Probabilities.
    method : {"lac", "aps"}
        By the class alone, or by all that are at least as probable.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        ``1 - p``, or `cumulative_proba`; in [0, 1].

    Examples
    --------
    >>> unlikeness(np.array([[0.25, 0.5, 0.25]]), "lac")
    array([[0.75, 0.5 , 0.75]])
    """
    return 1.0 - proba if method == "lac" else cumulative_proba(proba)


def cumulative_proba(proba: Floats) -> Floats:
    """Add to each class's probability those of all classes ranked above it.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, n_classes)
        Probabilities; of equal ones the first in class order ranks higher.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        Sums in [0, 1], the class itself included, in class order.

    Examples
    --------
    >>> cumulative_proba(np.array([[0.25, 0.5, 0.25]]))
    array([[0.75, 0.5 , 1.  ]])
    """
    order = np.argsort(-proba, axis=1, kind="stable")
    sums = np.cumsum(np.take_along_axis(proba, order, axis=1), axis=1)
    cumulative = np.empty_like(proba)
    np.put_along_axis(cumulative, order, np.minimum(sums, 1.0), axis=1)  # 1 + rounding is 1
    return cumulative
