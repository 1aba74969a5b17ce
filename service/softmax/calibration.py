"""Temperature: one number that makes probabilities as sure as they are right."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from service.softmax.arrays import Floats, Integers
from service.softmax.probability import log_softmax
from service.softmax.reliability import ReliabilityBin

LOWEST, HIGHEST = 1e-3, 1e3
"""Bounds of a temperature; beyond them probabilities are 0 and 1, or all alike."""

ITERATIONS = 200
"""Bound on the steps; halving alone brings 1e6 down to one unit of rounding in 70."""

Outcome = Literal["minimum", "separated", "bound"]
"""How a temperature was found: at the least log loss; not at all, since every row is right
and the loss falls for ever as T does; or at a bound, towards which the loss falls."""


@dataclass(frozen=True, kw_only=True)
class Temperature:
    """What calibration rows say about the temperature.

    Parameters
    ----------
    value : float
        T > 0; probabilities are ``softmax(z / T)``. Below 1 the model was too timid, above
        1 too sure of itself.
    outcome : {"minimum", "separated", "bound"}
        See `Outcome`; where the rows are separated, T stays 1.
    n_samples : int
        Number of rows that decided it.
    """

    value: float
    outcome: Outcome
    n_samples: int


@dataclass(frozen=True, kw_only=True)
class CalibrationFigures:
    """How probabilities fit labels, on some rows.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    log_loss, brier_score, expected_calibration_error : float
        As in `Metrics`.
    reliability : tuple of ReliabilityBin
        Rows by the probability of their most probable class.
    """

    n_samples: int
    log_loss: float
    brier_score: float
    expected_calibration_error: float
    reliability: tuple[ReliabilityBin, ...]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What a temperature did to a model, measured on rows that had no say in it.

    Parameters
    ----------
    temperature : Temperature
        The temperature.
    measured_on : {"test", "prediction_sets"}
        The rows held out, or without any the calibration rows of prediction sets.
    before, after : CalibrationFigures
        Figures at temperature 1 and at the one found.
    """

    temperature: Temperature
    measured_on: Literal["test", "prediction_sets"]
    before: CalibrationFigures
    after: CalibrationFigures


def fit_temperature(scores: Floats, y: Integers, sample_weight: Floats) -> Temperature:
    """Find the temperature of least log loss.

    The loss ``sum_i w_i [log sum_k exp(t z_ik) - t z_iy]`` is convex in ``t = 1 / T``, its
    slope ``sum_i w_i (E_p z_i - z_iy)`` rises, and its curvature is the weighted variance
    of the scores within rows. Newton steps find where the slope is zero; one that leaves
    the interval in which the slope changes sign is replaced by the interval's geometric
    middle.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
        Linear scores z in nats, finite.
    y : ndarray of shape (n_samples,)
        Index of the true class of each row.
    sample_weight : ndarray of shape (n_samples,)
        Weights, none negative.

    Returns
    -------
    Temperature
        T, and how it was found.

    References
    ----------
    .. [1] C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.

    Examples
    --------
    Scores that promise 9 in 10 where 3 in 4 are right:

    >>> scores = np.log([[0.9, 0.1]] * 4)
    >>> found = fit_temperature(scores, np.array([0, 0, 0, 1]), np.ones(4))
    >>> round(float(np.exp(log_softmax(scores[:1] / found.value))[0, 0]), 12)
    0.75
    """
    # A score this far below the largest has probability 0 at every temperature allowed; its
    # square must stay in the range of a double.
    with np.errstate(over="ignore"):
        centred = np.maximum(scores - scores.max(axis=1, keepdims=True), -1e100)
    true = centred[np.arange(len(y)), y]
    if not (true[sample_weight > 0] < 0).any():
        return Temperature(value=1.0, outcome="separated", n_samples=len(y))

    def slope_and_curvature(t: float) -> tuple[float, float]:
        proba = np.exp(log_softmax(t * centred))
        mean = (proba * centred).sum(axis=1)
        variance = (proba * (centred - mean[:, None]) ** 2).sum(axis=1)
        return float(sample_weight @ (mean - true)), float(sample_weight @ variance)

    low, high = 1.0 / HIGHEST, 1.0 / LOWEST
    if slope_and_curvature(low)[0] >= 0:
        return Temperature(value=HIGHEST, outcome="bound", n_samples=len(y))
    if slope_and_curvature(high)[0] <= 0:
        return Temperature(value=LOWEST, outcome="bound", n_samples=len(y))
    t = 1.0
    for _ in range(ITERATIONS):
        slope, curvature = slope_and_curvature(t)
        low, high = (t, high) if slope < 0 else (low, t)
        step = -slope / curvature if curvature > 0 else np.inf
        following = t + step
        if not low < following < high:
            following = float(np.sqrt(low * high))
        if slope == 0 or abs(following - t) <= 4 * np.finfo(np.float64).eps * t:
            break
        t = following
    return Temperature(value=1.0 / t, outcome="minimum", n_samples=len(y))
