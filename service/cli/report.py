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
    # A name from a table may hold anything, and a terminal obeys some of it.
    cells = [[printable(cell) for cell in row] for row in rows]
    words = [printable(word) for word in header]
    sides = ["right" if position else "left" for position in range(len(header))]
    table = tabulate(
        cells, headers=words, tablefmt="simple_outline", disable_numparse=True, colalign=sides
    )
    click.echo(f"{printable(title)}\n{table}")


def printable(value: object) -> str:
    """Give a value as text that a terminal shows and does not obey.

    Parameters
    ----------
    value : object
        Anything; a name from a table may hold control characters.

    Returns
    -------
    str
        Its text, with a mark in place of what cannot be printed.

    Examples
    --------
    >>> printable("red" + chr(27))
    'red�'
    """
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))
