"""A fitted pipeline, step by step, as columns over raw features and one linear classifier."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from service.errors import ExchangeError
from service.training.exchange.columns import Column, as_number
from service.training.exchange.encoding import impute, one_hot
from service.training.exchange.scaling import is_scaler, scale

_SINGLE = {SimpleImputer: impute, OneHotEncoder: one_hot}

_TOLD = (
    "only scalers, SimpleImputer, OneHotEncoder, column selectors and passthrough"
    " before a LogisticRegression can"
)


def flat_steps(estimator: Any) -> tuple[list[tuple[str, Any]], Any]:
    """Take a fitted object apart.

    Parameters
    ----------
    estimator : object
        A LogisticRegression, or a Pipeline or a search that ends in one.

    Returns
    -------
    steps : list of (str, object)
        Names and transformers in order.
    classifier : LogisticRegression or LogisticRegressionCV
        What they end in.

    Raises
    ------
    ExchangeError
        If it ends in anything else.
    """
    name = "the estimator"
    steps: list[tuple[str, Any]] = []
    while type(estimator) in {Pipeline, GridSearchCV, RandomizedSearchCV}:
        if isinstance(estimator, Pipeline):
            *before, (last, estimator) = estimator.steps
            steps += before
            name = f"step {last!r}"
        else:
            estimator = getattr(estimator, "best_estimator_", None)
    if type(estimator) not in {LogisticRegression, LogisticRegressionCV}:
        msg = (
            f"{name} ({type(estimator).__name__}) cannot be expressed: it is no LogisticRegression"
        )
        raise ExchangeError(msg)
    if not hasattr(estimator, "coef_"):
        msg = f"{name} ({type(estimator).__name__}) is not fitted"
        raise ExchangeError(msg)
    _refuse_other_meanings(name, estimator)
    return steps, estimator


def _refuse_other_meanings(name: str, classifier: Any) -> None:
    # Coefficients that are no softmax's, though today's scikit-learn reads them as one.
    n_classes = len(classifier.classes_)
    meaning = getattr(classifier, "multi_class", "auto")  # up to scikit-learn 1.7
    # Up to 0.21 both were "warn" until somebody chose, which meant these two.
    is_ovr = meaning in {"ovr", "warn"} or classifier.solver in {"liblinear", "warn"}
    if n_classes > 2 and is_ovr:  # noqa: PLR2004 - two classes are the same both ways
        msg = (
            f"{name} ({type(classifier).__name__}) cannot be expressed: its {n_classes} classes"
            " are fitted one against the rest, which is no softmax"
        )
        raise ExchangeError(msg)
    if n_classes == 2 and meaning == "multinomial":  # noqa: PLR2004 - two classes
        msg = (
            f"{name} ({type(classifier).__name__}) cannot be expressed: multi_class='multinomial'"
            " with two classes keeps half the log-odds, which scikit-learn reads otherwise"
            " since 1.8: fit it again there, with C doubled"
        )
        raise ExchangeError(msg)


def through(name: str, step: Any, columns: Sequence[Column], names: Sequence[str]) -> list[Column]:
    """Put columns through one fitted step.

    Parameters
    ----------
    name : str
        What the step is called in its pipeline.
    step : object
        A fitted transformer.
    columns : sequence of Raw, Line or Levels
        What goes in.
    names : sequence of str
        What a step may call the columns by; empty where they have no names.

    Returns
    -------
    list of Raw, Line or Levels
        What comes out.

    Raises
    ------
    ExchangeError
        If the step cannot be expressed.
    """
    kind = type(step)
    shown = f"step {name!r} ({kind.__name__})"
    if step is None or step == "passthrough" or _is_identity(step):
        return list(columns)
    if is_scaler(step) or kind in _SINGLE:
        return _SINGLE.get(kind, scale)(shown, step, columns)
    if isinstance(step, SelectorMixin) and kind.__module__.startswith("sklearn."):
        return [columns[j] for j in step.get_support(indices=True)]
    if kind is Pipeline:
        for part, inner in step.steps:
            columns = through(f"{name}/{part}", inner, columns, names)
            names = ()
        return list(columns)
    if kind is ColumnTransformer:
        return _beside(name, step, columns, names)
    msg = f"{shown} cannot be expressed: {_TOLD}"
    raise ExchangeError(msg)


def _is_identity(step: Any) -> bool:
    return type(step) is FunctionTransformer and step.get_params()["func"] is None


def _beside(name: str, step: Any, columns: Sequence[Column], names: Sequence[str]) -> list[Column]:
    made: list[Column] = []
    weights = step.transformer_weights or {}
    own = getattr(step, "feature_names_in_", names)
    for part, inner, chosen in step.transformers_:
        if inner == "drop":
            continue
        positions = positions_of(chosen, own, len(columns))
        parts = through(
            f"{name}/{part}",
            inner,
            [columns[j] for j in positions],
            [own[j] for j in positions] if len(own) else (),
        )
        if part in weights:
            shown = f"step {name!r} (ColumnTransformer)"
            parts = [as_number(column, shown).times(float(weights[part])) for column in parts]
        made += parts
    return made


def positions_of(chosen: Any, names: Sequence[str], n_columns: int) -> list[int]:
    """Give the columns that a part of a ColumnTransformer takes.

    Parameters
    ----------
    chosen : str, int, slice or sequence
        Names, positions, or one boolean per column, as the fitted transformer has them.
    names : sequence of str
        Names of the columns.
    n_columns : int
        How many there are.

    Returns
    -------
    list of int
        Positions.

    Examples
    --------
    >>> positions_of(["b", "a"], ["a", "b"], 2), positions_of(slice(1, None), [], 3)
    ([1, 0], [1, 2])
    """
    every = list(names)
    if isinstance(chosen, slice):
        start, stop = (every.index(e) if isinstance(e, str) else e for e in _ends(chosen))
        if isinstance(chosen.stop, str):
            stop += 1  # a range of names includes the last one
        return [*range(n_columns)[start : stop : chosen.step]]
    listed: list[Any] = [chosen] if np.isscalar(chosen) else list(chosen)
    if any(isinstance(one, bool | np.bool_) for one in listed):
        return [j for j, is_chosen in enumerate(listed) if is_chosen]
    return [every.index(one) if isinstance(one, str) else int(one) % n_columns for one in listed]


def _ends(chosen: Any) -> tuple[Any, Any]:
    return chosen.start, chosen.stop


def renumbered(step: Any, names: Sequence[str], n_columns: int) -> None:
    """Let a fitted pipeline take plain arrays where it was fitted on a data frame.

    A ColumnTransformer that knows its columns by name refuses an array; it is told their
    positions instead.

    Parameters
    ----------
    step : object
        A fitted pipeline or transformer; its ColumnTransformers are changed in place.
    names : sequence of str
        Names of the columns that go in.
    n_columns : int
        How many there are.
    """
    if isinstance(step, Pipeline):
        for _, inner in step.steps:
            renumbered(inner, names, n_columns)
    elif isinstance(step, ColumnTransformer):
        own = getattr(step, "feature_names_in_", names)
        placed = []
        for part, inner, chosen in step.transformers_:
            positions = positions_of(chosen, own, n_columns)
            renumbered(inner, [own[j] for j in positions] if len(own) else (), len(positions))
            placed.append((part, inner, positions))
        step.transformers_ = placed
    elif hasattr(step, "best_estimator_"):
        renumbered(step.best_estimator_, names, n_columns)
