"""The short way for one row of numbers: two functions made once, when the model is loaded."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from service.artifacts.catalogue import Published
from service.errors import InputError
from service.softmax.contract import NumericFeature
from service.softmax.model import SoftmaxModel


@dataclass(frozen=True, kw_only=True, eq=False)
class Short:
    """Answers one row without arrays, whose overhead is greater than the arithmetic.

    Parameters
    ----------
    model : SoftmaxModel
        The model.
    ranges : tuple of pairs of float
        The training range of each feature.
    start : bytes
        The answer as far as the probabilities.
    start_of_label : bytes
        What stands between them and the label.
    labels : tuple of bytes
        The JSON text of each class.
    with_proba : bool
        Whether the probabilities are answered.
    """

    model: SoftmaxModel
    ranges: tuple[tuple[float, float], ...]
    start: bytes
    start_of_label: bytes
    labels: tuple[bytes, ...]
    with_proba: bool

    def proba(self, row: Sequence[float]) -> list[float] | None:
        """Give the probabilities of a row that there is nothing else to say of.

        Parameters
        ----------
        row : sequence of float, length n_features
            Its numbers.

        Returns
        -------
        list of float or None
            None where training did not see the like, or a score is not finite.
        """
        for value, (low, high) in zip(row, self.ranges, strict=True):
            if not low <= value <= high:
                return None
        try:
            return self.model.row_proba(row)
        except InputError:  # told with its place, by the long way
            return None

    def written(self, proba: list[float], winner: int) -> bytes:
        """Write the answer.

        Parameters
        ----------
        proba : list of float
            Probabilities of the classes.
        winner : int
            Index of the most probable one.

        Returns
        -------
        bytes
            JSON, as `Answer.written` writes it.
        """
        if not self.with_proba:
            return self.start_of_label + self.labels[winner] + b"]}"
        return b"%b%b%b%b]}" % (
            self.start,
            orjson.dumps(proba),
            self.start_of_label,
            self.labels[winner],
        )


def short_way(task: str, published: Published) -> Short | None:
    """Make the short way to a task of a model, where there is one.

    Parameters
    ----------
    task : str
        What is asked.
    published : Published
        The model.

    Returns
    -------
    Short or None
        None for other tasks than predictions, or where a feature is no number.
    """
    model, contract = published.artifact.model, published.artifact.contract
    if task not in ("predict_proba", "predict") or not contract.is_numeric:
        return None
    head = orjson.dumps(
        {"name": published.name, "version": published.version, "digest": published.artifact.digest}
    )
    with_proba = task == "predict_proba"
    classes = orjson.dumps(model.classes_)
    return Short(
        model=model,
        ranges=tuple((f.low, f.high) for f in contract.features if isinstance(f, NumericFeature)),
        start=b'{"model":%b,"classes":%b,"probabilities":[' % (head, classes),
        start_of_label=b'],"labels":[' if with_proba else b'{"model":%b,"labels":[' % head,
        labels=tuple(map(orjson.dumps, model.classes_)),
        with_proba=with_proba,
    )
