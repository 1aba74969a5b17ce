"""The shapes of what a model is made of: one column for a number, one for each category."""

from collections.abc import Mapping

import numpy as np

from service.errors import ValueRefusedError
from service.softmax.arrays import Floats, Integers, Label, label_text


def column_starts(levels: tuple[int, ...]) -> Integers:
    """Give the first encoded column of each feature, and behind them the number of columns.

    Parameters
    ----------
    levels : tuple of int, length n_features
        Number of categories of each feature; 0 for a numeric one, which takes one column.

    Returns
    -------
    ndarray of shape (n_features + 1,)
        Column indices.

    Examples
    --------
    >>> column_starts((0, 3, 0))
    array([0, 1, 4, 5])
    """
    widths = [count or 1 for count in levels]
    return np.concatenate(([0], np.cumsum(widths, dtype=np.intp))).astype(np.intp)


def check_shapes(
    classes: tuple[Label, ...], levels: tuple[int, ...], learned: Mapping[str, Floats]
) -> None:
    """Hold what a model has learned against its classes and features.

    Parameters
    ----------
    classes : tuple of str, int or bool, length n_classes
        Class labels.
    levels : tuple of int, length n_features
        As `column_starts` takes it.
    learned : mapping of str to ndarray
        The arrays of a `SoftmaxModel`, by name.

    Raises
    ------
    ValueRefusedError
        If a shape disagrees, a number is not finite, or two classes have one text.
    """
    n_classes, n_columns = len(classes), int(column_starts(levels)[-1])
    shapes = {
        "coef_": (n_classes, n_columns),
        "intercept_": (n_classes,),
        "mean_": (n_columns,),
        "class_prior_": (n_classes,),
    }
    for name, shape in shapes.items():
        array = learned[name]
        if array.shape != shape:
            msg = f"expected {name} of shape {shape}, got {array.shape}"
            raise ValueRefusedError(msg)
        if not np.isfinite(array).all():
            msg = f"expected finite numbers in {name}"
            raise ValueRefusedError(msg)
    if len({label_text(label) for label in classes}) != n_classes or not n_classes:
        msg = f"expected distinct class labels, got {classes}"
        raise ValueRefusedError(msg)
