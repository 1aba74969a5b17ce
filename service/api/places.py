"""Where in a request a row or a cell stands: as a location, and in words."""

from collections.abc import Callable, Sequence

Location = tuple[str | int, ...]
Place = Callable[..., Location]
"""Gives the location in the request of a row, or of a row and a feature's name."""


def in_instances(rows: Sequence[object], names: tuple[str, ...]) -> Place:
    """Make the locations of ``{"instances": [...]}``.

    Parameters
    ----------
    rows : sequence
        The rows as they came, lists or objects; none where all are lists.
    names : tuple of str
        Feature names in order.

    Returns
    -------
    callable
        Row, and feature's name, to location.
    """

    def place(row: int, *feature: str | int) -> Location:
        if feature and not (rows and isinstance(rows[row], dict)):
            return ("instances", row, names.index(str(feature[0])))
        return ("instances", row, *feature)

    return place


def in_columns(row: int, *feature: str | int) -> Location:
    """Give the location of a row, or a cell, of ``{"columns": {...}}``."""
    return ("columns", *feature, row)


def in_table(row: int, *feature: str | int) -> Location:
    """Give the location of a row, or a cell, of a body that is a table."""
    return (row, *feature)


def in_words(location: Location) -> str:
    """Say which row it is, by the name that its sender has for rows.

    Parameters
    ----------
    location : tuple of str and int
        Location of a row, or a cell, in a request.

    Returns
    -------
    str
        An instance of ``instances``, a row of ``columns`` or of a table.

    Examples
    --------
    >>> in_words(("instances", 2, 0)), in_words(("columns", "width", 2)), in_words((2, "width"))
    ('instance 2', 'row 2', 'row 2')
    """
    if location[0] == "instances":
        return f"instance {location[1]}"
    numbers = [part for part in location if isinstance(part, int)]
    return f"row {numbers[0]}" if numbers else "the columns"
