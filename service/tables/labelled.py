"""Columns of a table as a model's features, and a column of labels as its classes."""

import numpy as np

from service.errors import TableError
from service.softmax.arrays import Integers, Label, label_text
from service.softmax.contract import Cell, Column, Feature, NumericFeature
from service.tables.table import CategoryColumn, NumberColumn, Table


def feature_cells(table: Table, feature: Feature) -> Column:
    """Give the values of a feature as a client would send them.

    Parameters
    ----------
    table : Table
        Rows.
    feature : NumericFeature or CategoricalFeature
        The feature; a column of its name must be there.

    Returns
    -------
    ndarray or list of length n_rows
        Numbers, or categories of the type they had in training; NaN or None where missing.

    Raises
    ------
    TableError
        If the column is missing or of another type.
    """
    column = table.column(feature.name)
    if isinstance(feature, NumericFeature):
        if isinstance(column, NumberColumn):
            return column.values
        msg = f"{table.name}: expected numbers in column {feature.name!r}"
        raise TableError(msg)
    if not isinstance(column, CategoryColumn):
        msg = f"{table.name}: expected categories in column {feature.name!r}"
        raise TableError(msg)
    levels: list[Cell] = [*column.levels, None]
    if feature.level_type is str:  # the file's own text, though all of it looks like numbers
        levels = [None if level is None else label_text(_label(level)) for level in levels]
    return [levels[code] for code in column.codes]


def class_codes(table: Table, target: str, classes: tuple[Label, ...]) -> Integers:
    """Give the class of each row.

    Parameters
    ----------
    table : Table
        Labelled rows.
    target : str
        The column of labels.
    classes : tuple of str, int or bool
        The model's classes.

    Returns
    -------
    ndarray of shape (n_rows,)
        Index of each row's class.

    Raises
    ------
    TableError
        If there is no such column, or a label that is no class.
    """
    column = table.column(target)
    if not isinstance(column, CategoryColumn):
        msg = f"{table.name}: expected labels in column {target!r}, got numbers"
        raise TableError(msg)
    if column.is_missing.any():
        msg = f"{table.name}: expected a label in every row of column {target!r}"
        raise TableError(msg)
    index = {label_text(label): k for k, label in enumerate(classes)}
    texts = [label_text(level) for level in column.levels]
    if unknown := [text for text in texts if text not in index]:
        msg = f"{table.name}: {unknown[0]!r} in column {target!r} is no class of the model"
        raise TableError(msg)
    codes = np.array([index[text] for text in texts], dtype=np.intp)
    y: Integers = codes[column.codes]
    return y


def _label(level: Cell) -> Label:
    return level if isinstance(level, str | bool) else int(level or 0)
