"""What somebody who reads the figures of a training should know besides."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from service.softmax.arrays import label_text
from service.softmax.contract import NumericFeature

if TYPE_CHECKING:
    from service.training.train import Trained

FEW_ROWS = 10
"""A class with fewer training rows than this is pointed out."""

_NAMED = 5


def remarks(trained: "Trained") -> tuple[str, ...]:
    """Say what is unusual about a training, in sentences.

    Parameters
    ----------
    trained : Trained
        The training.

    Returns
    -------
    tuple of str
        None of them a reason to refuse it.
    """
    return tuple(_remarks(trained))


def _remarks(trained: "Trained") -> Iterator[str]:
    if not trained.certificate.converged:
        yield f"Not converged, published because --allow-unconverged: {trained.certificate.reason}."
    if trained.test_metrics is None:
        yield "No rows were held out: figures on training rows are too good."
    elif trained.test_metrics.intervals is None:
        yield "Fewer than 20 rows were held out: the figures have no intervals."
    constant = [
        feature.name
        for feature in trained.contract.features
        if isinstance(feature, NumericFeature) and feature.low == feature.high
    ]
    if constant:
        yield f"The same number in every training row, so of no effect: {_named(constant)}."
    single = [feature.name for feature in trained.contract.features if feature.levels == 1]
    if single:
        yield f"The same category in every training row, so of no effect: {_named(single)}."
    counted = zip(trained.model.classes_, trained.train_metrics.per_class, strict=True)
    few = [label_text(label) for label, found in counted if found.n_samples < FEW_ROWS]
    if few:
        yield f"Fewer than {FEW_ROWS} training rows of each of these classes: {_named(few)}."
    yield from _about_calibration(trained)


def _about_calibration(trained: "Trained") -> Iterator[str]:
    if trained.calibration is None:
        return
    found = trained.calibration.temperature
    if found.outcome == "separated":
        yield (
            f"All {found.n_samples} calibration rows are predicted right, so no temperature has the"
            " least log loss; it stays at 1."
        )
    elif found.outcome == "bound":
        yield (
            f"The log loss of the calibration rows falls as far as a temperature may go: it is"
            f" {found.value:g}."
        )


def _named(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    more = len(names) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown
