"""Tables of the report, as values and as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.training.report.markup import text

Cell = str
"""HTML: made by `text`, `name` and the writers of numbers."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with a head and one row header a row.

    Parameters
    ----------
    title : str
        What it is.
    head : tuple of str
        Names of the columns, as plain text; the first is that of the row headers.
    rows : tuple of tuples of str
        Cells as HTML.
    note : str
        HTML that stands under it.
    is_numeric : bool
        Whether all cells but the first of a row are numbers, which are set to the right.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    is_numeric: bool = False


def table_html(table: Table, *, is_titled: bool = False) -> str:
    """Write a table.

    Parameters
    ----------
    table : Table
        The table.
    is_titled : bool
        Whether its title is shown; else it is there for screen readers, since the heading
        above says it.

    Returns
    -------
    str
        HTML.
    """
    css = ' class="numbers"' if table.is_numeric else ""
    hidden = "" if is_titled else ' class="unseen"'
    head = "".join(f'<th scope="col">{text(word)}</th>' for word in table.head)
    body = "".join(_row(row) for row in table.rows)
    note = f'<p class="note">{table.note}</p>' if table.note else ""
    return (
        f'<div class="scroll"><table{css}><caption{hidden}>{text(table.title)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{note}"
    )


def _row(cells: Sequence[Cell]) -> str:
    first, *rest = cells
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
