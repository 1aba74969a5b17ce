"""Answers to blocks of rows, joined to one body: what is written of a block is written at once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from service.api.answers import Answer, as_json, told
from service.api.batch import MAX_WARNINGS
from service.api.media import Format
from service.errors import Fault
from service.softmax.arrays import Floats
from service.tables.bodies.arrow import write_arrow_body
from service.tables.bodies.body import AnswerColumn
from service.tables.bodies.npy import write_npy_body

Bytes = bytes | memoryview


class Joined(Protocol):
    """The body of an answer to blocks of rows, every one of which is answered."""

    def add(self, answer: Answer) -> None:
        """Take the answer to the next block."""

    def parts(self) -> Sequence[Bytes]:
        """Give the body, in parts."""


class JoinedJson:
    """An answer as `Answer.written` writes it in JSON."""

    def __init__(self) -> None:
        self._heads: Mapping[str, Any] = {}
        self._lists: dict[str, list[Bytes]] = {}
        self._warnings: tuple[Fault, ...] = ()
        self._n_warnings = 0

    def add(self, answer: Answer) -> None:
        """Take the answer to the next block."""
        self._heads = {"model": answer.model, **answer.heads}
        for name, part in answer.parts.items():
            written = memoryview(as_json(part))  # cut without a copy
            pieces = self._lists.setdefault(name, [])
            pieces += (b",", written[1:-1]) if pieces else (written[:-1],)
        if len(self._warnings) < MAX_WARNINGS:
            self._warnings += answer.batch.warnings
        self._n_warnings += answer.batch.n_warnings

    def parts(self) -> Sequence[Bytes]:
        """Give the body, in parts."""
        parts: list[Bytes] = [as_json(self._heads)[:-1]]
        for name, pieces in self._lists.items():
            parts += [b',"%b":' % name.encode(), *pieces, b"]"]
        if self._n_warnings:
            warnings = list(map(told, self._warnings[:MAX_WARNINGS]))
            told_of = {"warnings": warnings, "warnings_total": self._n_warnings}
            parts.append(b"," + as_json(told_of)[1:-1])
        return [*parts, b"}"]


class JoinedNpy:
    """The probabilities as ``.npy``."""

    def __init__(self) -> None:
        self._blocks: list[Floats] = []

    def add(self, answer: Answer) -> None:
        """Take the answer to the next block."""
        self._blocks.append(np.asarray(answer.parts["probabilities"]))

    def parts(self) -> Sequence[Bytes]:
        """Give the body, in parts."""
        return write_npy_body(self._blocks)


class JoinedArrow:
    """A table as an Arrow stream, with a batch for each block."""

    def __init__(self) -> None:
        self._blocks: list[dict[str, AnswerColumn]] = []

    def add(self, answer: Answer) -> None:
        """Take the answer to the next block."""
        self._blocks.append(dict(answer.columns()))

    def parts(self) -> Sequence[Bytes]:
        """Give the body, in parts."""
        return list(write_arrow_body(self._blocks, has_gaps=False))


JOINED: Mapping[Format, Callable[[], Joined]] = {
    Format.JSON: JoinedJson,
    Format.NPY: JoinedNpy,
    Format.ARROW: JoinedArrow,
}
"""What joins answers, for each format in which they can be joined."""
