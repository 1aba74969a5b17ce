"""Prediction sets: the classes that cannot be ruled out at a chosen coverage."""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from service.errors import InputError
from service.softmax.arrays import Booleans, Floats
from service.softmax.conformal import CalibrationScores, Method, ScoredRows, unlikeness
from service.softmax.policies import SetPolicy, refusal
from service.softmax.probability import softmax

ALIKE = 1e-12
"""Scores that lie no further apart are one: a row that comes again, alone or in another batch,
has its last digits from another order of adding, and must not leave its own set for that."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SetRule:
    """Which classes belong to the set of a row.

    Sets read the probabilities p' of the policy, and so do the quantiles: with priors they are
    taken class by class, from scores made of the p' of calibration rows. The rows of one class
    are the same in any mix of the classes, so that what holds among them holds in any.

    Parameters
    ----------
    method : {"lac", "aps"}
        What is compared with the quantiles.
    quantiles : ndarray of shape (n_classes,)
        Largest score with which each class is in; infinity where it always is.
    guarantee : str
        What is promised, in words.
    """

    method: Method
    quantiles: Floats
    guarantee: str

    def members(self, proba: Floats) -> Booleans:
        """Tell which classes are in the set of each row.

        Parameters
        ----------
        proba : ndarray of shape (n_samples, n_classes)
            Probabilities under the policy's priors; without priors those of the model.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Whether each class is in; a row may have none.
        """
        return np.asarray(unlikeness(proba, self.method) <= self.quantiles)


def conformal_quantile(scores: Floats, coverage: float) -> float:
    """Give the score that a new row stays below as often as was asked.

    Parameters
    ----------
    scores : ndarray of shape (n_samples,)
        Scores of rows like the new one.
    coverage : float
        How often, between 0 and 1, taken for the decimal number that it prints as.

    Returns
    -------
    float
        The ``ceil((n + 1) coverage)``-th smallest score; infinity if there are fewer.

    References
    ----------
    .. [1] V. Vovk, A. Gammerman, G. Shafer, *Algorithmic Learning in a Random World*, 2005.

    Examples
    --------
    >>> conformal_quantile(np.array([0.3, 0.1, 0.2]), 0.5), conformal_quantile(np.ones(3), 0.9)
    (0.2, inf)
    """
    rank = math.ceil((len(scores) + 1) * Fraction(str(coverage)))
    return float(np.partition(scores, rank - 1)[rank - 1]) if rank <= len(scores) else math.inf


def set_rule(
    policy: SetPolicy,
    set_scores: CalibrationScores | None,
    texts: tuple[str, ...],
    shift: Floats | None,
) -> SetRule:
    """Take the quantiles of a policy from the calibration rows of a model.

    It looks at each calibration row once: a policy that is asked again is prepared once.

    Parameters
    ----------
    policy : SetPolicy
        Coverage and method.
    set_scores : CalibrationScores or None
        Scores of calibration rows.
    texts : tuple of str, length n_classes
        Texts of the classes.
    shift : ndarray of shape (n_classes,), or None
        What new priors add to the scores, in nats.

    Returns
    -------
    SetRule
        Which classes belong to a set.

    Raises
    ------
    InputError
        If the model carries no scores, or priors need more of them than it carries.
    """
    if set_scores is None:
        detail = "expected a model with calibration scores: train it with a calibration size"
        raise InputError([refusal(f"{detail} above 0, as in --calibration-size 0.2")])
    if shift is None:
        scores, y = (set_scores.lac if policy.method == "lac" else set_scores.aps), set_scores.y
    elif set_scores.rows is not None:
        scores = _scores_in_mix(policy.method, set_scores.rows, shift)
        y = set_scores.rows.y
    else:
        detail = "expected no priors: sets for another mix of the classes need scores of every"
        detail += " class for the calibration rows, and the model keeps none; train it anew,"
        raise InputError([refusal(f"{detail} without --no-sample", "priors")])
    if policy.per_class:
        parts = [scores[y == k] for k in range(len(texts))]
        quantiles = np.array([conformal_quantile(part, policy.coverage) for part in parts])
        counts = [len(part) for part in parts]
    else:
        quantiles = np.full(len(texts), conformal_quantile(scores, policy.coverage))
        counts = [len(scores)]
    short = [text for text, q in zip(texts, quantiles, strict=True) if q == math.inf]
    guarantee = _guarantee(policy, counts, short)
    return SetRule(method=policy.method, quantiles=quantiles + ALIKE, guarantee=guarantee)


def _scores_in_mix(method: Method, rows: ScoredRows, shift: Floats) -> Floats:
    """Score calibration rows by what they would look like among rows of another mix."""
    unlike = unlikeness(softmax(rows.scores + shift), method)
    own: Floats = unlike[np.arange(len(rows.y)), rows.y]
    return own


def _guarantee(policy: SetPolicy, counts: list[int], short: list[str]) -> str:
    share = Fraction(str(policy.coverage))
    percent = f"{float(100 * share):.12g} %"
    needed = math.ceil(share / (1 - share))
    if policy.per_class:
        promise = (
            f"of the rows of each class, at least {percent} get a set that holds it, whatever the"
            f" mix of the classes, if the rows of a class are like its {min(counts)} to"
            f" {max(counts)} calibration rows; on average over draws of those"
        )
    else:
        promise = (
            f"at least {percent} of rows get a set that holds their class, if they are like the"
            f" {counts[0]} calibration rows, their mix of classes too; on average over all classes"
            " and over draws of those rows, not for each class or each row"
        )
    if not short:
        return promise
    if not policy.per_class:
        return (
            f"every set holds all classes: {percent} takes at least {needed} calibration rows,"
            f" and there are {counts[0]}"
        )
    named = ", ".join(short[:5]) + (f" and {len(short) - 5} more" if len(short) > 5 else "")  # noqa: PLR2004 - a sentence, not a list
    return f"{promise}; {named} with fewer than {needed} calibration rows, so in every set"
