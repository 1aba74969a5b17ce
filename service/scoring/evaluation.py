"""Labelled files to figures: how a model, and a policy on it, do on rows of one's own."""

from dataclasses import dataclass

import numpy as np

from service.artifacts.artifact import Artifact
from service.errors import InputError, TableError
from service.softmax.arrays import Floats, Integers, Label, label_text
from service.softmax.decisions import Decider
from service.softmax.metrics import Metrics, evaluate
from service.softmax.outcomes import Outcome, judge
from service.softmax.policies import CostPolicy, refusal
from service.softmax.probability import log_softmax
from service.softmax.tuning import Tuning, tune_thresholds
from service.tables.files import ReadOptions, read_table
from service.tables.labelled import class_codes, feature_cells

SEED = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledRows:
    """Rows that a model answers, with their true classes.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
        ``z / T`` in nats, finite.
    y : ndarray of shape (n_samples,)
        Index of the true class.
    n_rejected : int
        Rows of the file that the service would reject.
    first_rejection : str or None
        Why it would reject the first of them.
    """

    scores: Floats
    y: Integers
    n_rejected: int = 0
    first_rejection: str | None = None


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What labelled rows say of a model and a policy.

    Parameters
    ----------
    metrics : Metrics
        How the probabilities fit, whatever the policy.
    outcome : Outcome
        What the policy makes of them.
    tuning : Tuning or None
        Thresholds chosen on these rows, if that was asked for.
    n_rejected : int
        Rows that were left out, because the service would reject them.
    first_rejection : str or None
        Why it would reject the first of them.
    """

    metrics: Metrics
    outcome: Outcome
    tuning: Tuning | None
    n_rejected: int
    first_rejection: str | None


def read_labelled(source: str, artifact: Artifact, target: str | None = None) -> LabelledRows:
    """Read a labelled file for a model, and score its rows.

    Parameters
    ----------
    source : str
        A path or a glob, as `read_table` takes it.
    artifact : Artifact
        The model and what it expects.
    target : str, optional
        The column of labels; by default the one of the training table.

    Returns
    -------
    LabelledRows
        At least one row.

    Raises
    ------
    TableError
        If the file does not fit the model, or the model can answer none of its rows.
    """
    contract, model = artifact.contract, artifact.model
    name = target or artifact.manifest.recipe.get("target")
    if not isinstance(name, str):
        msg = "the model does not know its column of labels: --target COL names it"
        raise TableError(msg)
    numbers = tuple(f.name for f in contract.features if not f.levels)
    categories = (*(f.name for f in contract.features if f.levels), name)
    table = read_table(source, ReadOptions(numeric=numbers, categorical=categories))
    encoded = contract.encode([feature_cells(table, feature) for feature in contract.features])
    y = class_codes(table, name, model.classes_)
    faults = [
        f"{fault.detail} in row {fault.location[0]}" for fault in encoded.faults(one_a_row=True)
    ]
    sound = np.isfinite(encoded.X).all(axis=1)
    scores = model.scores(encoded.X[sound]) / model.temperature_
    finite = np.isfinite(scores).all(axis=1)
    if not finite.all():
        faults.append("the scores of some rows are outside the numeric range")
    if not finite.any():
        msg = f"{table.name}: the model can answer none of the rows: {faults[0]}"
        raise TableError(msg)
    return LabelledRows(
        scores=scores[finite],
        y=y[sound][finite],
        n_rejected=len(table) - int(finite.sum()),
        first_rejection=faults[0] if faults else None,
    )


def evaluate_rows(
    artifact: Artifact,
    rows: LabelledRows,
    decider: Decider,
    *,
    costs: CostPolicy | None = None,
    tune: bool = False,
) -> Evaluation:
    """Measure a model and a policy on labelled rows.

    Parameters
    ----------
    artifact : Artifact
        The model.
    rows : LabelledRows
        The rows.
    decider : Decider
        The policy, bound to it.
    costs : CostPolicy, optional
        Costs to judge a policy by that knows none.
    tune : bool
        Whether to choose thresholds by the costs of the policy.

    Returns
    -------
    Evaluation
        The figures.

    Raises
    ------
    InputError
        If thresholds cannot be chosen by this policy, or the costs are of other actions.
    """
    classes = artifact.model.classes_
    table = None if costs is None else _cost_table(costs, classes, decider.actions)
    prior = np.maximum(artifact.model.class_prior_, np.finfo(np.float64).tiny)
    metrics = evaluate(
        log_softmax(rows.scores), rows.y, np.ones(len(rows.y)), prior, random_state=SEED
    )
    return Evaluation(
        metrics=metrics,
        outcome=judge(decider, classes, rows.scores, rows.y, costs=table),
        tuning=tune_thresholds(decider, classes, rows.scores, rows.y) if tune else None,
        n_rejected=rows.n_rejected,
        first_rejection=rows.first_rejection,
    )


def _cost_table(
    costs: CostPolicy, classes: tuple[Label, ...], actions: tuple[Label, ...]
) -> Floats:
    names = [label_text(action) for action in actions]
    faults = [
        refusal("expected the cost of every action of the policy", "costs", label_text(k), name)
        for k in classes
        for name in names
        if name not in costs.costs.get(label_text(k), {})
    ]
    if faults:
        raise InputError(faults)
    return np.array([[costs.costs[label_text(k)][name] for name in names] for k in classes])
