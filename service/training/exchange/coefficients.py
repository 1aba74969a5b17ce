"""A model as readable JSON: coefficients in raw units, with everything needed to use them."""

import json
from collections.abc import Iterator
from typing import Any

from service.softmax.contract import FeatureContract, NumericFeature
from service.softmax.model import SoftmaxModel
from service.softmax.shapes import column_starts

FORMULA = (
    "score[k] = intercept[k] + sum over features of coef[k] * (x - mean), a category being"
    " one such term per level with x = 1 at the row's own level and 0 at the others;"
    " probability = softmax(score / temperature)"
)


def to_json(model: SoftmaxModel, contract: FeatureContract, origin: dict[str, str]) -> bytes:
    """Write the coefficients of a model.

    Parameters
    ----------
    model : SoftmaxModel
        The model.
    contract : FeatureContract
        Its features.
    origin : dict of str to str
        What the model is called: name, version and digest.

    Returns
    -------
    bytes
        One JSON document; doubles in their shortest exact form.
    """
    document = {
        "format": "softmax-coefficients/1",
        "model": origin,
        "formula": FORMULA,
        "classes": model.classes_,
        "temperature": model.temperature_,
        "intercept": model.intercept_.tolist(),
        "class_prior": model.class_prior_.tolist(),
        "features": list(_features(model, contract)),
    }
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _features(model: SoftmaxModel, contract: FeatureContract) -> Iterator[dict[str, Any]]:
    starts = column_starts(model.levels_)
    for feature, start in zip(contract.features, starts, strict=False):
        if isinstance(feature, NumericFeature):
            yield {
                "name": feature.name,
                "kind": "number",
                "fill": feature.fill,
                "low": feature.low,
                "high": feature.high,
                "median": feature.median,
                "mean": float(model.mean_[start]),
                "coef": model.coef_[:, start].tolist(),
            }
            continue
        columns = slice(start, start + feature.levels)
        yield {
            "name": feature.name,
            "kind": "category",
            "fill": feature.fill,
            "unknown": feature.unknown,
            "mode": feature.mode,
            "levels": [
                {"value": level, "mean": float(mean), "coef": weights.tolist()}
                for level, mean, weights in zip(
                    feature.categories, model.mean_[columns], model.coef_[:, columns].T, strict=True
                )
            ],
        }
