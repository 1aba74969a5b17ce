"""From scores to decisions: a policy bound to a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from service.errors import Fault, InputError
from service.softmax.arrays import Booleans, Floats, Integers, Label, frozen, label_text
from service.softmax.conformal import CalibrationScores
from service.softmax.dominance import can_win
from service.softmax.model import SoftmaxModel
from service.softmax.policies import (
    ABSTAIN,
    CostPolicy,
    Policy,
    SetPolicy,
    ThresholdPolicy,
    refusal,
)
from service.softmax.prediction_sets import SetRule, set_rule
from service.softmax.probability import softmax

MAX_OWN_ACTIONS = 100
"""Most actions of a policy that are no class: every row is answered with a cost for each."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Decisions:
    """What a policy makes of rows.

    Parameters
    ----------
    winners : ndarray of shape (n_samples,)
        Index of the decision among the actions.
    margins : ndarray of shape (n_samples,)
        How far it was from another one: for costs the second-least less the least expected
        cost, else the probability p' of the most probable class less that of the next.
    expected_costs : ndarray of shape (n_samples, n_actions), or None
        For costs, what each action is expected to cost, in the unit of the costs.
    sets : ndarray of shape (n_samples, n_classes), or None
        For sets, whether each class is in.
    """

    winners: Integers
    margins: Floats
    expected_costs: Floats | None = None
    sets: Booleans | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Decider:
    """A policy that fits one model, ready to decide.

    Parameters
    ----------
    policy : Policy
        The policy.
    actions : tuple of str, int or bool
        What may be decided: classes, as they were in training and in their order, then other
        names.
    shift : ndarray of shape (n_classes,), or None
        What new priors add to the scores, in nats.
    thresholds : ndarray of shape (n_classes,), or None
        Least p' at which each class is decided; below it the last action is.
    costs : ndarray of shape (n_classes, n_actions), or None
        Costs by true class and action.
    sets : SetRule or None
        Which classes belong to a set.
    """

    policy: Policy
    actions: tuple[Label, ...]
    shift: Floats | None = None
    thresholds: Floats | None = None
    costs: Floats | None = None
    sets: SetRule | None = None

    @property
    def guarantee(self) -> str | None:
        """What is promised of sets, in words; None where the policy promises nothing."""
        return None if self.sets is None else self.sets.guarantee

    def posterior(self, scores: Floats) -> Floats:
        """Give the probabilities p' that decisions read.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_classes)
            ``z / T`` in nats, finite.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities under the policy's priors; without priors those of the model.
        """
        return softmax(scores if self.shift is None else scores + self.shift)

    def decide(self, scores: Floats) -> Decisions:
        """Decide rows; ties go to the first class or action.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_classes)
            ``z / T`` in nats, finite.

        Returns
        -------
        Decisions
            One decision a row.
        """
        posterior = self.posterior(scores)
        if self.costs is not None:
            expected: Floats = posterior @ self.costs
            winners = expected.argmin(axis=1)
            return Decisions(winners=winners, margins=_lead(-expected), expected_costs=expected)
        winners = posterior.argmax(axis=1)
        margins = _lead(posterior)
        undecided = len(self.actions) - 1
        if self.thresholds is not None:
            reached = posterior[np.arange(len(winners)), winners] >= self.thresholds[winners]
            winners = np.where(reached, winners, undecided)
        if self.sets is None:
            return Decisions(winners=winners, margins=margins)
        sets = self.sets.members(posterior)
        winners = np.where(sets.sum(axis=1) == 1, sets.argmax(axis=1), undecided)
        return Decisions(winners=winners, margins=margins, sets=sets)


def bind(
    policy: Policy,
    model: SoftmaxModel,
    set_scores: CalibrationScores | None,
    *,
    fit_intercept: bool = True,
    knows_shares: bool = True,
) -> Decider:
    """Hold a policy against a model.

    Parameters
    ----------
    policy : Policy
        The policy.
    model : SoftmaxModel
        The model.
    set_scores : CalibrationScores or None
        What prediction sets stand on, if the model carries any.
    fit_intercept : bool
        Whether the model was fitted with an intercept; without one it does not hold the class
        mix of its training rows, so that it cannot be exchanged for another one.
    knows_shares : bool
        Whether ``class_prior_`` are shares of the training rows, not a guess.

    Returns
    -------
    Decider
        What decides.

    Raises
    ------
    InputError
        If the policy names other classes than the model's, has an action that never wins, or
        needs what the model does not have; faults are located below ``policy``.
    """
    texts = tuple(label_text(label) for label in model.classes_)
    shift = None
    if policy.priors is not None:
        _check_priors(model, fit_intercept=fit_intercept, knows_shares=knows_shares)
        shift = _shift(_by_class(policy.priors, texts, "priors"), model.class_prior_)
    with_abstain = (*model.classes_, ABSTAIN)
    if isinstance(policy, ThresholdPolicy):
        if policy.thresholds is not None:
            thresholds = _by_class(policy.thresholds, texts, "thresholds")
        else:
            thresholds = np.full(model.n_classes, policy.threshold)
        return Decider(
            policy=policy, actions=with_abstain, shift=shift, thresholds=frozen(thresholds)
        )
    if isinstance(policy, CostPolicy):
        actions, costs = _cost_table(policy, model.classes_, texts)
        return Decider(policy=policy, actions=actions, shift=shift, costs=costs)
    if isinstance(policy, SetPolicy):
        sets = set_rule(policy, set_scores, texts, shift)
        return Decider(policy=policy, actions=with_abstain, shift=shift, sets=sets)
    return Decider(policy=policy, actions=model.classes_, shift=shift)


def _refuse(detail: str, *path: str) -> NoReturn:
    raise InputError([refusal(detail, *path)])


def _lead(values: Floats) -> Floats:
    """Give the greatest value of each row less the next."""
    if values.shape[1] == 1:
        return values[:, 0].copy()
    top = np.partition(values, -2, axis=1)
    lead: Floats = top[:, -1] - top[:, -2]
    return lead


def _by_class(numbers: Mapping[str, float], texts: tuple[str, ...], field: str) -> Floats:
    _check_names(numbers, texts, field)
    return np.array([numbers[text] for text in texts])


def _check_names(
    given: Mapping[str, object], texts: tuple[str, ...], field: str, *, noun: str = "a number"
) -> None:
    faults: list[Fault] = [
        refusal(f"expected {noun} for every class of the model", field, text)
        for text in texts
        if text not in given
    ]
    faults += [
        refusal("expected only classes of the model", field, name)
        for name in given
        if name not in texts
    ]
    if faults:
        raise InputError(faults)


def _check_priors(model: SoftmaxModel, *, fit_intercept: bool, knows_shares: bool) -> None:
    if not fit_intercept:
        detail = "expected no priors: the model was fitted without an intercept, so that no class"
        _refuse(f"{detail} mix is in it that could be exchanged", "priors")
    if not knows_shares or not (model.class_prior_ > 0.0).all():
        _refuse(
            "expected no priors: the class mix that the model was fitted on is not known", "priors"
        )


def _shift(priors: Floats, trained: Floats) -> Floats | None:
    """Give the logarithms of new over old shares, up to what is common to all classes."""
    shift = np.log(priors) - np.log(trained)
    shift -= shift.max()
    # The same mix in another unit, a count for a share, differs by the rounding of logarithms.
    is_rounding = np.abs(shift).max() <= 1e-15 * (1.0 + np.abs(np.log(priors)).max())
    return None if is_rounding else frozen(shift)


def _cost_table(
    policy: CostPolicy, classes: tuple[Label, ...], texts: tuple[str, ...]
) -> tuple[tuple[Label, ...], Floats]:
    # Classes first, in their order, then names of the policy's own.
    _check_names(policy.costs, texts, "costs", noun="costs")
    labels = dict(zip(texts, classes, strict=True))
    own = [name for name in policy.names if name not in labels]
    if len(own) > MAX_OWN_ACTIONS:
        _refuse(f"expected at most {MAX_OWN_ACTIONS} actions that are no class", "costs")
    names = set(policy.names)
    named = [text for text in texts if text in names] + own
    costs = np.array([[policy.costs[text][name] for name in named] for text in texts])
    detail = "expected every action to have the least expected cost at some probabilities, and"
    detail += " this one never has"
    wins = can_win(costs)
    faults = [
        refusal(detail, "costs", texts[0], name)
        for name, can in zip(named, wins, strict=True)
        if not can
    ]
    if faults:
        raise InputError(faults)
    return tuple(labels.get(name, name) for name in named), frozen(costs)
