"""Newline-delimited JSON: rows in, a line a row out, however many there are."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import orjson
from pydantic_core import from_json
from starlette.concurrency import run_in_threadpool

from service.api.answers import Answer, rejected
from service.api.batch import batch_of
from service.api.endpoint import Endpoint
from service.api.metrics.note import Note
from service.api.options import Options
from service.api.places import in_table
from service.api.shadow import compare
from service.errors import ContentTooLargeError, Fault, InputError

BLOCK_ROWS = 1_000
"""Rows that are answered together."""


async def answer_lines(
    endpoint: Endpoint,
    parts: AsyncIterator[bytes],
    options: Options,
    note: Note,
    *,
    max_line_bytes: int,
) -> AsyncIterator[bytes]:
    """Answer rows as they come in; a bad row gets its reason and the others their answers.

    Parameters
    ----------
    endpoint : Endpoint
        The one version that answers the whole stream.
    parts : async iterator of bytes
        The body.
    options : Options
        As `isolating_options` gives them.
    note : Note
        Is told how many rows of which class there were.
    max_line_bytes : int
        The longest line to accept.

    Yields
    ------
    bytes
        Lines of JSON, of one block.

    Raises
    ------
    InputError
        If there is no row, or the policy does not fit.
    """
    number = 0
    try:
        async for lines in _blocks(parts, max_line_bytes):
            answer = await run_in_threadpool(answer_block, endpoint, lines, number, options)
            _count(note, answer)
            if endpoint.candidate is not None:
                found = compare(endpoint.candidate, answer)
                note.disagreement = found.plus(note.disagreement)
            yield b"".join(answer.lines())
            number += len(lines)
    except (ContentTooLargeError, InputError) as error:
        if not number:
            raise
        # The answer has begun: its last line says why it ends, be it too large or damaged.
        code = error.common_code if isinstance(error, InputError) else error.code
        fault = Fault(code=code, detail=str(error), location=(number,))
        yield orjson.dumps(rejected(fault), option=orjson.OPT_APPEND_NEWLINE)
        return
    if not number:
        raise InputError([Fault(code="empty_batch", detail="expected at least one row, got none")])


def isolating_options(endpoint: Endpoint, query: Mapping[str, str]) -> Options:
    """Read the options of a stream, whose rows are always answered one by one.

    Parameters
    ----------
    endpoint : Endpoint
        What is asked.
    query : mapping of str to str
        Query parameters.

    Returns
    -------
    Options
        With ``on_error`` set to ``reject_rows``.

    Raises
    ------
    InputError
        If they do not fit, or ask for all or nothing.
    """
    options = endpoint.task.options.read({}, query)
    if "on_error" in query and not options.is_isolating:
        detail = "expected on_error=reject_rows: rows that are streamed are answered one by one"
        fault = Fault(code="invalid_parameter", detail=detail, location=("on_error",))
        raise InputError([fault])
    return options.model_copy(update={"on_error": "reject_rows"})


def answer_block(
    endpoint: Endpoint, lines: Sequence[bytes | None], first: int, options: Options
) -> Answer:
    """Answer some lines.

    Parameters
    ----------
    endpoint : Endpoint
        What is asked of which model.
    lines : sequence of bytes or None
        A row each; None stands for one that was too long to keep.
    first : int
        Number of the first one in the stream.
    options : Options
        What was asked for.

    Returns
    -------
    Answer
        The answer to each.
    """
    rows, bad = dict[int, Sequence[Any]](), dict[int, Fault]()
    for place, line in enumerate(lines):
        try:
            rows[place] = _row(endpoint, line, first + place)
        except InputError as error:
            bad[place] = error.faults[0]
    columns: list[Any] = list(zip(*rows.values(), strict=True))
    contract = endpoint.published.artifact.contract
    batch = batch_of(
        contract,
        contract.encode(columns or [()] * len(contract.features)),
        place=lambda row, *feature: in_table(first + row, *feature),
        is_isolating=True,
        numbers=np.array([*rows], dtype=np.intp),
        rejected=bad,
    )
    return endpoint.task.compute(endpoint.published, batch, options)


def _count(note: Note, answer: Answer) -> None:
    note.n_rows += answer.batch.n_rows
    counts = Counter(answer.winners.tolist())
    note.predicted = Counter(note.predicted if isinstance(note.predicted, Counter) else ()) + counts
    codes = Counter(fault.code for fault in answer.batch.rejected.values())
    note.rejected = Counter(note.rejected or {}) + codes


def _row(endpoint: Endpoint, line: bytes | None, number: int) -> Sequence[Any]:
    where = (number,)
    if line is None:
        detail = f"expected a shorter line for row {number}"
        raise InputError([Fault(code="content_too_large", detail=detail, location=where)])
    row = endpoint.reader.quick_row(line)
    if row is not None:
        return row
    try:
        value = from_json(line)
    except ValueError:
        detail = f"expected JSON on the line of row {number}"
        fault = Fault(code="malformed_json", detail=detail, location=where)
        raise InputError([fault]) from None
    return endpoint.reader.row(value, where)


async def _blocks(
    parts: AsyncIterator[bytes], max_line_bytes: int
) -> AsyncIterator[list[bytes | None]]:
    """Cut a body into lines, and give those that are complete as soon as they are."""
    splitter = _Splitter(max_line_bytes)
    async for part in parts:
        for block in _of_block_rows(splitter.lines(part)):
            yield block
    for block in _of_block_rows(splitter.rest()):
        yield block


def _of_block_rows(lines: list[bytes | None]) -> Iterator[list[bytes | None]]:
    for start in range(0, len(lines), BLOCK_ROWS):
        yield lines[start : start + BLOCK_ROWS]


class _Splitter:
    """Keeps what came of a line that is not complete yet, up to a bound."""

    def __init__(self, max_line_bytes: int) -> None:
        self._most = max_line_bytes
        self._begun = bytearray()
        self._is_too_long = False

    def lines(self, part: bytes) -> list[bytes | None]:
        *ended, begun = part.split(b"\n")
        found: list[bytes | None] = []
        for end in ended:
            self._keep(end)
            found.extend(self.rest())
        self._keep(begun)
        return found

    def rest(self) -> list[bytes | None]:
        line: bytes | None = None if self._is_too_long else bytes(self._begun)
        self._begun, self._is_too_long = bytearray(), False
        return [line] if line is None or line.strip() else []

    def _keep(self, piece: bytes) -> None:
        self._is_too_long |= len(self._begun) + len(piece) > self._most
        if self._is_too_long:
            self._begun = bytearray()
        else:
            self._begun += piece
