"""A foreign pipeline to a model of ours: built, compared with its origin, and put in context."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.errors import ExchangeError, InputError
from service.softmax.arrays import label_text
from service.softmax.contract import (
    CategoricalFeature,
    Cell,
    Feature,
    FeatureContract,
    NumericFeature,
)
from service.softmax.metrics import Metrics
from service.softmax.model import SoftmaxModel
from service.softmax.sample import Sample
from service.softmax.shapes import column_starts
from service.training.exchange.foreign import Foreign, ForeignFeature
from service.training.exchange.rows import golden_rows

AGREEMENT = 1e-12
"""How far the probabilities of a model and of its origin may lie apart."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Imported:
    """A model that was fitted elsewhere, and what is known beside it.

    Parameters
    ----------
    model : SoftmaxModel
        The mathematics.
    contract : FeatureContract
        What it expects of rows.
    recipe : mapping
        What is known of the fit, as JSON values.
    difference : float
        Largest difference to the probabilities of the pipeline itself.
    regions_pair : tuple of two str, or None
        Default axes of pictures.
    golden_rows : tuple of tuples
        Made-up rows, as a client would send them.
    metrics : Metrics or None
        Figures on the rows that were given, if they had labels.
    sample : Sample or None
        Some of those rows.
    """

    model: SoftmaxModel
    contract: FeatureContract
    recipe: Mapping[str, Any]
    difference: float
    regions_pair: tuple[str, str] | None
    golden_rows: tuple[tuple[Cell, ...], ...]
    metrics: Metrics | None = None
    sample: Sample | None = None


def imported(foreign: Foreign, recipe: Mapping[str, Any]) -> Imported:
    """Build a model from what another process told of a pipeline.

    Ranges and shares are as far as the pipeline's own steps tell: a StandardScaler its means
    and, as for a normal column, seven standard deviations to each side; the shares of classes
    and of categories are not in any file and are taken for equal.

    Parameters
    ----------
    foreign : Foreign
        What it told.
    recipe : mapping
        Where it came from, as JSON values.

    Returns
    -------
    Imported
        A model whose probabilities are those of the pipeline.

    Raises
    ------
    ExchangeError
        If they are not.
    ValueRefusedError
        If the pipeline's numbers make no model.
    """
    texts = [label_text(label) for label in foreign.classes]
    if "abstain" in texts or len(set(texts)) < max(2, len(texts)):
        msg = "expected at least two class labels of distinct text, and none called 'abstain'"
        raise ExchangeError(msg)
    contract = FeatureContract(features=tuple(_feature(one) for one in foreign.features))
    model = SoftmaxModel(
        classes_=foreign.classes,
        levels_=contract.levels,
        coef_=np.array(foreign.coef),
        intercept_=np.array(foreign.intercept),
        mean_=np.array(foreign.mean),
        class_prior_=np.full(len(foreign.classes), 1 / len(foreign.classes)),
    )
    origin = {"steps": list(foreign.steps), "written_by_scikit_learn": foreign.written_by}
    return Imported(
        model=model,
        contract=contract,
        recipe={**foreign.parameters, "imported": {**recipe, **origin}},
        difference=_compared(model, contract, foreign),
        regions_pair=_widest_pair(model, contract),
        golden_rows=golden_rows(contract),
    )


def _feature(foreign: ForeignFeature) -> Feature:
    if foreign.categories:
        fill = foreign.fill
        if isinstance(fill, float):
            msg = f"expected a category to fill {foreign.name!r}, got a decimal number"
            raise ExchangeError(msg)
        return CategoricalFeature(
            name=foreign.name,
            categories=foreign.categories,
            mode=foreign.categories[0] if fill is None else fill,
            fill=fill,
            unknown=foreign.unknown,
        )
    known = foreign.known
    fill = None if foreign.fill is None else float(foreign.fill)
    middle = next((m for m in (known.median, known.mean, fill) if m is not None), None)
    if known.low is None or known.high is None:
        low = high = middle if middle is not None else 0.0
    else:
        low, high = known.low, known.high
    median = (low + high) / 2 if middle is None else middle
    return NumericFeature(name=foreign.name, low=low, high=high, median=median, fill=fill)


def unplaced(foreign: Foreign) -> list[str]:
    """Name the numbers of which the pipeline does not tell where they lay in training.

    Parameters
    ----------
    foreign : Foreign
        What is known of it.

    Returns
    -------
    list of str
        Names of features.
    """
    return [
        feature.name
        for feature in foreign.features
        if not feature.categories and (feature.known.low is None or feature.known.high is None)
    ]


def _compared(model: SoftmaxModel, contract: FeatureContract, foreign: Foreign) -> float:
    encoded = contract.encode(list(zip(*foreign.rows, strict=True)))
    theirs = np.array(foreign.probabilities)
    try:
        ours = model.predict_proba(encoded.X)
    except InputError as error:
        msg = f"the model and the pipeline could not be compared: {error}"
        raise ExchangeError(msg) from error
    if not encoded.is_sound or ours.shape != theirs.shape:
        msg = "the model and the pipeline could not be compared: they take different rows"
        raise ExchangeError(msg)
    difference = float(np.abs(ours - theirs).max())
    if not difference <= AGREEMENT:
        msg = (
            f"the model does not reproduce the pipeline: probabilities of {len(ours)} made-up rows"
            f" differ by up to {difference:.1e}, more than {AGREEMENT:g}"
        )
        raise ExchangeError(msg)
    return difference


def _widest_pair(model: SoftmaxModel, contract: FeatureContract) -> tuple[str, str] | None:
    """Give the numbers that move the scores most over their training range."""
    starts = column_starts(contract.levels)
    numeric = [f for f in range(len(contract.features)) if not contract.levels[f]]
    if len(numeric) < 2:  # noqa: PLR2004 - a plane has two axes
        return None
    ranges = [contract.features[j] for j in numeric]
    width = np.array([f.high - f.low for f in ranges if isinstance(f, NumericFeature)])
    effect = np.ptp(model.coef_[:, starts[numeric]], axis=0) * width
    first, second = sorted(np.argsort(-effect, kind="stable")[:2])
    return contract.names[numeric[first]], contract.names[numeric[second]]
