"""From coefficients at the maximum of the likelihood to what they let one infer."""

from collections.abc import Iterator

import numpy as np
from scipy import special

from service.errors import TrainingError
from service.softmax.arrays import Floats, Integers, Label
from service.softmax.loss import log_loss
from service.training.inference.basis import uncorrelated
from service.training.inference.covariance import covariance, distance_to_maximum
from service.training.inference.design import Design
from service.training.inference.effects import Fitted
from service.training.inference.estimates import coefficients, feature_tests, marginal_effects
from service.training.inference.values import ChiSquareTest, Inference, Likelihood

LARGEST = 5_000
"""So many coefficients at most: their covariance takes 200 MB, its inverse some seconds."""


def likelihood(
    scores: Floats, y: Integers, sample_weight: Floats, *, fit_intercept: bool
) -> Likelihood:
    """Give the log-likelihood of scores, and that of the best model without columns.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
        Linear scores in nats.
    y : ndarray of shape (n_samples,)
        Index of the class of each row.
    sample_weight : ndarray of shape (n_samples,)
        Weights, none negative; one of 2 counts as two rows.
    fit_intercept : bool
        Whether the fit has a constant.

    Returns
    -------
    Likelihood
        The figures.

    References
    ----------
    .. [1] D. McFadden, "Conditional logit analysis of qualitative choice behavior", in
       *Frontiers in Econometrics*, 1974, p. 121.
    """
    reached = -log_loss(scores, y, sample_weight)
    total = float(sample_weight.sum())
    counts = np.bincount(y, weights=sample_weight, minlength=scores.shape[1])
    if fit_intercept:
        null = float(-special.entr(counts / total).sum() * total)
    else:
        null = -total * float(np.log(scores.shape[1]))
    return Likelihood(
        n_rows=int(np.count_nonzero(sample_weight)),
        total_weight=total,
        log_likelihood=reached,
        null_log_likelihood=null,
        null_model="intercept only" if fit_intercept else "equal probabilities",
        mcfadden_r2=1.0 - reached / null,
    )


def infer(
    design: Design,
    y: Integers,
    sample_weight: Floats,
    *,
    coef: Floats,
    intercept: Floats,
    classes: tuple[Label, ...],
    centre: Floats | None = None,
    reference_class: int = 0,
    confidence: float = 0.95,
    fit_intercept: bool = True,
) -> Inference:
    """Infer from a maximum-likelihood fit; nothing is fitted here.

    Parameters
    ----------
    design : Design
        The columns in raw units, shape (n_samples, n_columns).
    y : ndarray of shape (n_samples,)
        Index of the class of each row.
    sample_weight : ndarray of shape (n_samples,)
        Weights, none negative; one of 2 counts as two rows.
    coef : ndarray of shape (n_classes, n_columns)
        W in nats per unit of the columns, in any of its equivalent forms: only differences
        between classes matter.
    intercept : ndarray of shape (n_classes,)
        The scores at the row `centre`, in nats.
    classes : tuple of str, int or bool, length n_classes
        Their labels.
    centre : ndarray of shape (n_columns,), optional
        By default x = 0, which costs digits where the columns are far from it.
    reference_class : int
        Index of the class that the others are compared with.
    confidence : float
        Of the intervals, between 0 and 1.
    fit_intercept : bool
        Whether the fit has a constant.

    Returns
    -------
    Inference
        Coefficients, tests, criteria and marginal effects.

    Raises
    ------
    TrainingError
        If the columns are linearly dependent (they are named), the classes are separated,
        the coefficients are not at the maximum, or there are too many of them.

    References
    ----------
    .. [1] A. Agresti, *Categorical Data Analysis*, 3rd ed., 2013, sec. 8.1.
    """
    n_columns, free = design.X.shape[1], np.delete(np.arange(len(classes)), reference_class)
    _check(len(free) * (n_columns + fit_intercept), n_columns, confidence)
    counted = sample_weight > 0
    if not counted.all():
        design = Design(X=design.X[counted], names=design.names, terms=design.terms)
        y, sample_weight = y[counted], sample_weight[counted]
    # Against the reference class, whose rows become zero.
    coef, intercept = coef - coef[reference_class], intercept - intercept[reference_class]
    centre = np.zeros(n_columns) if centre is None else centre
    at_zero = intercept - coef @ centre
    if not fit_intercept:
        _check_origin(at_zero, np.abs(intercept) + np.abs(coef) @ np.abs(centre))
    fitted = Fitted(
        design=design,
        basis=uncorrelated(design, sample_weight, fit_intercept=fit_intercept),
        shares=sample_weight / sample_weight.sum(),
        scores=(design.X - centre) @ coef.T + intercept,
        coef=coef,
        free=free,
    )
    total_weight = float(sample_weight.sum())
    spread = covariance(fitted, y, total_weight)
    distance = distance_to_maximum(fitted, y, spread, total_weight)
    figures = likelihood(fitted.scores, y, sample_weight, fit_intercept=fit_intercept)
    df_model = len(free) * n_columns
    n_parameters = df_model + len(free) * fit_intercept
    gain = 2.0 * (figures.log_likelihood - figures.null_log_likelihood)
    return Inference(
        reference_class=classes[reference_class],
        confidence=confidence,
        coefficients=tuple(
            coefficients(fitted, spread, at_zero=at_zero, classes=classes, confidence=confidence)
        ),
        likelihood_ratio=ChiSquareTest(
            statistic=gain, df=df_model, p_value=float(special.chdtrc(df_model, max(gain, 0.0)))
        ),
        aic=2.0 * (n_parameters - figures.log_likelihood),
        bic=n_parameters * float(np.log(figures.total_weight)) - 2.0 * figures.log_likelihood,
        df_model=df_model,
        df_resid=figures.total_weight - n_parameters,
        feature_tests=tuple(feature_tests(fitted, spread)),
        marginal_effects=tuple(
            marginal_effects(fitted, spread, classes=classes, confidence=confidence)
        ),
        distance=distance,
        notes=tuple(_notes(sample_weight)),
    )


def _check(n_parameters: int, n_columns: int, confidence: float) -> None:
    if not 0 < confidence < 1:
        msg = f"expected a confidence between 0 and 1, got {confidence}"
        raise TrainingError(msg)
    if not n_columns:
        msg = "expected a column that varies, got none"
        raise TrainingError(msg)
    if n_parameters > LARGEST:
        msg = f"expected at most {LARGEST} coefficients to infer from, got {n_parameters}"
        raise TrainingError(msg)


def _check_origin(at_zero: Floats, size: Floats) -> None:
    # 1e-9 of the terms that cancel: far above their rounding, far below any effect.
    if (np.abs(at_zero) > 1e-9 * size).any():
        msg = (
            "expected scores of zero at x = 0 from a fit without an intercept; full columns of"
            " categories hide one (fit with an intercept)"
        )
        raise TrainingError(msg)


def _notes(sample_weight: Floats) -> Iterator[str]:
    if (sample_weight != np.round(sample_weight)).any():
        yield (
            "some weights are not whole numbers: they are read as frequencies, and errors are"
            " wrong for weights that say how a sample was drawn"
        )
