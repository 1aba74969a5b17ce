"""What the tutorials show: FastAPI, Pydantic lists, scikit-learn; as fast as that gets."""

import os

import joblib
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
model = joblib.load(os.environ["MODEL"])


class Rows(BaseModel):
    """Rows of features."""

    instances: list[list[float]]


class Answer(BaseModel):
    """Probabilities and labels."""

    probabilities: list[list[float]]
    labels: list[str]


@app.post("/predict_proba")
async def predict_proba(rows: Rows) -> Answer:
    """Answer on the event loop: a thread of its own costs more than the work."""
    X = np.array(rows.instances)
    return Answer(probabilities=model.predict_proba(X).tolist(), labels=model.predict(X).tolist())
