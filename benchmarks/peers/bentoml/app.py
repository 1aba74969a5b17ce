"""A BentoML service over a scikit-learn pipeline."""

import os

import bentoml
import joblib
import numpy as np


@bentoml.service(workers=1)
class Proba:
    """One worker that takes and gives arrays."""

    def __init__(self) -> None:
        self.model = joblib.load(os.environ["MODEL"])

    @bentoml.api
    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Give probabilities."""
        return self.model.predict_proba(x)
