"""What the calibration rows decide: the temperature, and what prediction sets stand on."""

from dataclasses import replace

from service.softmax.arrays import Floats
from service.softmax.calibration import Calibration, CalibrationFigures, fit_temperature
from service.softmax.conformal import CalibrationScores, calibration_scores
from service.softmax.metrics import evaluate
from service.softmax.model import SoftmaxModel
from service.training.preparation import Prepared, Samples


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


def set_scores(model: SoftmaxModel, rows: Samples) -> CalibrationScores | None:
    """Score the rows kept for prediction sets, with the model as it will answer.

    Parameters
    ----------
    model : SoftmaxModel
        The model, temperature included.
    rows : Samples
        Rows that decided nothing about it.

    Returns
    -------
    CalibrationScores or None
        The scores; None without rows.

    Raises
    ------
    InputError
        If the scores of a row are not finite.
    """
    return calibration_scores(model.predict_proba(rows.X), rows.y) if len(rows) else None


def _figures(model: SoftmaxModel, rows: Samples, prior: Floats) -> CalibrationFigures:
    found = evaluate(model.predict_log_proba(rows.X), rows.y, rows.sample_weight, prior)
    return CalibrationFigures(
        n_samples=found.n_samples,
        log_loss=found.log_loss,
        brier_score=found.brier_score,
        expected_calibration_error=found.expected_calibration_error,
        reliability=found.reliability,
    )
