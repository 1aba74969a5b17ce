"""Which fits are inferred from, and why the others are not."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from service.errors import TrainingError
from service.softmax.arrays import Floats, Label, label_text
from service.softmax.contract import FeatureContract
from service.softmax.model import SoftmaxModel
from service.training.inference.design import raw_design, reference_coding
from service.training.inference.infer import infer, likelihood
from service.training.inference.values import Inference, Statistics
from service.training.preparation import Samples
from service.training.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class StatisticsOptions:
    """What the reader of the statistics wants; it decides nothing about the fit.

    Parameters
    ----------
    reference_class : str or None
        JSON text of the class that the others are compared with; None for the first.
    confidence : float
        Of the intervals, between 0 and 1.

    Raises
    ------
    TrainingError
        If the confidence is not between 0 and 1.
    """

    reference_class: str | None = None
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not 0 < self.confidence < 1:
            msg = f"expected a confidence between 0 and 1, got {self.confidence}"
            raise TrainingError(msg)

    def reference_index(self, classes: tuple[Label, ...]) -> int:
        """Give the index of the reference class.

        Parameters
        ----------
        classes : tuple of str, int or bool
            Class labels.

        Returns
        -------
        int
            Its place among them.

        Raises
        ------
        TrainingError
            If there is no such class.
        """
        texts = [label_text(label) for label in classes]
        if self.reference_class is None:
            return 0
        if self.reference_class not in texts:
            shown = ", ".join(texts[:10]) + (", …" if len(texts) > 10 else "")  # noqa: PLR2004 - a line
            msg = f"expected a reference class among {shown}, got {self.reference_class!r}"
            raise TrainingError(msg)
        return texts.index(self.reference_class)


def fit_statistics(
    model: SoftmaxModel,
    samples: Samples,
    contract: FeatureContract,
    recipe: Recipe,
    *,
    options: StatisticsOptions,
    references: Mapping[int, int] | None = None,
) -> Statistics:
    """Say what a fit lets one infer, or why it does not.

    Parameters
    ----------
    model : SoftmaxModel
        The fit; its temperature plays no part.
    samples : Samples
        The rows that it was fitted to.
    contract : FeatureContract
        Their features.
    recipe : Recipe
        How it was fitted.
    options : StatisticsOptions
        Reference class and confidence.
    references : mapping of int to int, optional
        Index of the reference level by index of the feature; the first level by default.

    Returns
    -------
    Statistics
        The likelihood, and either the inference or the reason why there is none.

    Raises
    ------
    TrainingError
        If there is no such reference class.
    """
    reference_class = options.reference_index(model.classes_)
    is_penalised = math.isfinite(recipe.C)
    is_class_weighted = recipe.class_weight != "none"
    # The levels of a categorical feature add up to a constant, where none was asked for.
    has_constant = recipe.fit_intercept or not contract.is_numeric
    scores = model.scores(samples.X)
    inference: Inference | None = None
    reason: str | None = None
    try:
        _check_objective(recipe, is_penalised=is_penalised, is_class_weighted=is_class_weighted)
        coding = reference_coding(contract, references)
        coef, mean = coding.coefficients(model)
        design = raw_design(samples.X, contract, coding)
        _check_scores((design.X - mean) @ coef.T + model.intercept_ - scores, scores)
        inference = infer(
            design,
            samples.y,
            samples.sample_weight,
            coef=coef,
            intercept=model.intercept_,
            classes=model.classes_,
            centre=mean,
            reference_class=reference_class,
            confidence=options.confidence,
            fit_intercept=has_constant,
        )
    except TrainingError as refusal:
        reason = str(refusal)
    return Statistics(
        is_penalised=is_penalised,
        is_class_weighted=is_class_weighted,
        likelihood=likelihood(scores, samples.y, samples.sample_weight, fit_intercept=has_constant),
        inference=inference,
        reason=reason,
    )


def _check_objective(recipe: Recipe, *, is_penalised: bool, is_class_weighted: bool) -> None:
    if is_penalised:
        msg = (
            f"the penalty (C = {recipe.C:.4g}) draws coefficients towards zero by an amount that no"
            " standard error, test or information criterion of maximum likelihood accounts for:"
            " --C inf fits without one"
        )
        raise TrainingError(msg)
    if is_class_weighted:
        msg = (
            "class weights make the likelihood one of rows that were never observed, so its"
            " curvature tells nothing about errors: --class-weight none leaves them out"
        )
        raise TrainingError(msg)


def _check_scores(difference: Floats, scores: Floats) -> None:
    # A constant of a row changes no probability; rounding stays far below a 1e-9th.
    apart = np.ptp(difference, axis=1)
    if (apart > 1e-9 * (1.0 + np.abs(scores).max(axis=1))).any():
        msg = (
            "some rows hold a category that counts as unknown, and the fit does not take it for"
            " the reference level: --min-frequency 1 gives every category its coefficient"
        )
        raise TrainingError(msg)
