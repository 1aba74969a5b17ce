"""The short way for one row of numbers: a function made once, when the model is loaded."""

from collections.abc import Callable, Sequence

import orjson

from service.artifacts.catalogue import Published
from service.errors import InputError
from service.softmax.contract import NumericFeature

ShortAnswer = Callable[[Sequence[float]], bytes | None]


def short_answer(task: str, published: Published) -> ShortAnswer | None:
    """Make the function that answers one row.

    Parameters
    ----------
    task : str
        What is asked.
    published : Published
        The model.

    Returns
    -------
    callable or None
        Takes the row's numbers and gives the JSON answer, or None for a row that training
        did not see the like of or whose scores leave the range of a double; there is no such
        function for other tasks, or where a feature is no number.
    """
    model, contract = published.artifact.model, published.artifact.contract
    row_proba = model.row_proba
    if task not in ("predict_proba", "predict") or not contract.is_numeric:
        return None
    ranges = [(f.low, f.high) for f in contract.features if isinstance(f, NumericFeature)]
    labels = [orjson.dumps(label) for label in model.classes_]
    head = orjson.dumps(
        {"name": published.name, "version": published.version, "digest": published.artifact.digest}
    )
    with_proba = task == "predict_proba"
    classes = orjson.dumps(model.classes_)
    start: bytes = b'{"model":%b,"classes":%b,"probabilities":[' % (head, classes)
    start_of_label = b'],"labels":[' if with_proba else b'{"model":%b,"labels":[' % head

    def answer(row: Sequence[float]) -> bytes | None:
        for value, (low, high) in zip(row, ranges, strict=True):
            if not low <= value <= high:
                return None
        try:
            proba = row_proba(row)
        except InputError:  # told with its place, by the long way
            return None
        label: bytes = labels[proba.index(max(proba))]
        if not with_proba:
            return start_of_label + label + b"]}"
        return start + orjson.dumps(proba) + start_of_label + label + b"]}"

    return answer
