"""Everything that decides a fit, as one value."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from service.errors import TrainingError


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides a fit except the rows themselves.

    Parameters
    ----------
    target : str
        The column of labels.
    C : float
        Inverse penalty strength; infinity for no penalty.
    l1_ratio : float
        Share of the L1 penalty, from 0 (ridge) to 1 (lasso).
    auto : tuple of {"C", "l1_ratio"}
        Which of the two cross-validation chooses; the field of that name is not used then.
    folds : int
        Number of folds of the cross-validation.
    choice : {"min", "1se"}
        Whether the point of least log loss is chosen, or the strongest penalty within one
        standard error of it.
    standardize : bool
        Whether the penalty is on columns centred and divided by their standard deviation.
    fit_intercept : bool
        Whether the scores have a free constant.
    class_weight : {"none", "balanced"}
        Whether rows are weighted so that every class weighs the same.
    sample_weight : str or None
        The column of row weights.
    delimiter : str or None
        What separates the values of a CSV file; None goes by its suffix.
    encoding : str
        The encoding of a CSV file.
    demo : mapping or None
        Arguments of ``make_classification`` that differ from the demo's own.
    numeric, categorical, drop : tuple of str
        Columns whose type is set by hand, and columns left out.
    impute : {"error", "mean", "median"}
        What becomes of a missing number.
    impute_categorical : {"error", "category", "most_frequent"}
        What becomes of a missing category.
    unknown : {"error", "ignore"}
        What the service does with a category that training never saw.
    out_of_range : {"warn", "error"}
        What the service does with a number outside its column's training range.
    min_frequency : int
        Categories with fewer training rows than this get no coefficients of their own: they
        are treated as one that training never saw, which `unknown` must then allow.
    test_size : float
        Share of rows held out for the metrics, stratified; 0 fits on every row.
    calibration_size : float
        Share of all rows, taken from the training rows and stratified, that the fit does not
        see; one half decides the temperature, the other the scores of prediction sets.
    calibrate : {"none", "temperature"}
        Whether scores are divided by a temperature found on calibration rows.
    random_state : int
        Seed of the splits, of the sample and of the golden rows.
    tol : float
        Bound on the relative duality gap.
    max_iter : int
        Bound on the iterations of the solver.
    allow_unconverged : bool
        Whether a fit that misses `tol` is published, and marked, instead of refused.
    reference : tuple of str
        Levels that a fit without a penalty compares the others with, as ``COL=LEVEL``.
    sample : bool
        Whether training rows travel with the model, for pictures.
    exact_ranges : bool
        Whether the training range is minimum to maximum instead of padded quantiles.

    Raises
    ------
    TrainingError
        If a number is out of its bounds.
    """

    target: str
    C: float = 1.0
    l1_ratio: float = 0.0
    auto: tuple[Literal["C", "l1_ratio"], ...] = ()
    folds: int = 5
    choice: Literal["min", "1se"] = "min"
    standardize: bool = True
    fit_intercept: bool = True
    class_weight: Literal["none", "balanced"] = "none"
    sample_weight: str | None = None
    delimiter: str | None = None
    encoding: str = "utf-8"
    demo: Mapping[str, Any] | None = None
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    impute: Literal["error", "mean", "median"] = "error"
    impute_categorical: Literal["error", "category", "most_frequent"] = "error"
    unknown: Literal["error", "ignore"] = "error"
    out_of_range: Literal["warn", "error"] = "warn"
    min_frequency: int = 1
    test_size: float = 0.2
    calibration_size: float = 0.0
    calibrate: Literal["none", "temperature"] = "none"
    random_state: int = 42
    tol: float = 1e-10
    max_iter: int = 10_000
    allow_unconverged: bool = False
    reference: tuple[str, ...] = ()
    sample: bool = True
    exact_ranges: bool = False

    def __post_init__(self) -> None:
        bounds = (
            (self.C > 0, f"expected C above 0, got {self.C}"),
            (0 <= self.l1_ratio <= 1, f"expected l1-ratio from 0 to 1, got {self.l1_ratio}"),
            (self.folds > 1, f"expected folds from 2, got {self.folds}"),
            (self.min_frequency > 0, f"expected min-frequency from 1, got {self.min_frequency}"),
            (
                self.min_frequency == 1 or self.unknown == "ignore",
                "expected --unknown ignore with min-frequency above 1: rare ones count as unknown",
            ),
            (0 <= self.test_size < 1, f"expected test-size in [0, 1), got {self.test_size}"),
            (
                0 <= self.calibration_size < 1 - self.test_size,
                f"expected calibration-size in [0, 1 - test-size), got {self.calibration_size}",
            ),
            (
                self.calibrate == "none" or self.calibration_size > 0,
                "expected calibration-size above 0 to calibrate a temperature on, got 0",
            ),
            (0 < self.tol < 1, f"expected tol between 0 and 1, got {self.tol}"),
            (self.max_iter > 0, f"expected max-iter above 0, got {self.max_iter}"),
            (self.random_state >= 0, f"expected random-state from 0, got {self.random_state}"),
            (
                math.isfinite(self.C) or self.l1_ratio == 0,
                "expected a finite C with an L1 penalty, got infinity",
            ),
        )
        for holds, msg in bounds:
            if not holds:
                raise TrainingError(msg)
