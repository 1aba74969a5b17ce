"""What is answered, and how it is written: JSON, lines, tables, matrices."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import orjson

from service.api.batch import Batch
from service.api.media import Format
from service.api.policies import AskedPolicy
from service.errors import Fault
from service.softmax.arrays import Booleans, Floats, Integers, Label, label_text
from service.softmax.decisions import Decisions
from service.tables.bodies.arrow import write_arrow_body
from service.tables.bodies.body import AnswerColumn, Categorical
from service.tables.bodies.delimited import write_csv_body
from service.tables.bodies.npy import write_npy_body

ONE_OF = {
    "classes": "classes",
    "probabilities": "probabilities",
    "labels": "label",
    "decisions": "decision",
    "margins": "margin",
    "expected_costs": "expected_costs",
    "sets": "set",
    "explanations": "explanation",
}
"""What each list of an answer is called where a line holds one row."""

Part = Floats | Sequence[Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """The results for the rows of a request.

    Parameters
    ----------
    model : mapping
        Which model answered.
    classes : tuple of str, int or bool
        The classes in order.
    heads : mapping of str to object
        What holds for all rows, as JSON values.
    parts : mapping of str to ndarray or sequence
        Lists with one entry for each answered row.
    batch : Batch
        The rows.
    proba : ndarray of shape (n_answered, n_classes)
        Probabilities of the classes of each answered row.
    winners : ndarray of int, shape (n_answered,)
        Index of the most probable class of each answered row.
    decided : tuple of AskedPolicy and Decisions, or None
        What decided, and what it made of each answered row.
    is_isolating : bool
        Whether rejected rows are told.
    """

    model: Mapping[str, str | int]
    classes: tuple[Label, ...]
    heads: Mapping[str, Any]
    parts: Mapping[str, Part]
    batch: Batch
    proba: Floats
    winners: Integers
    decided: tuple[AskedPolicy, Decisions] | None = None
    is_isolating: bool = False

    def written(self, wanted: Format) -> bytes:
        """Write the answer.

        Parameters
        ----------
        wanted : Format
            The format; the task offers it.

        Returns
        -------
        bytes
            The body.
        """
        if wanted is Format.JSON:
            return self._json()
        if wanted is Format.NDJSON:
            return b"".join(self.lines())
        if wanted is Format.NPY:
            return b"".join(write_npy_body([np.asarray(self._whole(self.parts["probabilities"]))]))
        columns = dict(self.columns())
        if wanted is Format.CSV:
            return write_csv_body(columns)
        return b"".join(write_arrow_body([columns], has_gaps=not self.batch.is_whole))

    def _json(self) -> bytes:
        content: dict[str, Any] = {"model": self.model, **self.heads}
        for name, part in self.parts.items():
            content[name] = part if self.batch.is_whole else self._with_nulls(part)
        if self.is_isolating:
            content["rejected"] = list(map(told, self.batch.rejected.values()))
        if self.batch.n_warnings:
            content["warnings"] = list(map(told, self.batch.warnings))
            content["warnings_total"] = self.batch.n_warnings
        return as_json(content)

    def lines(self) -> Iterator[bytes]:
        """Write one line of JSON a row.

        Yields
        ------
        bytes
            The line and its end; a rejected row says so.
        """
        names = [ONE_OF[name] for name in self.parts]
        # Of an answer that was trimmed to what holds for all rows nothing is left for each.
        rows = zip(*self.parts.values(), strict=True) if self.parts else repeat(())
        for number in range(self.batch.n_rows):
            fault = self.batch.rejected.get(number)
            line = dict(zip(names, next(rows), strict=True)) if fault is None else rejected(fault)
            yield as_json(line) + b"\n"

    def columns(self) -> Iterator[tuple[str, AnswerColumn]]:
        """Give what a table of the answers holds, as `softmax score` writes it.

        Yields
        ------
        str, ndarray or sequence
            A column's name, and a value of it for each row: probabilities, label, decision,
            expected costs, whether each class is in the set, error code.
        """
        if "probabilities" in self.parts:
            yield from self._matrix("proba_", self.classes, self.parts["probabilities"])
        for name in ("labels", "decisions"):
            part = self.parts.get(name)
            if isinstance(part, Categorical):
                yield ONE_OF[name], self._labels(part)
        if self.decided is not None:
            asked, decisions = self.decided
            if "expected_costs" in self.parts:
                costs = self.parts["expected_costs"]
                yield from self._matrix("expected_cost_", asked.decider.actions, costs)
            if "sets" in self.parts and decisions.sets is not None:
                yield from self._members(decisions.sets)
        yield "error_code", self._error_codes()

    def _matrix(
        self, prefix: str, labels: Sequence[Label], part: Part
    ) -> Iterator[tuple[str, AnswerColumn]]:
        columns = np.ascontiguousarray(np.asarray(self._whole(part)).T)
        for column, label in zip(columns, labels, strict=True):
            yield f"{prefix}{label_text(label)}", column

    def _members(self, sets: Booleans) -> Iterator[tuple[str, AnswerColumn]]:
        for column, label in zip(sets.T.astype(np.intp), self.classes, strict=True):
            is_in = Categorical(codes=column, categories=(False, True))
            yield f"in_set_{label_text(label)}", self._labels(is_in)

    def _error_codes(self) -> Categorical:
        rejected = self.batch.rejected
        names = tuple(dict.fromkeys(fault.code for fault in rejected.values()))
        codes = np.full(self.batch.n_rows, -1)
        codes[[*rejected]] = [names.index(fault.code) for fault in rejected.values()]
        return Categorical(codes=codes, categories=names or ("",))

    def _labels(self, labels: Categorical) -> Categorical:
        """Give a label for each row of the request; as texts where their types differ."""
        codes = labels.codes
        if not self.batch.is_whole:
            codes = np.full(self.batch.n_rows, -1)
            codes[self.batch.numbers] = labels.codes
        categories = labels.categories
        if len({type(label) for label in categories}) > 1:
            categories = [label_text(label) for label in categories]
        return Categorical(codes=codes, categories=categories)

    def _with_nulls(self, part: Part) -> list[Any]:
        entries: list[Any] = [None] * self.batch.n_rows
        for number, entry in zip(self.batch.numbers.tolist(), part, strict=True):
            entries[number] = entry
        return entries

    def _whole(self, part: Part) -> Part:
        if self.batch.is_whole:
            return part
        matrix = np.asarray(part)
        whole = np.full((self.batch.n_rows, *matrix.shape[1:]), np.nan)
        whole[self.batch.numbers] = matrix
        return whole


def as_json(value: object) -> bytes:
    """Write what an answer is made of; a `Categorical` as the list of its labels."""
    return orjson.dumps(value, default=list, option=_ARRAYS)


_ARRAYS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_PASSTHROUGH_DATACLASS


def told(fault: Fault) -> dict[str, str]:
    """Tell of a fault as answers do.

    Parameters
    ----------
    fault : Fault
        The fault, located in the request.

    Returns
    -------
    dict of str to str
        Pointer, code and detail.
    """
    return {"pointer": fault.pointer, "code": fault.code, "detail": fault.detail}


def rejected(fault: Fault) -> dict[str, dict[str, str]]:
    """Make the answer's line for a row that is not answered.

    Parameters
    ----------
    fault : Fault
        What is wrong with it.

    Returns
    -------
    dict
        As a JSON value.
    """
    return {"rejected": told(fault)}
