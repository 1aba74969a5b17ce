"""Policies: what is to be done with probabilities, as values that a file or a request can hold.

A policy names classes by their JSON texts and knows no model; `service.softmax.decisions.bind`
holds it against one.
"""

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from service.errors import Fault, InputError

ABSTAIN = "abstain"
"""The action of a policy that leaves a row to somebody else; no class is called so."""

MAX_COST = 1e300
"""Expected costs stay in the range of a double below this."""

MAX_NAME = 128
"""Longest name of an action, in characters."""

MAX_FAULTS = 10
"""As many faults are told of at once."""


def refusal(detail: str, *path: str) -> Fault:
    """Say what is wrong with a policy.

    Parameters
    ----------
    detail : str
        What was expected; no value that a client sent.
    *path : str
        Where in the policy.

    Returns
    -------
    Fault
        The fault, located below ``policy``.

    Examples
    --------
    >>> refusal("expected a share from 0 to 1", "threshold").pointer
    '/policy/threshold'
    """
    place = (part[:MAX_NAME] for part in path)  # a key is the client's own text
    return Fault(code="invalid_policy", detail=detail, location=("policy", *place))


@dataclass(frozen=True, kw_only=True)
class ArgmaxPolicy:
    """Decide for the most probable class.

    Parameters
    ----------
    priors : mapping of str to float, optional
        How frequent each class is where decisions are made, in any unit above zero, by class
        text; by default as frequent as among the training rows.

    Raises
    ------
    InputError
        If a number is out of its bounds.
    """

    type: Literal["argmax"] = "argmax"
    priors: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        _refuse_any(_prior_faults(self.priors))


@dataclass(frozen=True, kw_only=True)
class ThresholdPolicy:
    """Decide for the most probable class if it is probable enough, else abstain.

    Parameters
    ----------
    threshold : float, optional
        Least probability at which any class is decided, from 0 to 1.
    thresholds : mapping of str to float, optional
        The same for each class, by class text; either this or `threshold`.
    priors : mapping of str to float, optional
        As in `ArgmaxPolicy`.

    Raises
    ------
    InputError
        If a number is out of its bounds, or not exactly one of the two is given.
    """

    type: Literal["threshold"] = "threshold"
    threshold: float | None = None
    thresholds: Mapping[str, float] | None = None
    priors: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        if (self.threshold is None) == (self.thresholds is None):
            raise InputError([refusal("expected either 'threshold' or 'thresholds'")])
        _refuse_any(self._faults())

    def _faults(self) -> Iterator[Fault]:
        expected = "expected a probability from 0 to 1"
        if self.threshold is not None and not 0.0 <= self.threshold <= 1.0:
            yield refusal(expected, "threshold")
        for name, value in (self.thresholds or {}).items():
            if not 0.0 <= value <= 1.0:
                yield refusal(expected, "thresholds", name)
        yield from _prior_faults(self.priors)


@dataclass(frozen=True, kw_only=True)
class CostPolicy:
    """Take the action of least expected cost.

    Parameters
    ----------
    costs : mapping of str to mapping of str to float
        For each true class, by its text, what each action costs on a row of that class, in
        any unit, none below zero. An action that is the text of a class decides for that
        class; any other name is an action of its own.
    priors : mapping of str to float, optional
        As in `ArgmaxPolicy`.

    Raises
    ------
    InputError
        If a cost is out of its bounds, the rows name different actions, or there are fewer
        than two.
    """

    type: Literal["cost"] = "cost"
    costs: Mapping[str, Mapping[str, float]]
    priors: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        if len(self.names) < 2:  # noqa: PLR2004 - one action leaves nothing to decide
            raise InputError([refusal("expected at least two actions", "costs")])
        _refuse_any(self._faults())

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the actions, by first appearance."""
        return tuple(dict.fromkeys(name for row in self.costs.values() for name in row))

    def _faults(self) -> Iterator[Fault]:
        names = self.names
        for name in names:
            if not (0 < len(name) <= MAX_NAME and name.isprintable()):
                detail = f"expected names of actions of 1 to {MAX_NAME} printable characters"
                yield refusal(detail, "costs")
        for true, row in self.costs.items():
            for name in names:
                if name not in row:
                    yield refusal("expected a cost for every action", "costs", true, name)
                elif not row[name] >= 0.0:  # so written, it refuses NaN too
                    yield refusal(
                        "expected a cost of at least 0; the same number added to every cost of"
                        " a true class changes no decision",
                        *("costs", true, name),
                    )
                elif row[name] > MAX_COST:
                    yield refusal(f"expected a cost up to {MAX_COST:g}", "costs", true, name)
        yield from _prior_faults(self.priors)


@dataclass(frozen=True, kw_only=True)
class SetPolicy:
    """Answer the set of classes that holds the true one as often as was asked.

    Parameters
    ----------
    coverage : float
        How often, between 0 and 1.
    method : {"lac", "aps"}
        The smallest sets on average, or sets that are larger where the model is less sure.
    per_class : bool
        Whether the coverage is to hold among the rows of each class instead of all rows.
    priors : mapping of str to float, optional
        As in `ArgmaxPolicy`; only with `per_class`, since what holds on average over the
        classes holds for one mix of them only.

    Raises
    ------
    InputError
        If a number is out of its bounds, or priors are given for a marginal set.
    """

    type: Literal["set"] = "set"
    coverage: float
    method: Literal["lac", "aps"] = "lac"
    per_class: bool = False
    priors: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        _refuse_any(self._faults())

    def _faults(self) -> Iterator[Fault]:
        if not 0.0 < self.coverage < 1.0:
            yield refusal("expected a share between 0 and 1", "coverage")
        if self.priors is not None and not self.per_class:
            yield refusal(
                "expected 'per_class': true beside priors: a marginal guarantee holds for the"
                " class mix of the calibration rows only",
                "priors",
            )
        yield from _prior_faults(self.priors)


Policy = ArgmaxPolicy | ThresholdPolicy | CostPolicy | SetPolicy
"""Any policy; in JSON its ``type`` says which."""


def _prior_faults(priors: Mapping[str, float] | None) -> Iterator[Fault]:
    for name, value in (priors or {}).items():
        if not 0.0 < value < math.inf:
            yield refusal("expected a number above zero", "priors", name)


def _refuse_any(faults: Iterator[Fault]) -> None:
    if found := list(itertools.islice(faults, MAX_FAULTS)):
        raise InputError(found)
