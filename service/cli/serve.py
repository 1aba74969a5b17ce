"""`softmax serve`."""

import gc
import os
import sys

import click


@click.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on; 0 takes a free one.  [default: 8000]")
@click.option("--workers", type=int, help="Processes that answer.  [default: 1]")
def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """Serve the models of the store over HTTP.

    Every setting is also a SOFTMAX_* variable; the options here win.
    """
    # Before numpy is loaded: matrices of a request are too small to share among threads, and
    # threads that wait for each other on busy cores make one row take milliseconds.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.disable()  # what is made while starting stays: looking for garbage in it only takes time
    from service.server import serve as run
    from service.settings import Settings

    if not run(Settings.read(host=host, port=port, workers=workers)):
        sys.exit(1)  # the log says what was left unanswered
