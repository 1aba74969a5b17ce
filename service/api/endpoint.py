"""From the bytes of a request to the bytes of its answer: one task, asked of one model."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import Any

import numpy as np

from service.api.batch import Batch
from service.api.blocks import json_batches, table_batch, table_batches
from service.api.joined import JOINED
from service.api.matrix import UnusualBodyError
from service.api.media import Format
from service.api.metrics.note import Note, Tally
from service.api.metrics.recorder import Recorder
from service.api.options import DecideOptions, Options, fitting
from service.api.policies import policy_headers
from service.api.rows import RowReader
from service.api.shadow import compare
from service.api.short import Short, short_way
from service.api.tasks import Task
from service.artifacts.catalogue import Published
from service.errors import ContentTooLargeError, InputError
from service.tables.bodies.arrow import read_arrow_body
from service.tables.bodies.delimited import read_csv_body
from service.tables.bodies.npy import read_npy_body

THREAD_BYTES = 256 * 2**10
"""A body above this is worked on beside the event loop, so that short ones need not wait; one of
as much takes a millisecond or two, and a thread would be given the processor no sooner."""

EXPLAIN_BYTES = 2**10
"""The same for explanations, of which one row takes as long as a thousand predictions."""

_READERS = {
    Format.CSV: read_csv_body,
    Format.ARROW: read_arrow_body,
    Format.NPY: read_npy_body,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Reply:
    """An answer as it leaves.

    Parameters
    ----------
    parts : sequence of bytes
        The body.
    media_type : str
        What it is.
    n_rejected : int
        Rows that are not answered.
    n_warnings : int
        Values that training did not see the like of.
    policy : mapping of str to str
        Headers that say which published policy decided.
    """

    parts: Sequence[bytes | memoryview]
    media_type: str
    n_rejected: int = 0
    n_warnings: int = 0
    policy: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def size(self) -> int:
        """Bytes of the body."""
        return sum(map(len, self.parts))

    @property
    def content(self) -> bytes:
        """The body as a whole."""
        return b"".join(self.parts)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that say what became of the rows."""
        return {
            "X-Rejected-Rows": str(self.n_rejected),
            "X-Warnings-Total": str(self.n_warnings),
            **self.policy,
        }

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """These, and those that say what it is and how much of it there is, as bytes."""
        return [
            (b"content-type", self.media_type.encode()),
            (b"content-length", b"%d" % self.size),
            *((name.lower().encode(), text.encode()) for name, text in self.headers.items()),
        ]


@dataclass(frozen=True, kw_only=True, eq=False)
class Endpoint:
    """A task of a model.

    Parameters
    ----------
    task : Task
        What is asked.
    published : Published
        The model that answers.
    reader : RowReader
        The reader of its rows.
    candidate : Published or None
        Another version, which is asked the same and not heard.
    """

    task: Task
    published: Published
    reader: RowReader
    candidate: Published | None = None

    @cached_property
    def headers(self) -> dict[str, str]:
        """The headers that say which model answered."""
        return model_headers(self.published)

    def tally(self, recorder: Recorder) -> Tally:
        """Give the place where the model's predictions are counted."""
        published = self.published
        classes = published.artifact.model.classes_
        return recorder.tally(published.name, published.artifact.digest, classes)

    @cached_property
    def inline_bytes(self) -> int:
        """The longest body that is worked on by the event loop itself."""
        if self.task.most_rows is not None:  # each row asks the model some hundred times
            return EXPLAIN_BYTES
        is_quick = self.published.artifact.contract.takes_numbers
        return THREAD_BYTES if is_quick else THREAD_BYTES // 4

    @cached_property
    def head(self) -> bytes:
        """The lines of a head that are the same in every JSON answer over HTTP/1.1."""
        lines = (b"%b: %b\r\n" % line for line in self.raw_headers)
        return b"HTTP/1.1 200 OK\r\n" + b"".join(lines) + b"content-type: application/json\r\n"

    @cached_property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The same as bytes."""
        return [(name.lower().encode(), text.encode()) for name, text in self.headers.items()]

    def answer(
        self,
        body: bytes,
        given: Format,
        wanted: Format,
        query: Mapping[str, str],
        note: Note,
        *,
        max_rows: int,
    ) -> Reply:
        """Turn a body into its answer.

        Parameters
        ----------
        body : bytes
            The whole body.
        given : Format
            Its format; not lines, which are answered as they come.
        wanted : Format
            The format of the answer; the task offers it.
        query : mapping of str to str
            Query parameters: options of the task.
        note : Note
            Is told how many rows of which class there were, and how long each step took.
        max_rows : int
            The most rows to accept.

        Returns
        -------
        Reply
            The answer.

        Raises
        ------
        InputError
            If the rows or the options do not fit the model.
        ContentTooLargeError
            If there are more than `max_rows` rows.
        """
        in_blocks = self._in_blocks(body, given, wanted, query, note, max_rows=max_rows)
        if in_blocks is not None:
            return in_blocks
        began = perf_counter()
        document = self.reader.parse(body) if given is Format.JSON else None
        options = self._options({} if document is None else document.options, query, wanted)
        if document is None:
            contract = self.published.artifact.contract
            table = _READERS[given](body, contract, max_rows)
            batch = table_batch(table, contract, is_isolating=options.is_isolating)
        else:
            is_isolating = options.is_isolating
            batch = self.reader.read(document, max_rows=max_rows, is_isolating=is_isolating)
        validated = perf_counter()
        answer = self.task.compute(self.published, batch, options)
        predicted = perf_counter()
        content = answer.written(wanted)
        if self.candidate is not None:
            note.disagreement = compare(self.candidate, answer)
        note.n_rows = batch.n_rows
        note.predicted = dict(enumerate(np.bincount(answer.winners).tolist()))
        note.rejected = Counter(fault.code for fault in answer.batch.rejected.values())
        note.phases = (
            note.read_s,
            validated - began,
            predicted - validated,
            perf_counter() - predicted,
        )
        return Reply(
            parts=[content],
            media_type=wanted.value,
            n_rejected=len(answer.batch.rejected),
            n_warnings=answer.batch.n_warnings,
            policy=self.policy_headers(options),
        )

    def policy_headers(self, options: Options) -> dict[str, str]:
        """Say which published policy decides, in headers."""
        if not isinstance(options, DecideOptions):
            return {}
        return policy_headers(self.published, options.policy)

    def _options(
        self, beside: Mapping[str, Any], query: Mapping[str, str], wanted: Format
    ) -> Options:
        return fitting(self.task.options.read(beside, query), wanted)

    def _in_blocks(
        self,
        body: bytes,
        given: Format,
        wanted: Format,
        query: Mapping[str, str],
        note: Note,
        *,
        max_rows: int,
    ) -> Reply | None:
        """Answer a body block by block, where that is possible and no row is at fault."""
        if self.task.most_rows is not None or self.candidate is not None or wanted not in JOINED:
            return None
        options = self._options({}, query, wanted)
        if options.is_isolating:
            return None
        joined, counts, n_rows, n_warnings = JOINED[wanted](), Counter[int](), 0, 0
        validate_s = predict_s = encode_s = 0.0
        begun = perf_counter()
        try:
            for batch in self._batches(body, given, max_rows):
                validated = perf_counter()
                answer = self.task.compute(self.published, batch, options)
                predicted = perf_counter()
                joined.add(answer)
                n_rows += batch.n_rows
                n_warnings += answer.batch.n_warnings
                counts.update(dict(enumerate(np.bincount(answer.winners).tolist())))
                validate_s += validated - begun
                predict_s += predicted - validated
                begun = perf_counter()
                encode_s += begun - predicted
        except (UnusualBodyError, InputError, ContentTooLargeError):
            return None  # what there is to say of it, the way of all rows at once says
        parts = joined.parts()
        note.n_rows, note.predicted = n_rows, counts
        note.phases = (note.read_s, validate_s, predict_s, encode_s + perf_counter() - begun)
        return Reply(
            parts=parts,
            media_type=wanted.value,
            n_warnings=n_warnings,
            policy=self.policy_headers(options),
        )

    def _batches(self, body: bytes, given: Format, max_rows: int) -> Iterator[Batch]:
        contract = self.published.artifact.contract
        if given is Format.JSON:
            return json_batches(body, contract, max_rows)
        return table_batches(_READERS[given](body, contract, max_rows), contract)

    @cached_property
    def short(self) -> Short | None:
        """The way for one row; None where the task or the model has none, or a candidate hears."""
        if self.candidate is not None:
            return None
        return short_way(self.task.name, self.published, self.reader.lists)


def model_headers(published: Published) -> dict[str, str]:
    """Say which model answered, in headers."""
    return {
        "X-Model-Name": published.name,
        "X-Model-Version": str(published.version),
        "X-Model-Digest": published.artifact.digest,
    }
