"""What is known of a pipeline of others, as plain values that cross a pipe as JSON."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from service.errors import ExchangeError
from service.softmax.arrays import Floats, Label
from service.softmax.contract import Category, Cell
from service.training.exchange.columns import Column, Known, Levels, Line, as_number
from service.training.exchange.encoding import plain


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class ForeignFeature(_Frozen):
    """A feature that a pipeline uses.

    Parameters
    ----------
    name : str
        What it is called.
    position : int
        Its place among the columns that the pipeline takes.
    categories : tuple of str, int, bool or None
        Its levels in sorted order, a missing one last; empty for a number.
    fill : str, int, float, bool or None
        Stands in for a missing value.
    unknown : {"error", "ignore"}
        What becomes of a category that is not among them.
    missing : {"nan", "none"}
        What the pipeline itself takes for a missing value.
    known : Known
        What its steps tell of the training rows.
    """

    name: str
    position: int
    categories: tuple[Category, ...] = ()
    fill: Cell = None
    unknown: Literal["error", "ignore"] = "error"
    missing: Literal["nan", "none"] = "nan"
    known: Known = Known()


class Foreign(_Frozen):
    """A pipeline as one affine map, with rows to compare it by.

    Parameters
    ----------
    classes : tuple of str, int or bool
        Labels in its order.
    features : tuple of ForeignFeature
        Those it uses, in its order.
    coef : tuple of tuples of float, shape (n_classes, n_columns)
        W in nats per raw unit.
    intercept : tuple of float, length n_classes
        Scores at the row `mean`.
    mean : tuple of float, length n_columns
        The row about which the map is held.
    parameters : dict
        Settings of the fit: whether it has an intercept, and whether it weighs the classes.
    steps : tuple of str
        Kinds of its steps in order.
    written_by : str or None
        The version of scikit-learn that wrote the file, where that is known.
    rows : tuple of tuples
        Made-up rows in the order of `features`.
    probabilities : tuple of tuples of float
        What the pipeline itself gives them.
    """

    classes: tuple[Label, ...]
    features: tuple[ForeignFeature, ...]
    coef: tuple[tuple[float, ...], ...]
    intercept: tuple[float, ...]
    mean: tuple[float, ...]
    parameters: dict[str, bool | float | str | None]
    steps: tuple[str, ...]
    written_by: str | None = None
    rows: tuple[tuple[Cell, ...], ...] = ()
    probabilities: tuple[tuple[float, ...], ...] = ()


def describe(columns: Sequence[Column], classifier: Any, names: Sequence[str]) -> Foreign:
    """Fold columns and a linear classifier into one affine map over raw features.

    Parameters
    ----------
    columns : sequence of Raw, Line or Levels
        What the classifier takes.
    classifier : LogisticRegression or LogisticRegressionCV
        Fitted on them.
    names : sequence of str
        Names of the raw features.

    Returns
    -------
    Foreign
        Without steps and rows.

    Raises
    ------
    ExchangeError
        If two columns read one feature differently.
    """
    coef, intercept = _both_classes(classifier)
    if len(columns) != coef.shape[1]:
        msg = f"expected {coef.shape[1]} columns before the classifier, got {len(columns)}"
        raise ExchangeError(msg)
    groups: dict[int, list[tuple[Line | Levels, Floats]]] = {}
    for column, weights in zip(columns, coef.T, strict=True):
        number = as_number(column, type(classifier).__name__)
        groups.setdefault(number.feature, []).append((number, weights))
    features: list[ForeignFeature] = []
    blocks: list[Floats] = []
    means: list[float] = []
    for position in sorted(groups):
        feature, block, mean, constant = _folded(names[position], groups[position])
        features.append(feature)
        blocks.append(block)
        means += mean
        intercept = intercept + constant
    return Foreign(
        classes=tuple(_label(label) for label in classifier.classes_),
        features=tuple(features),
        coef=tuple(map(tuple, np.hstack(blocks).tolist())),
        intercept=tuple(intercept.tolist()),
        mean=tuple(means),
        parameters={
            "fit_intercept": bool(classifier.fit_intercept),
            "class_weight": None if classifier.class_weight is None else "given",
        },
        steps=(),
    )


def _both_classes(classifier: Any) -> tuple[Floats, Floats]:
    coef = classifier.coef_
    coef = np.asarray(coef.toarray() if hasattr(coef, "toarray") else coef, dtype=np.float64)
    intercept = np.broadcast_to(classifier.intercept_, len(coef)).astype(np.float64)
    if len(coef) == 1:  # two classes have one vector: rows (0, w)
        return np.vstack([np.zeros_like(coef), coef]), np.append(0.0, intercept)
    return coef, intercept


Folded = tuple[ForeignFeature, Floats, list[float], Floats]


def _folded(name: str, group: list[tuple[Line | Levels, Floats]]) -> Folded:
    lines = [(column, weights) for column, weights in group if isinstance(column, Line)]
    tables = [(column, weights) for column, weights in group if isinstance(column, Levels)]
    if lines and tables:
        msg = f"feature {name!r} cannot be expressed: it is a number here and a category there"
        raise ExchangeError(msg)
    return _number(name, lines) if lines else _category(name, tables)


def _number(name: str, lines: list[tuple[Line, Floats]]) -> Folded:
    first = lines[0][0]
    known = first.known
    for line, _ in lines:
        known = known.or_else(line.known)
        if line.fill != first.fill:
            msg = f"feature {name!r} cannot be expressed: its missing values are filled in two ways"
            raise ExchangeError(msg)
    centres = (known.mean, known.median, first.centre)
    mean = next(centre for centre in centres if centre is not None)
    coef = sum((line.slope * weights for line, weights in lines), np.zeros_like(lines[0][1]))
    constant = sum(
        (weights * (line.slope * (mean - line.centre) + line.shift) for line, weights in lines),
        np.zeros_like(lines[0][1]),
    )
    feature = ForeignFeature(
        name=name,
        position=first.feature,
        fill=first.fill,
        missing="none" if first.missing is None else "nan",
        known=known,
    )
    return feature, coef[:, None], [mean], constant


def _category(name: str, tables: list[tuple[Levels, Floats]]) -> Folded:
    first = tables[0][0]
    for table, _ in tables:
        same = table.values.keys() == first.values.keys() and table.fill == first.fill
        if not same or (table.unknown is None) != (first.unknown is None):
            msg = f"feature {name!r} cannot be expressed: it is encoded in two ways"
            raise ExchangeError(msg)
    named = [level for level in first.values if level is not None]
    if len({type(level) for level in named}) > 1:
        msg = f"feature {name!r} cannot be expressed: its categories are of several types"
        raise ExchangeError(msg)
    categories: list[Category] = [*sorted(named)]  # of one type each
    if None in first.values:
        categories.append(None)
    # A category that is not known adds the scores `unknown`; the others count from there.
    unknown = np.column_stack([weights * (table.unknown or 0.0) for table, weights in tables])
    constant: Floats = unknown.sum(axis=1)
    coef = np.column_stack(
        [
            np.sum([weights * table.values[level] for table, weights in tables], axis=0) - constant
            for level in categories
        ]
    )
    mean = np.full(len(categories), 1 / len(categories))  # shares are not in the file
    feature = ForeignFeature(
        name=name,
        position=first.feature,
        categories=tuple(categories),
        fill=first.fill,
        unknown="error" if first.unknown is None else "ignore",
        missing="none" if first.missing is None else "nan",
    )
    return feature, coef, mean.tolist(), constant + coef @ mean


def _label(label: Any) -> Label:
    value = plain(label)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is None or isinstance(value, float):
        msg = f"expected class labels that are text, whole numbers or booleans, got {value!r}"
        raise ExchangeError(msg)
    return value
