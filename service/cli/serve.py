"""`softmax serve`."""

import gc
import os
import sys
from typing import Any

import click


class _Command(click.Command):
    """Has an option for each setting; the settings are read when one of them is asked for."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Give the options."""
        if not self.params:
            self.params = _options()
        return super().get_params(ctx)


@click.command(cls=_Command)
def serve(**settings: object) -> None:
    """Serve the models of the store over HTTP.

    Every option is also a SOFTMAX_* variable, such as SOFTMAX_PORT; the options win.
    """
    # Before numpy is loaded: matrices of a request are too small to share among threads, and
    # threads that wait for each other on busy cores make one row take milliseconds.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.disable()  # what is made while starting stays: looking for garbage in it only takes time
    from service.server import serve as run
    from service.settings import Settings

    if not run(Settings.read(**settings)):
        sys.exit(1)  # the log says what was left unanswered


def _options() -> list[click.Parameter]:
    from service.settings import Settings

    return [_option(name, field) for name, field in Settings.model_fields.items()]


def _option(name: str, field: Any) -> click.Option:
    flag = "--" + name.replace("_", "-")
    shown = "none" if field.default is None else field.default
    text = f"{field.description}  [default: {shown}]"
    if field.annotation is bool:
        text = f"{field.description}  [default: {'on' if field.default else 'off'}]"
        return click.Option([f"{flag}/--no-{flag[2:]}", name], default=None, help=text)
    kind = field.annotation if field.annotation in (int, float) else str
    metavar = name.rsplit("_", 1)[-1].upper()
    return click.Option([flag, name], type=kind, metavar=metavar, help=text)
