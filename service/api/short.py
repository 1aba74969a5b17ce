"""The short way for one row of numbers: from bytes to bytes, by parts made once for a model."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import orjson

from service.api.metrics.note import Note
from service.artifacts.catalogue import Published
from service.errors import InputError
from service.softmax.contract import NumericFeature
from service.softmax.one_row import RowProba, RowTest, row_within

ONE_ROW = 2
"""Opening brackets in ``{"instances": [[...]]}`` with one row."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Short:
    """Answers one row without arrays, whose overhead is greater than the arithmetic.

    Parameters
    ----------
    read : callable
        Gives the rows of a body that holds nothing else, checked.
    is_familiar : callable
        Whether a row lies in the training range of every feature.
    proba : callable
        Gives the probabilities of a row.
    start : bytes
        The answer as far as the probabilities.
    ends : tuple of bytes
        For each class what follows the probabilities, where it is the most probable.
    with_proba : bool
        Whether the probabilities are answered.
    """

    read: Callable[[bytes], list[tuple[Any, ...]]]
    is_familiar: RowTest
    proba: RowProba
    start: bytes
    ends: tuple[bytes, ...]
    with_proba: bool

    def answer(self, body: bytes, note: Note) -> bytes | None:
        """Answer a body of one row that there is nothing to say of but its answer.

        Parameters
        ----------
        body : bytes
            The whole body.
        note : Note
            Is told the class, and how long each step took.

        Returns
        -------
        bytes or None
            JSON, as `Answer.written` writes it; None leaves the body to the long way, which
            also tells what is wrong with it.
        """
        if body.count(b"[") != ONE_ROW:
            return None
        began = perf_counter()
        try:
            (row,) = self.read(body)
            is_familiar = self.is_familiar(row)
            validated = perf_counter()
            proba = self.proba(row) if is_familiar else None
        except (ValueError, InputError):  # among them what Pydantic raises
            return None
        if proba is None:
            return None
        winner = proba.index(max(proba))
        predicted = perf_counter()
        if self.with_proba:
            content = b"".join((self.start, orjson.dumps(proba), self.ends[winner]))
        else:
            content = self.start + self.ends[winner]
        note.n_rows = 1
        note.predicted = winner
        note.phases = (
            note.read_s,
            validated - began,
            predicted - validated,
            perf_counter() - predicted,
        )
        return content


def short_way(
    task: str, published: Published, read: Callable[[bytes], list[tuple[Any, ...]]]
) -> Short | None:
    """Make the short way to a task of a model, where there is one.

    Parameters
    ----------
    task : str
        What is asked.
    published : Published
        The model.
    read : callable
        See `Short`.

    Returns
    -------
    Short or None
        None for other tasks than predictions, or where a feature is no number.
    """
    model, contract = published.artifact.model, published.artifact.contract
    if task not in ("predict_proba", "predict") or not contract.is_numeric:
        return None
    head = orjson.dumps(
        {"name": published.name, "version": published.version, "digest": published.artifact.digest}
    )
    with_proba = task == "predict_proba"
    if with_proba:
        classes = orjson.dumps(model.classes_)
        start = b'{"model":%b,"classes":%b,"probabilities":[' % (head, classes)
    else:
        start = b'{"model":%b' % head
    comma = b"]," if with_proba else b","
    ranges = [(f.low, f.high) for f in contract.features if isinstance(f, NumericFeature)]
    return Short(
        read=read,
        is_familiar=row_within(ranges),
        proba=model.row_proba,
        start=start,
        ends=tuple(comma + b'"labels":[%b]}' % orjson.dumps(label) for label in model.classes_),
        with_proba=with_proba,
    )
