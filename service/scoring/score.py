"""Files of rows to files of answers, in constant memory, from wherever a killed run got to."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path

from service import __version__
from service.artifacts.artifact import Artifact
from service.errors import ScoringError
from service.scoring.answering import Answering, Answers
from service.scoring.partial import WHOLE, Partial, open_partial, publish
from service.scoring.rejected import rejected_lines
from service.softmax.decisions import Decider
from service.tables.answers import answer_schema, answer_table, joined_table
from service.tables.block_writers import BlockWriter, Written, block_writer
from service.tables.encoding import encode_rows
from service.tables.files import ReadOptions
from service.tables.pieces import RowFile
from service.tables.rows import open_rows, row_blocks

BLOCK_ROWS = 2**14
"""Rows answered at a time."""

BLOCK_CELLS = 2**19
"""Cells of a block at most, so that wide tables take no more memory than long ones."""

WRITTEN_BLOCKS = 4
"""Blocks of rows that are written at a time."""

CHECKPOINT_S = 2.0
"""Work that a kill may cost, in seconds."""

Progress = Callable[[float], None]
"""Is told the share of the input that is done."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What became of a file.

    Parameters
    ----------
    output : Path
        The answers, one for each row.
    rows, rejected_rows : int
        Rows of the file, and those of them without an answer.
    warnings_total : int
        Values of the others that training did not see the like of.
    resumed_rows : int
        Rows that an earlier run had answered.
    rejected : Path or None
        Where rejected rows are listed, if there are any.
    """

    output: Path
    rows: int
    rejected_rows: int
    warnings_total: int
    resumed_rows: int
    rejected: Path | None


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be scored, and where the answers go.

    Parameters
    ----------
    artifact : Artifact
        The model.
    source, output : Path
        The rows, and the answers; suffixes say the formats.
    decider : Decider or None
        The policy, bound to the model.
    reading : ReadOptions
        What the rows do not say of themselves.
    checkpoint_s : float
        Time between two moments from which a later run could go on, in seconds.
    block_rows : int
        Most rows answered at a time.

    Raises
    ------
    ScoringError
        If the answers would take the place of the rows.
    """

    artifact: Artifact
    source: Path
    output: Path
    decider: Decider | None = None
    reading: ReadOptions = field(default_factory=ReadOptions)
    checkpoint_s: float = CHECKPOINT_S
    block_rows: int = BLOCK_ROWS

    def __post_init__(self) -> None:
        if self.output.exists() and self.source.exists() and self.output.samefile(self.source):
            msg = f"{self.output}: the answers would take the place of the rows"
            raise ScoringError(msg)

    @property
    def rejected(self) -> Path:
        """Where rejected rows are listed."""
        return self.output.with_name(f"{self.output.name}.rejected.ndjson")

    @property
    def key(self) -> str:
        """What answers depend on, as a digest: work under another one cannot be gone on with."""
        state = self.source.stat()
        parts = {
            "service": __version__,
            "model": self.artifact.digest,
            "policy": None if self.decider is None else asdict(self.decider.policy),
            "source": [str(self.source.resolve()), state.st_size, state.st_mtime_ns],
            "format": self.output.suffix.lower(),
            "block_rows": self.block_rows,
            "reading": [self.reading.delimiter, self.reading.encoding],
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def score(job: Job, progress: Progress | None = None) -> Scored:
    """Answer every row of a file.

    The answers grow beside their place and get their name when all of them are there. A run
    that was killed is gone on with by the next one of the same job, whose file is the same
    byte for byte as if nobody had been killed.

    Parameters
    ----------
    job : Job
        What to do.
    progress : callable, optional
        Is told the share that is done.

    Returns
    -------
    Scored
        What became of it.

    Raises
    ------
    TableError
        If the rows cannot be read.
    ScoringError
        If the answers cannot be written.
    """
    answering = Answering(model=job.artifact.model, decider=job.decider)
    writer = block_writer(job.output, answer_schema(answering.columns))
    with open_rows(job.source, job.artifact.contract, job.reading) as file:
        with _writing(job.output), open_partial(job.output, job.key) as partial:
            resumed = partial.state.n_rows
            if not partial.state.is_finished:
                _answer(job, answering, file, writer, partial, progress=progress)
                _close(writer, partial)
            publish(partial, job.output, job.rejected)
        state = partial.state
    return Scored(
        output=job.output,
        rows=state.n_rows,
        rejected_rows=state.n_rejected,
        warnings_total=state.n_warnings,
        resumed_rows=resumed,
        rejected=job.rejected if state.n_rejected else None,
    )


def _answer(
    job: Job,
    answering: Answering,
    file: RowFile,
    writer: BlockWriter,
    partial: Partial,
    *,
    progress: Progress | None,
) -> None:
    contract = job.artifact.contract
    if not partial.state.lengths["rows"]:
        partial.append(rows=writer.opening())
    done = partial.state.n_rows
    n_cells = len(contract.features) + len(answering.columns)
    most = max(1, min(job.block_rows, BLOCK_CELLS // n_cells))
    kept = time.monotonic()

    def append(blocks: list[Answers]) -> None:
        nonlocal kept
        tables, rejected, row = [], [], partial.state.n_rows
        for answers in blocks:
            tables.append(answer_table(answering.columns, answers.values, answers.is_rejected))
            rejected.append(rejected_lines(contract, answers, before=row))
            row += len(answers.rejections)
        written = writer.block(joined_table(tables), partial.state.lengths["rows"])
        partial.append(
            n_rows=row - partial.state.n_rows,
            n_rejected=sum(int((answers.rejections >= 0).sum()) for answers in blocks),
            n_warnings=sum(answers.n_warnings for answers in blocks),
            rows=written.content,
            notes=_framed(written),
            rejected=b"".join(rejected),
        )
        if time.monotonic() - kept >= job.checkpoint_s:
            partial.checkpoint()
            kept = time.monotonic()

    pieces = row_blocks(file, contract.names, after=done, most=most)
    answered = (
        answering.answer(encode_rows(contract, piece.table, piece.flaws)) for piece in pieces
    )
    # While blocks are written the next ones are read and answered, and no more than those.
    with ThreadPoolExecutor(1) as writing:
        pending: Future[None] | None = None
        while blocks := list(islice(answered, WRITTEN_BLOCKS)):
            if pending is not None:
                pending.result()
            pending = writing.submit(append, blocks)
            if progress is not None:
                progress(file.share_read)
        if pending is not None:
            pending.result()


def _close(writer: BlockWriter, partial: Partial) -> None:
    partial.append(rows=writer.closing(_unframed(partial.notes())))
    partial.checkpoint()
    whole = partial.folder / WHOLE
    if writer.convert(partial.folder / "rows", whole):
        with whole.open("rb") as file:
            os.fsync(file.fileno())
    partial.finish()


def _framed(written: Written) -> bytes:
    return len(written.note).to_bytes(4, "little") + written.note if written.note else b""


def _unframed(notes: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(notes):
        start = at + 4
        at = start + int.from_bytes(notes[at:start], "little")
        found.append(notes[start:at])
    return found


@contextmanager
def _writing(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        msg = f"{output} cannot be written: {error.strerror}"
        raise ScoringError(msg) from error
