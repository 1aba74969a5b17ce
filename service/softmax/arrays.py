"""The array and label types that every layer shares."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Booleans = NDArray[np.bool_]

Label = str | int | bool
"""What a class is called: it keeps the type it had in training."""


def label_text(label: Label) -> str:
    """Give the JSON text of a label, as it stands where a class is a key.

    Parameters
    ----------
    label : str, int or bool
        A class label.

    Returns
    -------
    str
        The string itself, the decimal digits, or ``true`` and ``false``.

    Examples
    --------
    >>> [label_text(label) for label in ("setosa", 0, True)]
    ['setosa', '0', 'true']
    """
    if isinstance(label, bool):
        return "true" if label else "false"
    return str(label)


def frozen(values: Floats) -> Floats:
    """Give a read-only float64 copy of an array, in C order.

    Parameters
    ----------
    values : ndarray
        Any real array.

    Returns
    -------
    ndarray
        The copy; writing to it raises ValueError.
    """
    copy: Floats = np.array(values, dtype=np.float64, order="C")
    copy.flags.writeable = False
    return copy
