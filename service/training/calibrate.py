"""What the calibration rows decide: the temperature, and what prediction sets stand on."""

from dataclasses import replace

import numpy as np

from service.softmax.arrays import Floats, Integers
from service.softmax.calibration import Calibration, CalibrationFigures, fit_temperature
from service.softmax.conformal import CalibrationScores, ScoredRows, calibration_scores
from service.softmax.metrics import evaluate
from service.softmax.model import SoftmaxModel
from service.training.preparation import Prepared, Samples

SET_ROWS = 5_000
"""Most calibration rows that travel with a model."""

SET_NUMBERS = 1_000_000
"""Most scores that they have together: 8 MB, and 50 ms for a policy that reads them."""


def calibrate(
    model: SoftmaxModel, prepared: Prepared, prior: Floats
) -> tuple[SoftmaxModel, Calibration | None]:
    """Divide a model's scores by the temperature that its calibration rows ask for.

    The effect is measured on rows that had no say in it: those held out, or without any the
    half of the calibration rows that is kept for prediction sets.

    Parameters
    ----------
    model : SoftmaxModel
        The fit, at temperature 1.
    prepared : Prepared
        The parts of the table.
    prior : ndarray of shape (n_classes,)
        Class shares of the training rows.

    Returns
    -------
    model : SoftmaxModel
        The same with its temperature; as it was where no rows are kept for one.
    calibration : Calibration or None
        How that went.

    Raises
    ------
    InputError
        If the scores of a row are not finite.
    """
    rows = prepared.temperature
    if not len(rows):
        return model, None
    scores = model.predict_log_proba(rows.X)  # scores but for a shift of each row
    temperature = fit_temperature(scores, rows.y, rows.sample_weight)
    calibrated = replace(model, temperature_=temperature.value)
    has_test = len(prepared.test) > 0
    judges = prepared.test if has_test else prepared.prediction_sets
    return calibrated, Calibration(
        temperature=temperature,
        measured_on="test" if has_test else "prediction_sets",
        before=_figures(model, judges, prior),
        after=_figures(calibrated, judges, prior),
    )


def set_scores(
    model: SoftmaxModel, rows: Samples, *, random_state: int, keeps_rows: bool
) -> CalibrationScores | None:
    """Score the rows kept for prediction sets, with the model as it will answer.

    Parameters
    ----------
    model : SoftmaxModel
        The model, temperature included.
    rows : Samples
        Rows that decided nothing about it.
    random_state : int
        Seed of the draw of the rows that travel with the model.
    keeps_rows : bool
        Whether any do.

    Returns
    -------
    CalibrationScores or None
        The scores; None without rows.

    Raises
    ------
    InputError
        If the scores of a row are not finite.
    """
    if not len(rows):
        return None
    found = calibration_scores(model.predict_proba(rows.X), rows.y)
    if not keeps_rows:
        return found
    kept = _shared_out(rows.y, model.n_classes, random_state)
    scored = ScoredRows(scores=model.finite_scores(rows.X[kept]), y=rows.y[kept])
    return replace(found, rows=scored)


def _shared_out(y: Integers, n_classes: int, random_state: int) -> Integers:
    """Draw rows class by class, as many of each as the bounds allow to all alike.

    Each class has quantiles of its own, so that a rare one needs as many rows as a frequent
    one; within a class all rows are equally likely, and come in no order.
    """
    limit, counts = min(SET_ROWS, SET_NUMBERS // n_classes), np.bincount(y, minlength=n_classes)
    most = next(m for m in range(limit, -1, -1) if np.minimum(counts, m).sum() <= limit)
    order = np.lexsort((np.random.default_rng(random_state).random(len(y)), y))
    of_class = y[order]
    kept: Integers = order[np.arange(len(y)) - np.searchsorted(of_class, of_class) < most]
    return kept


def _figures(model: SoftmaxModel, rows: Samples, prior: Floats) -> CalibrationFigures:
    found = evaluate(model.predict_log_proba(rows.X), rows.y, rows.sample_weight, prior)
    return CalibrationFigures(
        n_samples=found.n_samples,
        log_loss=found.log_loss,
        brier_score=found.brier_score,
        expected_calibration_error=found.expected_calibration_error,
        reliability=found.reliability,
    )
