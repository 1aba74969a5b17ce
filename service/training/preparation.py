"""From a table and a recipe to rows ready to fit, and the contract they imply."""

import math
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import train_test_split

from service.errors import TrainingError
from service.softmax.arrays import Floats, Integers, Label, label_text
from service.softmax.contract import Feature, FeatureContract
from service.tables.table import CategoryColumn, NumberColumn, Table, TableColumn
from service.training.features import describe
from service.training.recipe import Recipe


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """Labelled rows.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows as `SoftmaxModel.scores` takes them.
    y : ndarray of shape (n_samples,)
        Index of the class of each row.
    sample_weight : ndarray of shape (n_samples,)
        Weights, none negative.
    """

    X: Floats
    y: Integers
    sample_weight: Floats

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """A table made ready: its classes, its contract, and the parts of its rows.

    Parameters
    ----------
    classes : tuple of str, int or bool
        Class labels in sorted order.
    contract : FeatureContract
        Learned on the training rows alone.
    train, temperature, prediction_sets, test : Samples
        Disjoint; only `train` must have rows. The two in the middle are the halves of the
        calibration rows.
    """

    classes: tuple[Label, ...]
    contract: FeatureContract
    train: Samples
    temperature: Samples
    prediction_sets: Samples
    test: Samples


def prepare(table: Table, recipe: Recipe) -> Prepared:
    """Split a table, learn its contract on the training rows, and encode every row.

    Parameters
    ----------
    table : Table
        The table, target and weights included.
    recipe : Recipe
        What is to be done with it.

    Returns
    -------
    Prepared
        Encoded rows, nothing missing in them.

    Raises
    ------
    TrainingError
        If the labels, weights or values do not allow a fit; the message names the column
        and, where there is one, the row.
    TableError
        If the recipe names a column that is not there.
    """
    labels = _labels(table, recipe)
    sample_weight = _weights(table, recipe)
    aside = {recipe.target, *recipe.drop}
    if recipe.sample_weight is not None:
        aside.add(recipe.sample_weight)
    if not set(table.columns) - aside:
        msg = f"{table.name}: expected at least one feature beside {recipe.target!r}, got none"
        raise TrainingError(msg)
    columns = table.without(aside).columns
    parts = split_rows(labels, recipe)
    train = parts["train"]
    features: list[Feature] = []
    X = {part: np.empty((len(rows), len(columns))) for part, rows in parts.items()}
    for j, (name, column) in enumerate(columns.items()):
        where = f"{table.name}: column {name!r}"
        feature, values = describe(where, name, column, train, sample_weight, recipe=recipe)
        features.append(feature)
        for part, rows in parts.items():
            X[part][:, j] = values[rows]
    return Prepared(
        classes=labels.levels,
        contract=FeatureContract(features=tuple(features), out_of_range=recipe.out_of_range),
        **{
            part: Samples(X=X[part], y=labels.codes[rows], sample_weight=sample_weight[rows])
            for part, rows in parts.items()
        },
    )


def _labels(table: Table, recipe: Recipe) -> CategoryColumn:
    where = f"{table.name}: target {recipe.target!r}"
    column = table.column(recipe.target)
    if column.is_missing.any():
        msg = f"{where}: expected a label in every row, got none in row {_first(column)}"
        raise TrainingError(msg)
    if isinstance(column, NumberColumn):
        msg = f"{where}: expected labels, got a column of numbers"
        raise TrainingError(msg)
    texts = [label_text(label) for label in column.levels]
    if len(set(texts)) < len(texts) or "abstain" in texts:
        msg = f"{where}: expected labels of distinct text, and none called 'abstain'"
        raise TrainingError(msg)
    if len(texts) < 2:  # noqa: PLR2004 - one class leaves nothing to tell apart
        msg = f"{where}: expected at least two classes, got only {texts[0]!r}"
        raise TrainingError(msg)
    return column


def _weights(table: Table, recipe: Recipe) -> Floats:
    if recipe.sample_weight is None:
        return np.ones(len(table))
    column = table.column(recipe.sample_weight)
    where = f"{table.name}: weights {recipe.sample_weight!r}"
    if not isinstance(column, NumberColumn):
        msg = f"{where}: expected numbers"
        raise TrainingError(msg)
    bad = np.flatnonzero(~(np.isfinite(column.values) & (column.values >= 0)))
    if len(bad):
        msg = f"{where}: expected a number that is not negative in row {bad[0] + 1}"
        raise TrainingError(msg)
    if not column.values.any():
        msg = f"{where}: expected a weight above zero somewhere"
        raise TrainingError(msg)
    return column.values


def split_rows(labels: CategoryColumn, recipe: Recipe) -> dict[str, Integers]:
    """Divide rows at random, each part with the class shares of the whole.

    Parameters
    ----------
    labels : CategoryColumn
        The label of each row.
    recipe : Recipe
        How many rows each part gets, and the seed.

    Returns
    -------
    dict of str to ndarray of int
        Row indices in ascending order of the parts ``train``, ``temperature``,
        ``prediction_sets`` and ``test``.

    Raises
    ------
    TrainingError
        If a class has too few rows to be in every part.
    """
    sizes = {"test": recipe.test_size}
    if recipe.calibrate == "temperature":
        sizes |= dict.fromkeys(("temperature", "prediction_sets"), recipe.calibration_size / 2)
    else:
        sizes |= {"temperature": 0.0, "prediction_sets": recipe.calibration_size}
    rest = np.arange(len(labels))
    parts: dict[str, Integers] = {}
    for part, size in sizes.items():
        parts[part] = rest[:0]
        if size:
            count = math.ceil(size * len(labels))  # as scikit-learn counts
            rest, parts[part] = _stratified(rest, labels, count, recipe.random_state)
    return {"train": rest, **parts}


def _stratified(
    rows: Integers, labels: CategoryColumn, count: int, random_state: int
) -> tuple[Integers, Integers]:
    codes = labels.codes[rows]
    try:
        kept, taken = train_test_split(
            rows, test_size=count, random_state=random_state, stratify=codes
        )
    except ValueError as error:
        counts = np.bincount(codes, minlength=len(labels.levels))
        rarest = labels.levels[int(counts.argmin())]
        msg = (
            f"expected enough rows of each class to hold out {count} of {len(rows)},"
            f" got {counts.min()} of {rarest!r} (test-size 0 fits on every row)"
        )
        raise TrainingError(msg) from error
    return np.sort(kept), np.sort(taken)


def _first(column: TableColumn) -> int:
    return int(np.flatnonzero(column.is_missing)[0]) + 1
