"""A store with a model of categories, beside those that the README shows."""

from pathlib import Path

import numpy as np
import pytest

from service.artifacts.artifact import pack
from service.artifacts.store import Store
from service.softmax.contract import CategoricalFeature, FeatureContract, NumericFeature
from service.softmax.model import SoftmaxModel


@pytest.fixture(scope="session")
def category_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds one model, of a number, texts, whole numbers and truth values."""
    contract = FeatureContract(
        features=(
            NumericFeature(name="height", low=-9, high=9, median=0.0, fill=0.0),
            CategoricalFeature(name="colour", categories=("blue", "réd", None), mode="réd"),
            CategoricalFeature(name="grade", categories=(1, 2), mode=1),
            CategoricalFeature(name="old", categories=(False, True), mode=True),
        )
    )
    model = SoftmaxModel(
        classes_=(False, True),
        levels_=contract.levels,
        coef_=np.array([[0.0] * 8, [0.5, 1.0, -1.0, 0.3, 2.0, -2.0, 0.7, -0.7]]),
        intercept_=np.array([0.0, 0.1]),
        mean_=np.zeros(8),
        class_prior_=np.array([0.5, 0.5]),
    )
    files = pack(
        model=model,
        contract=contract,
        sample=None,
        source="made",
        recipe={},
        certificate=None,
        selection=None,
        train_metrics=None,
        test_metrics=None,
        regions_pair=None,
        golden_rows=((0.5, "blue", 2, True),),
        libraries={},
    )
    root = tmp_path_factory.mktemp("categories")
    Store(root=root).publish("made", files)
    return root
