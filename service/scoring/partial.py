"""A file that is being written, and what a later process must know to go on with it.

It grows in a hidden folder beside its place. What was appended counts from the moment when the
state says so, which is written after the bytes have reached the disk; whatever stands behind
that is cut off by who goes on. At the end the file is renamed into its place.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from service.artifacts.atomic import replace_file, sync_folder
from service.errors import ScoringError, ValueRefusedError

PARTS = ("rows", "notes", "rejected")
"""The file itself, what its end will need, and the rows that are not answered."""

WHOLE = "whole"
"""The file in its last form, where that is another than `PARTS` left it in."""


@dataclass(frozen=True, kw_only=True)
class State:
    """How far the work has come.

    Parameters
    ----------
    job : str
        What the work is; a partial file of another one is thrown away.
    n_rows, n_rejected, n_warnings : int
        Rows done, those of them that are rejected, and odd values in the others.
    lengths : mapping of str to int
        How many bytes of each part count.
    is_finished : bool
        Whether all that is left is to rename.

    Raises
    ------
    ValueRefusedError
        If a part has no length.
    """

    job: str
    n_rows: int = 0
    n_rejected: int = 0
    n_warnings: int = 0
    lengths: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(PARTS, 0))
    is_finished: bool = False

    def __post_init__(self) -> None:
        if set(self.lengths) != set(PARTS):
            msg = f"expected a length of each of {PARTS}, got {sorted(self.lengths)}"
            raise ValueRefusedError(msg)


@dataclass(kw_only=True, eq=False)
class Partial:
    """The files of work in progress, held by one process alone.

    Parameters
    ----------
    folder : Path
        Where they are.
    state : State
        How far the work has come, appended bytes included that a power cut would still take.
    files : dict of str to file
        The parts, open for appending.
    """

    folder: Path
    state: State
    files: dict[str, BinaryIO]

    def append(
        self,
        *,
        n_rows: int = 0,
        n_rejected: int = 0,
        n_warnings: int = 0,
        **contents: bytes | memoryview,
    ) -> None:
        """Append to the parts.

        Parameters
        ----------
        n_rows, n_rejected, n_warnings : int
            Rows that this is the work of, and what is to be counted of them.
        **contents : bytes or memoryview
            What to append, by part.
        """
        lengths = dict(self.state.lengths)
        for part, content in contents.items():
            self.files[part].write(content)
            lengths[part] += len(content)
        self.state = replace(
            self.state,
            n_rows=self.state.n_rows + n_rows,
            n_rejected=self.state.n_rejected + n_rejected,
            n_warnings=self.state.n_warnings + n_warnings,
            lengths=lengths,
        )

    def checkpoint(self) -> None:
        """Make sure that what was appended stays."""
        for file in self.files.values():
            file.flush()
            os.fsync(file.fileno())
        self._keep_state()

    def finish(self) -> None:
        """Say that the parts are whole, and only wait for their names."""
        self.checkpoint()
        self.state = replace(self.state, is_finished=True)
        self._keep_state()

    def notes(self) -> bytes:
        """Read what was noted for the end of the file."""
        self.files["notes"].flush()
        return (self.folder / "notes").read_bytes()

    def _keep_state(self) -> None:
        replace_file(self.folder / "state.json", json.dumps(asdict(self.state)).encode())


@contextmanager
def open_partial(output: Path, job: str) -> Iterator[Partial]:
    """Go on with a file, or begin it.

    Parameters
    ----------
    output : Path
        Where it is to be in the end.
    job : str
        What the work is.

    Yields
    ------
    Partial
        The parts, cut to what counts.

    Raises
    ------
    ScoringError
        If another process writes the same file, or nothing can be written there.
    """
    folder = partial_folder(output)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        msg = f"{output} cannot be written: {error.strerror}"
        raise ScoringError(msg) from error
    with ExitStack() as stack:
        lock = stack.enter_context((folder / "lock").open("wb"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            msg = f"{output} is being written by another process"
            raise ScoringError(msg) from None
        state = _read_state(folder, job)
        files: dict[str, BinaryIO] = {}
        for part in PARTS if not state.is_finished else ():
            file = stack.enter_context((folder / part).open("ab"))
            file.truncate(state.lengths[part])
            files[part] = file
        yield Partial(folder=folder, state=state, files=files)


def publish(partial: Partial, output: Path, rejected: Path) -> None:
    """Rename finished parts into their places; done twice it is the same as done once.

    Parameters
    ----------
    partial : Partial
        The parts, finished.
    output : Path
        Where the file is to be.
    rejected : Path
        Where its rejected rows are to be listed; no file is there if there are none.
    """
    if partial.state.n_rejected:
        _move(partial.folder / "rejected", rejected)
    else:
        rejected.unlink(missing_ok=True)  # of an earlier file
    whole, rows = partial.folder / WHOLE, partial.folder / "rows"
    if whole.exists():
        rows.unlink(missing_ok=True)  # before the move: what is found afterwards would be taken
        _move(whole, output)
    _move(rows, output)
    sync_folder(output.parent)
    shutil.rmtree(partial.folder)


def partial_folder(output: Path) -> Path:
    """Give the folder in which a file grows.

    Parameters
    ----------
    output : Path
        Where it is to be in the end.

    Returns
    -------
    Path
        A hidden folder beside it.
    """
    return output.with_name(f".{output.name}.partial")


def _move(source: Path, target: Path) -> None:
    if source.exists():
        source.replace(target)


def _read_state(folder: Path, job: str) -> State:
    try:
        found = State(**json.loads((folder / "state.json").read_bytes()))
    except (FileNotFoundError, ValueError, TypeError, ValueRefusedError):
        return State(job=job)
    lengths = {part: folder / part for part in PARTS}
    is_whole = found.is_finished or all(
        path.exists() and path.stat().st_size >= found.lengths[part]
        for part, path in lengths.items()
    )
    if found.job != job or not is_whole:
        (folder / "state.json").unlink()
        (folder / WHOLE).unlink(missing_ok=True)
        return State(job=job)
    return found
