"""Random models to hold laws on."""

import numpy as np

from service.softmax.arrays import Floats
from service.softmax.contract import CategoricalFeature, Feature, FeatureContract, NumericFeature
from service.softmax.model import SoftmaxModel
from service.softmax.shapes import column_starts


def made_model(
    seed: int, levels: tuple[int, ...], n_classes: int, *, temperature: float = 1.0
) -> SoftmaxModel:
    """A model with coefficients about 1, means of a table, and uneven class shares."""
    random = np.random.default_rng(seed)
    n_columns = int(column_starts(levels)[-1])
    mean = random.normal(size=n_columns)
    for start, count in zip(column_starts(levels), levels, strict=False):
        if count:
            mean[start : start + count] = random.dirichlet(np.ones(count))
    return SoftmaxModel(
        classes_=tuple(f"c{k}" for k in range(n_classes)),
        levels_=levels,
        coef_=random.normal(size=(n_classes, n_columns)),
        intercept_=random.normal(size=n_classes),
        mean_=mean,
        class_prior_=random.dirichlet(3 * np.ones(n_classes)),
        temperature_=temperature,
    )


def made_contract(levels: tuple[int, ...]) -> FeatureContract:
    """Numbers from -3 to 3, and categories called l0, l1 and so on."""
    features: list[Feature] = []
    for j, count in enumerate(levels):
        if count:
            categories = tuple(f"l{code}" for code in range(count))
            features.append(CategoricalFeature(name=f"x{j}", categories=categories, mode="l0"))
        else:
            features.append(NumericFeature(name=f"x{j}", low=-3.0, high=3.0, median=0.0))
    return FeatureContract(features=tuple(features))


def made_rows(seed: int, levels: tuple[int, ...], n_samples: int) -> Floats:
    """Normal numbers and even categories, as codes."""
    random = np.random.default_rng(seed)
    columns = [
        random.integers(count, size=n_samples) if count else random.normal(size=n_samples)
        for count in levels
    ]
    return np.column_stack(columns).astype(float)
