"""Small real models: fits of scikit-learn, held as the service holds them."""

from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_classification
from sklearn.linear_model import LogisticRegression

from service.softmax.arrays import Floats, Integers
from service.softmax.contract import FeatureContract, NumericFeature
from service.softmax.model import SoftmaxModel
from service.softmax.sample import Sample

if TYPE_CHECKING:
    from sklearn.utils import Bunch

Trained = tuple[SoftmaxModel, FeatureContract, Sample]


def trained(X: Floats, y: Integers, names: list[str], classes: list[str | int]) -> Trained:
    fit = LogisticRegression(C=1.0, max_iter=1000).fit(X, y)
    mean = X.mean(axis=0)
    coef, intercept = fit.coef_, fit.intercept_ + fit.coef_ @ mean
    if len(classes) == 2:
        coef, intercept = np.vstack([0.0 * coef, coef]), np.append(0.0, intercept)
    model = SoftmaxModel(
        classes_=tuple(classes),
        levels_=(0,) * len(names),
        coef_=coef,
        intercept_=intercept,
        mean_=mean,
        class_prior_=np.bincount(y) / len(y),
    )
    features = [
        NumericFeature(
            name=name,
            low=float(column.min()),
            high=float(column.max()),
            median=float(np.median(column)),
        )
        for name, column in zip(names, X.T, strict=True)
    ]
    return model, FeatureContract(features=tuple(features)), Sample(X=X, y=y.astype(np.intp))


def classification(n_classes: int) -> Trained:
    X, y = make_classification(
        n_samples=300,
        n_features=2,
        n_informative=2,
        n_redundant=0,
        n_clusters_per_class=1,
        n_classes=n_classes,
        random_state=42,
    )
    return trained(X, y, ["feature_1", "feature_2"], [*range(n_classes)])


@pytest.fixture(scope="session")
def demo() -> Trained:
    return classification(3)


@pytest.fixture(scope="session")
def two_classes() -> Trained:
    return classification(2)


@pytest.fixture(scope="session")
def iris() -> Trained:
    loaded = cast("Bunch", load_iris())
    names = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    return trained(loaded.data, loaded.target, names, ["setosa", "versicolor", "virginica"])
