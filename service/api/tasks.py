"""The four things that are asked of a model, each as a function from rows to an answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from service.api.answers import Answer, Part
from service.api.batch import Batch
from service.api.explanations import told_explanations
from service.api.media import Format
from service.api.options import (
    DecideOptions,
    ExplainOptions,
    Options,
    PredictOptions,
    ProbaOptions,
)
from service.api.policies import AskedPolicy, asked_policy
from service.artifacts.catalogue import Published
from service.errors import ContentTooLargeError, Fault, InputError
from service.softmax.arrays import Floats, Integers, Label, label_text
from service.softmax.decisions import Decisions
from service.softmax.probability import softmax
from service.tables.bodies.body import Categorical

JSON_LIKE = (Format.JSON, Format.NDJSON)
TABLES = (*JSON_LIKE, Format.CSV, Format.ARROW)
EVERY = (*TABLES, Format.NPY)

MAX_EXPLAINED = 1_000
"""Rows explained at a time: each asks the model again some hundred times for its flips."""

FoundT = TypeVar("FoundT")

Compute = Callable[[Published, Batch, Any], Answer]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One kind of question.

    Parameters
    ----------
    name : str
        The last part of its path.
    options : type
        What a client may ask for beside its rows.
    offered : tuple of Format
        The formats in which it is answered.
    compute : callable
        Model, rows and options to answer.
    most_rows : int or None
        Most rows at a time; None where only the settings say.
    """

    name: str
    options: type[Options]
    offered: tuple[Format, ...]
    compute: Compute
    most_rows: int | None = None


def _predict(published: Published, batch: Batch, options: PredictOptions) -> Answer:
    batch, proba = _computed(published.artifact.model.predict_proba, batch, options)
    winners = proba.argmax(axis=1)
    parts = {"labels": _labels(published, winners)}
    return _answer(published, batch, options, (proba, winners), heads={}, parts=parts)


def _predict_proba(published: Published, batch: Batch, options: ProbaOptions) -> Answer:
    batch, proba = _computed(published.artifact.model.predict_proba, batch, options)
    heads, parts = _probabilities(published, proba, options.top_k)
    winners = proba.argmax(axis=1)
    if options.wants("labels"):
        parts["labels"] = _labels(published, winners)
    return _answer(published, batch, options, (proba, winners), heads=heads, parts=parts)


def _decide(published: Published, batch: Batch, options: DecideOptions) -> Answer:
    policy = asked_policy(published, options.policy)
    batch, scores = _computed(published.artifact.model.finite_scores, batch, options)
    decisions = policy.decider.decide(scores)
    proba = softmax(scores)
    heads, probabilities = _probabilities(published, proba, options.top_k)
    actions = policy.decider.actions
    parts: dict[str, Part] = {
        "decisions": Categorical(codes=decisions.winners, categories=actions),
        "margins": decisions.margins,
    }
    if decisions.expected_costs is not None:
        parts["expected_costs"] = decisions.expected_costs
    if decisions.sets is not None:
        classes = np.array(published.artifact.model.classes_, dtype=object)
        parts["sets"] = [classes[members].tolist() for members in decisions.sets]
    heads |= {"policy": policy.told, "actions": actions}
    return _answer(
        published,
        batch,
        options,
        (proba, proba.argmax(axis=1)),
        heads=heads,
        parts=parts | probabilities,
        decided=(policy, decisions),
    )


def _explain(published: Published, batch: Batch, options: ExplainOptions) -> Answer:
    model = published.artifact.model
    if batch.n_rows > MAX_EXPLAINED:
        msg = f"expected at most {MAX_EXPLAINED} rows to explain at a time, got {batch.n_rows}"
        raise ContentTooLargeError(msg)
    against = None if options.against is None else _class_index(model.classes_, options.against)

    def explained(X: Floats) -> tuple[Floats, list[dict[str, Any]]]:
        return model.predict_proba(X), told_explanations(
            published.artifact, X, against=against, is_centred=options.centred
        )

    batch, (proba, explanations) = _computed(explained, batch, options)
    parts = {"explanations": explanations}
    winners = proba.argmax(axis=1)
    return _answer(published, batch, options, (proba, winners), heads={}, parts=parts)


TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        Task(name="predict_proba", options=ProbaOptions, offered=EVERY, compute=_predict_proba),
        Task(name="predict", options=PredictOptions, offered=TABLES, compute=_predict),
        Task(name="decide", options=DecideOptions, offered=TABLES, compute=_decide),
        Task(
            name="explain",
            options=ExplainOptions,
            offered=JSON_LIKE,
            compute=_explain,
            most_rows=MAX_EXPLAINED,
        ),
    )
}


def _computed(
    compute: Callable[[Floats], FoundT], batch: Batch, options: Options
) -> tuple[Batch, FoundT]:
    """Compute something of every row but those whose scores leave the range of a double."""
    while True:
        try:
            return batch, compute(batch.X)
        except InputError as error:  # at least one row, which is not asked for again
            batch = batch.settled(error.faults, is_isolating=options.is_isolating)


def _answer(
    published: Published,
    batch: Batch,
    options: Options,
    found: tuple[Floats, Integers],
    *,
    heads: Mapping[str, Any],
    parts: Mapping[str, Part],
    decided: tuple[AskedPolicy, Decisions] | None = None,
) -> Answer:
    kept = options.kept
    proba, winners = found
    return Answer(
        model=model_id(published),
        classes=published.artifact.model.classes_,
        heads={name: head for name, head in heads.items() if kept is None or name in kept},
        parts={name: part for name, part in parts.items() if kept is None or name in kept},
        batch=batch,
        proba=proba,
        winners=winners,
        decided=decided,
        is_isolating=options.is_isolating,
    )


def _probabilities(
    published: Published, proba: Floats, top_k: int | None
) -> tuple[dict[str, Any], dict[str, Part]]:
    """Give the classes and their probabilities: of all, or of each row's most probable."""
    classes = published.artifact.model.classes_
    if top_k is None or top_k >= len(classes):
        return {"classes": classes}, {"probabilities": proba}
    order = np.argsort(-proba, axis=1, kind="stable")[:, :top_k]
    top = np.array(classes, dtype=object)[order]
    return {}, {"classes": top.tolist(), "probabilities": np.take_along_axis(proba, order, axis=1)}


def _labels(published: Published, winners: Integers) -> Categorical:
    return Categorical(codes=winners, categories=published.artifact.model.classes_)


def _class_index(classes: Sequence[Label], asked: Label) -> int:
    texts = [label_text(label) for label in classes]
    if label_text(asked) not in texts:
        detail = "expected a class of the model"
        raise InputError([Fault(code="invalid_parameter", detail=detail, location=("against",))])
    return texts.index(label_text(asked))


def model_id(published: Published) -> dict[str, str | int]:
    """Say which model answered."""
    return {
        "name": published.name,
        "version": published.version,
        "digest": published.artifact.digest,
    }
