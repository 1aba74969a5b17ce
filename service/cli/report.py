"""How results are shown: tables for people, JSON for programs."""

from collections.abc import Sequence

import click
import orjson
from tabulate import tabulate


def print_json(value: object) -> None:
    """Print one JSON document.

    Parameters
    ----------
    value : object
        JSON values, dataclasses and arrays.
    """
    options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY
    click.echo(orjson.dumps(value, option=options).decode())


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; the first column is text, the others are numbers.

    Parameters
    ----------
    title : str
        What stands above it.
    header : sequence of str
        Names of the columns.
    rows : sequence of sequences
        The cells.
    """
    sides = ["right" if position else "left" for position in range(len(header))]
    table = tabulate(
        rows, headers=header, tablefmt="simple_outline", disable_numparse=True, colalign=sides
    )
    click.echo(f"{title}\n{table}")
