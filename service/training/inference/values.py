"""The figures of an inference, as values that every renderer can read."""

from dataclasses import dataclass
from typing import Literal

from service.errors import ValueRefusedError
from service.softmax.arrays import Label

INTERCEPT = "(intercept)"
"""What the tables call the constant; no column of theirs is called so."""


@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """One coefficient of one contrast: a class against the reference class.

    Parameters
    ----------
    label : str, int or bool
        The class.
    column : str
        The column, or `INTERCEPT`.
    coef : float
        Change of the log-odds in nats, per unit of the column; the intercept is the
        log-odds at x = 0.
    standard_error : float
        From the inverse of the Fisher information, in the unit of `coef`.
    z, p_value : float
        Wald's statistic and its two-sided probability under coef = 0.
    low, high : float
        Ends of the confidence interval of `coef`.
    relative_risk_ratio, relative_risk_ratio_low, relative_risk_ratio_high : float
        Exponentials of `coef`, `low` and `high`; infinite where a double cannot hold them.
    """

    label: Label
    column: str
    coef: float
    standard_error: float
    z: float
    p_value: float
    low: float
    high: float
    relative_risk_ratio: float
    relative_risk_ratio_low: float
    relative_risk_ratio_high: float


@dataclass(frozen=True, kw_only=True)
class MarginalEffect:
    """How a class's probability changes with one column, averaged over the rows.

    Parameters
    ----------
    label : str, int or bool
        The class.
    column : str
        The column.
    kind : {"derivative", "discrete change"}
        Derivative in a numeric column; for a category the difference that this category
        makes in place of the reference level.
    effect : float
        In probability per unit of the column, or in probability.
    standard_error : float
        By the delta method, the rows taken as given.
    z, p_value : float
        Statistic and two-sided probability under effect = 0.
    low, high : float
        Ends of the confidence interval.
    """

    label: Label
    column: str
    kind: Literal["derivative", "discrete change"]
    effect: float
    standard_error: float
    z: float
    p_value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class ChiSquareTest:
    """A test whose statistic is chi-square distributed under its hypothesis.

    Parameters
    ----------
    statistic : float
        Not negative.
    df : int
        Degrees of freedom.
    p_value : float
        Probability of a larger statistic.
    """

    statistic: float
    df: int
    p_value: float


@dataclass(frozen=True, kw_only=True)
class FeatureTest(ChiSquareTest):
    """Wald's test that a feature has no effect in any contrast.

    Parameters
    ----------
    feature : str
        The feature: all its coefficients, of every class and category, are zero.
    reference : str or None
        The category that the others are compared with; None for a number.
    """

    feature: str
    reference: str | None


@dataclass(frozen=True, kw_only=True)
class Likelihood:
    """How probable the labels are under the coefficients, whatever fitted those.

    Parameters
    ----------
    n_rows : int
        Rows of positive weight.
    total_weight : float
        Sum of the weights: the number of observations that the rows stand for.
    log_likelihood : float
        Weighted sum of log-probabilities of the true classes, in nats.
    null_log_likelihood : float
        The same for the best model without columns.
    null_model : {"intercept only", "equal probabilities"}
        The latter for a fit without an intercept, which does not contain the former.
    mcfadden_r2 : float
        ``1 - log_likelihood / null_log_likelihood``.
    """

    n_rows: int
    total_weight: float
    log_likelihood: float
    null_log_likelihood: float
    null_model: Literal["intercept only", "equal probabilities"]
    mcfadden_r2: float


@dataclass(frozen=True, kw_only=True)
class Inference:
    """What a maximum-likelihood fit says about the coefficients behind the rows.

    Parameters
    ----------
    reference_class : str, int or bool
        The class that the others are compared with.
    confidence : float
        Of the intervals, between 0 and 1.
    coefficients : tuple of Coefficient
        Contrast by contrast in class order, the intercept first.
    likelihood_ratio : ChiSquareTest
        Against the model without columns, `Likelihood.null_model`.
    aic, bic : float
        Akaike's and Schwarz's criteria, in nats; the sample size is the total weight.
    df_model, df_resid : float
        Number of slopes, and total weight less the number of all parameters.
    feature_tests : tuple of FeatureTest
        One per feature.
    marginal_effects : tuple of MarginalEffect
        One per class and column.
    distance : float
        How far the coefficients are from the maximum of the likelihood: no coefficient, nor
        any combination of them, lies farther from its own than so many standard errors.
    notes : tuple of str
        What a reader has to know besides.
    """

    reference_class: Label
    confidence: float
    coefficients: tuple[Coefficient, ...]
    likelihood_ratio: ChiSquareTest
    aic: float
    bic: float
    df_model: int
    df_resid: float
    feature_tests: tuple[FeatureTest, ...]
    marginal_effects: tuple[MarginalEffect, ...]
    distance: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """What can be said about a fit: always its likelihood, and its inference or why not.

    Parameters
    ----------
    is_penalised, is_class_weighted : bool
        Whether the coefficients maximise something else than the likelihood.
    likelihood : Likelihood
        At the fitted coefficients; sample weights count, class weights do not.
    inference : Inference or None
        None where it is refused.
    reason : str or None
        Why it is refused.

    Raises
    ------
    ValueRefusedError
        If there is not exactly one of inference and reason.
    """

    is_penalised: bool
    is_class_weighted: bool
    likelihood: Likelihood
    inference: Inference | None
    reason: str | None

    def __post_init__(self) -> None:
        if (self.inference is None) != bool(self.reason):
            msg = "expected an inference or the reason why there is none"
            raise ValueRefusedError(msg)
