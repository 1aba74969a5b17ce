"""How long work shows itself: a bar on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

TENTHS = 10


@contextmanager
def progress_shown(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show progress on standard error while a block runs.

    Parameters
    ----------
    label : str
        What is being done.

    Yields
    ------
    callable
        To be told how much is done, and of how much.
    """
    if not sys.stderr.isatty():
        yield _lines(label)
        return
    # The length is known when the first piece is done; before that nothing is to be seen.
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def advance(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield advance


def _lines(label: str) -> Callable[[int, int], None]:
    shown = 0

    def tell(done: int, total: int) -> None:
        nonlocal shown
        tenth = done * TENTHS // total
        if tenth > shown:
            shown = tenth
            click.echo(f"{label}: {tenth * 100 // TENTHS} % ({done} of {total})", err=True)

    return tell
