"""How a model is named on the command line: `name` or `name@version`."""

from service.errors import UnknownModelError


def parse_reference(reference: str) -> tuple[str, int | None]:
    """Split a model reference.

    Parameters
    ----------
    reference : str
        ``name`` for the active version, or ``name@version``.

    Returns
    -------
    name : str
        The model.
    version : int or None
        Its version; None for the active one.

    Raises
    ------
    UnknownModelError
        If the version is no number.

    Examples
    --------
    >>> parse_reference("iris@3")
    ('iris', 3)
    """
    name, at, version = reference.partition("@")
    if at and not (version.isascii() and version.isdigit() and len(version) < 10):  # noqa: PLR2004 - digits
        msg = f"expected a model like iris or iris@3, got {reference!r}"
        raise UnknownModelError(msg)
    return name, int(version) if at else None
