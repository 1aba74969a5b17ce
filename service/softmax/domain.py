"""Rows outside the domain of a model: their scores leave the range of a double."""

import numpy as np

from service.errors import Fault
from service.softmax.arrays import Floats


def outside_domain(row: int) -> Fault:
    """Say that the scores of a row leave the range of a double.

    Parameters
    ----------
    row : int
        Index of the row.

    Returns
    -------
    Fault
        The fault, located at the row.
    """
    detail = "expected scores within the numeric range"
    return Fault(code="outside_domain", detail=detail, location=(row,))


def rows_outside(scores: Floats, first: int = 0) -> list[Fault]:
    """Name the rows whose scores are not all finite.

    Parameters
    ----------
    scores : ndarray of shape (n_classes, n_samples)
        Scores in nats, class by class.
    first : int
        Index of the first row.

    Returns
    -------
    list of Fault
        One for each such row, located at it.
    """
    rows = np.flatnonzero(~np.isfinite(scores).all(axis=0))
    return [outside_domain(first + row) for row in rows.tolist()]
