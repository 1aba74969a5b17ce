"""A run that is killed at any instant is gone on with, and nobody can tell from the file."""

import multiprocessing
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from service.artifacts.artifact import Artifact
from service.errors import ScoringError
from service.scoring.partial import open_partial, partial_folder
from service.scoring.score import Job, Scored, score
from tests.scoring.conftest import made_rows, write_rows

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

N_ROWS = 12_000
KILLS = 6
DEADLINE_S = 60.0


def job(artifact: Artifact, source: Path, output: Path) -> Job:
    # Small blocks, and a state after each four of them: instants enough to be killed at.
    return Job(artifact=artifact, source=source, output=output, block_rows=100, checkpoint_s=0)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "arrow", "ndjson"])
def test_a_file_is_the_same_however_often_its_writer_was_killed(
    artifact: Artifact, tmp_path: Path, suffix: str
) -> None:
    source = write_rows(tmp_path / f"rows.{suffix}", made_rows(N_ROWS, bad_every=97))
    whole = score(job(artifact, source, tmp_path / f"whole.{suffix}"))
    output = tmp_path / f"out.{suffix}"
    # Grown to these shares of its size the file is still not whole, whatever the instant.
    shares = np.sort(np.random.default_rng(len(suffix)).uniform(0.0, 0.9, KILLS))

    for share in shares:
        kill_at(int(share * whole.output.stat().st_size), job(artifact, source, output))
        assert not output.exists()
    last = score(job(artifact, source, output))

    assert output.read_bytes() == whole.output.read_bytes()
    assert contents(last) == contents(whole)
    assert last.resumed_rows > 0
    assert (last.rows, last.rejected_rows) == (N_ROWS, whole.rejected_rows)
    assert not partial_folder(output).exists()


def kill_at(n_bytes: int, work: Job) -> None:
    """Start a run and kill it once its file has grown to so many bytes."""
    rows = partial_folder(work.output) / "rows"
    before = rows.stat().st_size if rows.exists() else 0
    process = _servant().Process(target=score, args=(work,))
    process.start()
    wait_for_growth(process, rows, max(n_bytes, before + 1))
    process.kill()
    process.join()
    assert process.exitcode == -9


def wait_for_growth(process: "ForkServerProcess", rows: Path, n_bytes: int) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if rows.exists() and rows.stat().st_size >= n_bytes:
            return
        assert process.is_alive(), "the run ended before it was killed"
    pytest.fail("the file did not grow")


def _servant() -> "multiprocessing.context.ForkServerContext":
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["service.scoring.score"])  # a start in no time
    return context


def contents(scored: Scored) -> bytes:
    assert scored.rejected is not None
    return scored.rejected.read_bytes()


def test_a_kill_between_the_last_byte_and_the_name_loses_nothing(
    artifact: Artifact, tmp_path: Path
) -> None:
    source = write_rows(tmp_path / "rows.csv", made_rows(2_000, bad_every=97))
    for suffix in ("csv", "arrow"):
        whole = score(job(artifact, source, tmp_path / f"whole.{suffix}"))
        output = tmp_path / f"out.{suffix}"
        _finish_without_publishing(job(artifact, source, output))

        last = score(job(artifact, source, output))

        assert output.read_bytes() == whole.output.read_bytes()
        assert contents(last) == contents(whole)
        assert last.resumed_rows == 2_000


def _finish_without_publishing(work: Job) -> None:
    """Leave what a kill at the very last moment leaves: everything but the names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.scoring.score.publish", _killed)
        with pytest.raises(KeyboardInterrupt):
            score(work)


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_other_rows_are_answered_from_the_first_on(artifact: Artifact, tmp_path: Path) -> None:
    source = write_rows(tmp_path / "rows.csv", made_rows(2_000))
    output = tmp_path / "out.csv"
    _finish_without_publishing(job(artifact, source, output))
    write_rows(source, made_rows(1_500))

    scored = score(job(artifact, source, output))

    assert (scored.rows, scored.resumed_rows) == (1_500, 0)
    assert len(output.read_text().splitlines()) == 1_501


def test_two_processes_do_not_write_one_file(artifact: Artifact, tmp_path: Path) -> None:
    source = write_rows(tmp_path / "rows.csv", made_rows(10))
    work = job(artifact, source, tmp_path / "out.csv")

    with (
        open_partial(work.output, work.key),
        pytest.raises(ScoringError, match="being written by another process"),
    ):
        score(work)
