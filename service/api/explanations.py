"""Explanations as JSON values."""

from typing import Any

from service.artifacts.artifact import Artifact
from service.errors import InputError
from service.softmax.arrays import Floats, label_text
from service.softmax.domain import outside_domain
from service.softmax.explanations import Explanations, explain
from service.softmax.flips import Flip, nearest_flips


def told_explanations(
    artifact: Artifact, X: Floats, *, against: int | None, is_centred: bool
) -> list[dict[str, Any]]:
    """Explain rows.

    Parameters
    ----------
    artifact : Artifact
        The model and its contract.
    X : ndarray of shape (n_samples, n_features)
        Rows as `SoftmaxModel.scores` takes them.
    against : int or None
        Index of the class to compare with; None for each row's runner-up.
    is_centred : bool
        Whether to tell the parts of every class too.

    Returns
    -------
    list of dict, length n_samples
        JSON values by feature name.

    Raises
    ------
    InputError
        If the scores of a row, or a difference of them, are not finite.
    """
    if not len(X):
        return []
    found = explain(artifact.model, X, against=against, centred=is_centred)
    return [_told(artifact, found, row, X[row]) for row in range(len(X))]


def _told(artifact: Artifact, found: Explanations, row: int, x: Floats) -> dict[str, Any]:
    classes, names = artifact.model.classes_, artifact.contract.names
    try:
        flips = nearest_flips(artifact.model, artifact.contract, x)
    except InputError:  # its scores add up in a batch, and in the order of a row alone they do not
        raise InputError([outside_domain(row)]) from None
    told: dict[str, Any] = {
        "label": classes[found.labels[row]],
        "against": classes[found.against[row]],
        "log_odds": float(found.log_odds[row]),
        "baseline": float(found.baseline[row]),
        "contributions": dict(zip(names, found.contributions[row].tolist(), strict=True)),
        "flips": {
            name: None if flip is None else _told_flip(artifact, flip)
            for name, flip in zip(names, flips, strict=True)
        },
    }
    if found.centred is not None and found.centred_baseline is not None:
        texts = [label_text(label) for label in classes]
        told["centred"] = {
            "baseline": dict(zip(texts, found.centred_baseline[row].tolist(), strict=True)),
            "contributions": {
                name: dict(zip(texts, parts.tolist(), strict=True))
                for name, parts in zip(names, found.centred[row], strict=True)
            },
        }
    return told


def _told_flip(artifact: Artifact, flip: Flip) -> dict[str, Any]:
    label = artifact.model.classes_[flip.label]
    return {"value": flip.value, "delta": flip.delta, "label": label}
