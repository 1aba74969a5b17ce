"""The command group, and how a refusal ends a command."""

import sys

import click

from service import __version__
from service.cli.evaluate import evaluate
from service.cli.exchange import export_model, import_model
from service.cli.healthcheck import healthcheck
from service.cli.keys import keys
from service.cli.models import models
from service.cli.policies import policy
from service.cli.regions import regions
from service.cli.serve import serve
from service.cli.train import train
from service.errors import ServiceError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(__version__, prog_name="softmax")
def commands() -> None:
    """Softmax regression from a table to a decision."""


for _command in (train, serve, evaluate, models, keys, regions, healthcheck):
    commands.add_command(_command)
for _command in (import_model, export_model, policy):
    models.add_command(_command)


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
