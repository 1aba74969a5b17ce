"""The command group, and how a refusal ends a command."""

import sys
from importlib import import_module
from typing import Any

import click

from service import __version__
from service.errors import ServiceError

NAMES = ("train", "serve", "score", "evaluate", "models", "regions", "keys", "healthcheck")
"""Each is the name of a module here, and of the command in it."""


class _Commands(click.Group):
    """Commands that are imported when they are called: a service does not hold the others."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in self.commands:
            return None
        module: Any = import_module(f"service.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(
    cls=_Commands,
    commands=[click.Command(name) for name in NAMES],  # their names, until they are called
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.version_option(__version__, prog_name="softmax")
def commands() -> None:
    """Softmax regression from a table to a decision."""


def main() -> None:
    """Run a command; a refusal is one line and exit code 1, wrong usage is 2."""
    try:
        commands(prog_name="softmax")
    except ServiceError as error:
        click.echo(f"softmax: {' '.join(str(error).split())}", err=True)
        sys.exit(1)
    except BrokenPipeError:  # the reader of our output has had enough
        sys.stderr.close()
        sys.exit(1)
