"""How decisions turn out where the true classes are known."""

from dataclasses import dataclass

import numpy as np

from service.softmax.arrays import Booleans, Floats, Integers, Label, label_text
from service.softmax.decisions import Decider


@dataclass(frozen=True, kw_only=True)
class ClassOutcome:
    """What became of the rows of one class.

    Parameters
    ----------
    label : str, int or bool
        The class.
    n_samples : int
        Its rows.
    error_rate : float or None
        Share of them that were decided for another class; None where there are none.
    undecided_rate : float or None
        Share of them that were decided for no class.
    actions : tuple of int, length n_actions
        How many of them got each action.
    mean_cost : float or None
        What one of them cost, in the unit of the costs; None without costs.
    set_coverage : float or None
        Share of them whose set holds the class; None without sets.
    """

    label: Label
    n_samples: int
    error_rate: float | None
    undecided_rate: float | None
    actions: tuple[int, ...]
    mean_cost: float | None = None
    set_coverage: float | None = None


@dataclass(frozen=True, kw_only=True)
class CostOutcome:
    """What decisions cost, beside what else could have been done.

    Parameters
    ----------
    total, mean : float
        What was paid, in the unit of the costs, and that per row.
    expected_mean : float
        What the model expected it to be per row; far from `mean`, its probabilities are off.
    most_probable_mean : float or None
        What deciding for the most probable class would have cost per row; None where the
        costs do not say what that costs.
    best_single_action : str, int or bool
        The action that is cheapest for all rows alike.
    best_single_mean : float
        What it would have cost per row.
    """

    total: float
    mean: float
    expected_mean: float
    most_probable_mean: float | None
    best_single_action: Label
    best_single_mean: float


@dataclass(frozen=True, kw_only=True)
class SetOutcome:
    """How prediction sets turned out.

    Parameters
    ----------
    coverage : float
        Share of rows whose set holds the true class.
    coverage_error : float
        Standard error of that share for rows drawn like these, whatever the calibration rows.
    mean_size : float
        Mean number of classes in a set.
    singleton_rate, empty_rate : float
        Shares of sets with one class and with none.
    guarantee : str
        What was promised.
    """

    coverage: float
    coverage_error: float
    mean_size: float
    singleton_rate: float
    empty_rate: float
    guarantee: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of all rows.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    actions : tuple of str, int or bool
        What could be decided.
    decided_rate : float
        Share of rows that were decided for a class.
    undecided_rate : float
        Share that was not: ``abstain``, or another action of the policy's own.
    accuracy : float or None
        Share of the decided ones that were decided rightly; None where none was.
    error_rate : float
        Share of all rows that were decided wrongly.
    per_class : tuple of ClassOutcome, length n_classes
        What became of the rows of each class.
    cost : CostOutcome or None
        For costs, what was paid.
    sets : SetOutcome or None
        For sets, what they held.
    """

    n_samples: int
    actions: tuple[Label, ...]
    decided_rate: float
    undecided_rate: float
    accuracy: float | None
    error_rate: float
    per_class: tuple[ClassOutcome, ...]
    cost: CostOutcome | None = None
    sets: SetOutcome | None = None


def judge(
    decider: Decider,
    classes: tuple[Label, ...],
    scores: Floats,
    y: Integers,
    *,
    costs: Floats | None = None,
) -> Outcome:
    """Decide rows whose classes are known, and see how that turns out.

    Parameters
    ----------
    decider : Decider
        The policy.
    classes : tuple of str, int or bool, length n_classes
        The model's classes.
    scores : ndarray of shape (n_samples, n_classes)
        ``z / T`` in nats, finite; at least one row.
    y : ndarray of shape (n_samples,)
        Index of the true class of each row.
    costs : ndarray of shape (n_classes, n_actions), optional
        What each action costs on a row of each class; by default what the policy says.

    Returns
    -------
    Outcome
        The figures.
    """
    found = decider.decide(scores)
    costs = decider.costs if costs is None else costs
    of_action = class_of_actions(decider.actions, classes)
    decided = of_action[found.winners]
    is_decided, is_right = decided >= 0, decided == y
    n_decided, n_right = int(is_decided.sum()), int(is_right.sum())
    paid = None if costs is None else costs[y, found.winners]
    held = None if found.sets is None else found.sets[np.arange(len(y)), y]
    n_actions = len(decider.actions)
    per_class = []
    for k, label in enumerate(classes):
        own = y == k
        undecided = _mean(~is_decided[own])
        wrong = _mean(is_decided[own] & ~is_right[own])
        per_class.append(
            ClassOutcome(
                label=label,
                n_samples=int(own.sum()),
                error_rate=wrong,
                undecided_rate=undecided,
                actions=tuple(np.bincount(found.winners[own], minlength=n_actions).tolist()),
                mean_cost=None if paid is None else _mean(paid[own]),
                set_coverage=None if held is None else _mean(held[own]),
            )
        )
    return Outcome(
        n_samples=len(y),
        actions=decider.actions,
        decided_rate=n_decided / len(y),
        undecided_rate=1.0 - n_decided / len(y),
        accuracy=n_right / n_decided if n_decided else None,
        error_rate=(n_decided - n_right) / len(y),
        per_class=tuple(per_class),
        cost=None
        if costs is None
        else _cost_outcome(
            costs,
            actions=decider.actions,
            decided=of_action,
            posterior=decider.posterior(scores),
            winners=found.winners,
            y=y,
        ),
        sets=None if found.sets is None or held is None else _sets(decider, found.sets, held),
    )


def class_of_actions(actions: tuple[Label, ...], classes: tuple[Label, ...]) -> Integers:
    """Give the class that each action decides for.

    Parameters
    ----------
    actions : tuple of str, int or bool
        The actions of a policy.
    classes : tuple of str, int or bool
        The model's classes.

    Returns
    -------
    ndarray of shape (n_actions,)
        Index of the class, -1 for an action of the policy's own.

    Examples
    --------
    >>> class_of_actions((0, 2, "review"), (0, 1, 2))
    array([ 0,  2, -1])
    """
    index = {label_text(label): k for k, label in enumerate(classes)}
    return np.array([index.get(label_text(action), -1) for action in actions], dtype=np.intp)


def _cost_outcome(
    costs: Floats,
    *,
    actions: tuple[Label, ...],
    decided: Integers,
    posterior: Floats,
    winners: Integers,
    y: Integers,
) -> CostOutcome:
    rows = np.arange(len(y))
    paid = costs[y, winners]
    column_of = np.full(posterior.shape[1], -1, dtype=np.intp)
    column_of[decided[decided >= 0]] = np.flatnonzero(decided >= 0)
    probable = column_of[posterior.argmax(axis=1)]
    alike = costs[y].mean(axis=0)
    best = int(alike.argmin())
    return CostOutcome(
        total=float(paid.sum()),
        mean=float(paid.mean()),
        expected_mean=float((posterior @ costs)[rows, winners].mean()),
        most_probable_mean=None if (column_of < 0).any() else float(costs[y, probable].mean()),
        best_single_action=actions[best],
        best_single_mean=float(alike[best]),
    )


def _sets(decider: Decider, sets: Booleans, held: Booleans) -> SetOutcome:
    size, coverage = sets.sum(axis=1), float(held.mean())
    return SetOutcome(
        coverage=coverage,
        coverage_error=float(np.sqrt(coverage * (1.0 - coverage) / len(held))),
        mean_size=float(size.mean()),
        singleton_rate=float((size == 1).mean()),
        empty_rate=float((size == 0).mean()),
        guarantee=decider.guarantee or "",
    )


def _mean(values: Floats | Booleans) -> float | None:
    return float(values.mean()) if len(values) else None
