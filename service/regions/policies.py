"""How a picture shows a policy: exactly where its borders are straight or known, else traced."""

import math

import numpy as np

from service.errors import Fault, InputError
from service.regions.rules import Rule
from service.regions.traced import PolicyRule
from service.softmax.arrays import Floats, Label
from service.softmax.decisions import Decider
from service.softmax.outcomes import class_of_actions

EXACT = 1e-12
"""Costs that differ by less than this share are one."""


def rule_of(decider: Decider, classes: tuple[Label, ...]) -> Rule | PolicyRule:
    """Find how the regions of a policy can be drawn.

    Polygons are exact for the most probable class, for one threshold, where a mistake costs the
    same whatever it is, and where besides all mistakes and all abstentions cost the same;
    each under any priors. All other borders are followed on a grid.

    Parameters
    ----------
    decider : Decider
        The policy, bound to the model.
    classes : tuple of str, int or bool
        The model's classes.

    Returns
    -------
    Rule or PolicyRule
        For `service.regions.draw`.

    Raises
    ------
    InputError
        If the policy answers sets, which are no regions.
    """
    if decider.sets is not None:
        detail = "expected a policy of type argmax, threshold or cost to draw"
        raise InputError([Fault(code="invalid_parameter", detail=detail, location=("policy",))])
    traced = PolicyRule(decider=decider, classes=classes)
    ratios = None if decider.shift is None else np.exp(decider.shift)
    if ratios is not None and not ratios.all():  # priors beyond what a double can say
        return traced
    if decider.costs is not None:
        found = _of_costs(decider.costs, class_of_actions(decider.actions, classes).tolist())
        if found is None:
            return traced
        mistakes, threshold = found
        return Rule(prior_ratios=ratios, mistake_costs=mistakes, threshold=threshold)
    if decider.thresholds is None:
        return Rule(prior_ratios=ratios)
    threshold = float(decider.thresholds[0])
    if (decider.thresholds != threshold).any():
        return traced
    return Rule(prior_ratios=ratios, threshold=threshold)


def _of_costs(costs: Floats, decided: list[int]) -> tuple[Floats | None, float] | None:
    """Give what a mistake costs by true class, and from which probability a class is decided."""
    n_classes = len(costs)
    if decided[:n_classes] != [*range(n_classes)] or len(decided) > n_classes + 1:
        return None
    excess = costs - costs.diagonal()[:, None]
    mistakes = excess[:, :n_classes][~np.eye(n_classes, dtype=np.bool_)]
    mistakes = mistakes.reshape(n_classes, n_classes - 1)
    if not (mistakes > 0.0).all() or not _alike(mistakes, axis=1):
        return None
    if len(decided) == n_classes:
        return mistakes[:, 0], 0.0
    price = excess[:, -1]
    if not _alike(mistakes[:, :1], axis=0) or not _alike(price[:, None], axis=0):
        return None
    threshold = 1.0 - float(price[0] / mistakes[0, 0])
    return (None, threshold) if math.isfinite(threshold) and 0.0 <= threshold <= 1.0 else None


def _alike(numbers: Floats, *, axis: int) -> bool:
    return bool((np.ptp(numbers, axis=axis) <= EXACT * np.abs(numbers).max()).all())
