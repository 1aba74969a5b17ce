"""Log lines never wait for who reads them."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.server.lines import MAX_WAITING_BYTES, LineWriter

Pipe = tuple[int, int]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    yield reader, writer
    os.close(reader)
    os.close(writer)


def read(reader: int) -> bytes:
    """All that a pipe holds now."""
    pieces = []
    try:
        while piece := os.read(reader, 65_536):
            pieces.append(piece)
    except BlockingIOError:
        pass
    return b"".join(pieces)


def test_a_line_is_written_at_once(pipe: Pipe) -> None:
    lines = LineWriter(pipe[1], lambda _: None)

    lines.write("first")
    lines.write("second")

    assert read(pipe[0]) == b"first\nsecond\n"


def test_buffered_lines_wait_for_the_flush(pipe: Pipe) -> None:
    lines = LineWriter(pipe[1], lambda _: None)
    lines.is_buffered = True

    lines.write("first")
    before = read(pipe[0])
    lines.flush()

    assert before == b""
    assert read(pipe[0]) == b"first\n"


def test_a_full_pipe_stops_nobody_and_what_fits_the_bound_comes_later(pipe: Pipe) -> None:
    dropped: list[int] = []
    lines = LineWriter(pipe[1], dropped.append)
    n_lines = 3 * MAX_WAITING_BYTES // 1000

    for number in range(n_lines):
        lines.write(f"{number:0999d}")
    received = b""
    while piece := read(pipe[0]):
        received += piece
        lines.flush()

    kept = [int(line) for line in received.splitlines()]
    assert kept == list(range(len(kept)))
    assert dropped == [n_lines - len(kept)]
    assert len(kept) * 1000 >= MAX_WAITING_BYTES - 1000


def test_a_line_longer_than_the_pipe_comes_whole(pipe: Pipe) -> None:
    lines = LineWriter(pipe[1], lambda _: None)

    lines.write("x" * 300_000)
    received = b""
    while piece := read(pipe[0]):
        received += piece
        lines.flush()

    assert received == b"x" * 300_000 + b"\n"


def test_others_who_hold_the_pipe_may_still_wait(pipe: Pipe) -> None:
    LineWriter(pipe[1], lambda _: None)

    assert not fcntl.fcntl(pipe[1], fcntl.F_GETFL) & os.O_NONBLOCK


def test_nobody_who_reads_is_no_fault() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    lines = LineWriter(writer, lambda _: None)

    lines.write("lost")

    os.close(writer)


def test_a_closed_descriptor_is_no_fault() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)

    LineWriter(writer, lambda _: None).write("lost")


def test_a_file_is_written_where_others_have_left_off(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb") as file:
        file.write(b"before\n")
        file.flush()

        LineWriter(file.fileno(), lambda _: None).write("after")

    assert path.read_bytes() == b"before\nafter\n"
