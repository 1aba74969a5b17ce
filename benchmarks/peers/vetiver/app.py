"""Vetiver's API over a scikit-learn pipeline, asked for probabilities."""

import os

import joblib
import numpy as np
import vetiver
from vetiver.handlers.sklearn import SKLearnHandler


class ProbaHandler(SKLearnHandler):
    """Vetiver answers labels; its documentation shows this way to probabilities."""

    def handler_predict(self, input_data: object, check_prototype: bool) -> object:  # noqa: FBT001 - its interface
        """Give probabilities as lists."""
        rows = np.array(input_data) if check_prototype else input_data
        return self.model.predict_proba(np.atleast_2d(rows)).tolist()


pipeline = joblib.load(os.environ["MODEL"])
prototype = np.zeros((1, pipeline.n_features_in_))
app = vetiver.VetiverAPI(
    vetiver.VetiverModel(ProbaHandler(pipeline, prototype), "model", prototype_data=prototype),
    check_prototype=True,
).app
