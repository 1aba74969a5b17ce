"""A model as a scikit-learn pipeline that is fitted already."""

import io
import math
from typing import Any

import joblib
import numpy as np
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from service.softmax.contract import (
    CategoricalFeature,
    Feature,
    FeatureContract,
    NumericFeature,
)
from service.softmax.model import SoftmaxModel
from service.softmax.shapes import column_starts


def to_joblib(model: SoftmaxModel, contract: FeatureContract) -> bytes:
    """Write the pipeline of a model as a joblib file; a pickle, as every such file is."""
    buffer = io.BytesIO()
    joblib.dump(to_pipeline(model, contract), buffer)
    return buffer.getvalue()


def to_skops(model: SoftmaxModel, contract: FeatureContract) -> bytes:
    """Write the pipeline of a model as a skops file, which runs nothing when it is read."""
    content: bytes = skops.io.dumps(to_pipeline(model, contract))
    return content


def to_pipeline(model: SoftmaxModel, contract: FeatureContract) -> Pipeline:
    """Give a fitted pipeline whose `predict_proba` is the model's.

    It takes a data frame with the features as columns; a missing value is NaN there. The
    temperature is folded into the coefficients.

    Parameters
    ----------
    model : SoftmaxModel
        The model.
    contract : FeatureContract
        Its features.

    Returns
    -------
    Pipeline
        A ColumnTransformer and a LogisticRegression.
    """
    groups = _groups(contract)
    parts = [(name, _transformer(chosen), positions) for name, chosen, positions in groups]
    columns: Any = ColumnTransformer(parts, sparse_threshold=0)
    columns.fit(_specimen(contract))
    # Fitted on made-up rows for its bookkeeping; what it has learned is put in here.
    starts = column_starts(model.levels_)
    order: list[int] = []
    for name, chosen, positions in groups:
        encoded = [
            column
            for j, feature in zip(positions, chosen, strict=True)
            for column in _encoded(feature, int(starts[j]))
        ]
        order += encoded
        steps: Any = columns.named_transformers_[name]
        for step in steps.named_steps.values():
            if isinstance(step, OneHotEncoder):
                step.categories_ = step.get_params()[
                    "categories"
                ]  # in their own type, not the specimen's
            elif isinstance(step, StandardScaler):
                step.mean_ = model.mean_[encoded]
            else:
                step.statistics_ = np.array([feature.fill for feature in chosen])
        steps[0].feature_names_in_ = _names(chosen)
    columns.feature_names_in_ = _names(list(contract.features))
    return Pipeline([("columns", columns), ("classifier", _classifier(model, order))])


Group = tuple[str, list[Feature], list[int]]


def _groups(contract: FeatureContract) -> list[Group]:
    """Give numbers without a fill, numbers with one, and each category by itself."""
    groups: dict[str, Group] = {}
    for j, feature in enumerate(contract.features):
        if isinstance(feature, CategoricalFeature):
            name = f"category_{j}"
        else:
            name = "numbers" if feature.fill is None else "filled_numbers"
        _, chosen, positions = groups.setdefault(name, (name, [], []))
        chosen.append(feature)
        positions.append(j)
    return list(groups.values())


def _transformer(chosen: list[Feature]) -> Pipeline:
    first = chosen[0]
    if isinstance(first, NumericFeature):
        centred = StandardScaler(with_std=False)
        filled = first.fill is not None
        return make_pipeline(SimpleImputer(), centred) if filled else make_pipeline(centred)
    encoder = OneHotEncoder(
        categories=[_levels(first)], handle_unknown=first.unknown, sparse_output=False
    )
    return make_pipeline(encoder)


def _levels(feature: CategoricalFeature) -> Any:
    """Give the levels as a data frame has them; a missing value that is filled is one more."""
    levels = [math.nan if level is None else level for level in feature.categories]
    if feature.fill is not None:
        levels.append(math.nan)
    # Booleans and integers become doubles in a column where a value is missing.
    return np.array(levels, dtype=object if feature.level_type is str else np.float64)


def _encoded(feature: Feature, start: int) -> list[int]:
    """Give the columns of the model whose coefficients the encoded columns take."""
    if not isinstance(feature, CategoricalFeature):
        return [start]
    columns = list(range(start, start + feature.levels))
    return columns if feature.fill is None else [*columns, start + int(feature.codes[feature.fill])]


def _specimen(contract: FeatureContract) -> Any:
    rows = np.zeros((max(contract.levels) + 2, len(contract.features)), dtype=object)
    for j, feature in enumerate(contract.features):
        if isinstance(feature, CategoricalFeature):
            levels = _levels(feature)
            rows[:, j] = [levels[i % len(levels)] for i in range(len(rows))]
    return rows if any(contract.levels) else rows.astype(np.float64)


def _names(features: list[Feature]) -> Any:
    return np.array([feature.name for feature in features], dtype=object)


def _classifier(model: SoftmaxModel, order: list[int]) -> LogisticRegression:
    coef = model.coef_ / model.temperature_
    # Numbers are centred before they get here, categories are not.
    centred = np.repeat(np.array(model.levels_) == 0, [levels or 1 for levels in model.levels_])
    intercept = model.intercept_ / model.temperature_
    intercept = intercept - coef[:, ~centred] @ model.mean_[~centred]
    coef = coef[:, order]
    if model.n_classes == 2:  # noqa: PLR2004 - scikit-learn keeps the second's lead only
        coef, intercept = coef[1:] - coef[:1], intercept[1:] - intercept[:1]
    classifier = LogisticRegression(C=np.inf)
    classifier.classes_ = np.array(model.classes_)
    classifier.coef_ = coef
    classifier.intercept_ = intercept
    classifier.n_features_in_ = len(order)
    classifier.n_iter_ = np.array([0], dtype=np.int32)
    return classifier
