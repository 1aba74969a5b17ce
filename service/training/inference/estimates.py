"""The rows of the tables: estimates with their errors, tests and intervals."""

from collections.abc import Iterator

import numpy as np
from scipy import linalg, special

from service.softmax.arrays import Floats, Label
from service.training.inference.effects import Fitted, derivatives, discrete_changes
from service.training.inference.values import INTERCEPT, Coefficient, FeatureTest, MarginalEffect


def coefficients(
    fitted: Fitted,
    spread: Floats,
    *,
    at_zero: Floats,
    classes: tuple[Label, ...],
    confidence: float,
) -> Iterator[Coefficient]:
    """Give the coefficients of every contrast in raw units.

    Parameters
    ----------
    fitted : Fitted
        A fit on its rows.
    spread : ndarray of shape (n_parameters, n_parameters)
        Covariance of the coefficients of the basis, classes outermost.
    at_zero : ndarray of shape (n_classes,)
        The scores at x = 0 against the reference class.
    classes : tuple of str, int or bool
        Class labels.
    confidence : float
        Of the intervals.

    Yields
    ------
    Coefficient
        Class by class, the intercept first.
    """
    to_raw = fitted.basis.to_raw
    width = len(to_raw)
    names, coef = fitted.design.names, fitted.coef
    if fitted.basis.has_intercept:
        names, coef = (INTERCEPT, *names), np.column_stack([at_zero, coef])
    for position, k in enumerate(fitted.free):
        own = slice(position * width, (position + 1) * width)
        errors = np.sqrt(np.einsum("ij,ij->i", to_raw @ spread[own, own], to_raw))
        for name, estimate, wald in zip(
            names, coef[k], _wald(coef[k], errors, confidence), strict=True
        ):
            with np.errstate(over="ignore"):
                ratios = np.exp([estimate, wald["low"], wald["high"]])
            yield Coefficient(
                label=classes[k],
                column=name,
                coef=float(estimate),
                relative_risk_ratio=float(ratios[0]),
                relative_risk_ratio_low=float(ratios[1]),
                relative_risk_ratio_high=float(ratios[2]),
                **wald,
            )


def feature_tests(fitted: Fitted, spread: Floats) -> Iterator[FeatureTest]:
    """Test for every feature whether it does anything at all.

    Parameters
    ----------
    fitted : Fitted
        A fit on its rows.
    spread : ndarray of shape (n_parameters, n_parameters)
        Covariance of the coefficients of the basis, classes outermost.

    Yields
    ------
    FeatureTest
        ``b' V^-1 b`` for the coefficients b of a feature and their covariance V.
    """
    n_free, width = len(fitted.free), len(fitted.basis.to_raw)
    blocks = spread.reshape(n_free, width, n_free, width)
    for term in fitted.design.terms:
        if not term.columns:  # a category that every row has
            continue
        columns = np.array(term.columns, dtype=np.intp)
        steps = fitted.basis.slopes[columns]
        estimate = fitted.coef[np.ix_(fitted.free, columns)].ravel()
        own = np.einsum("ac,kcld,bd->kalb", steps, blocks, steps, optimize=True)
        own = own.reshape(len(estimate), -1)
        errors = np.sqrt(np.diag(own))
        z = estimate / errors
        # Through the correlations, which a unit of measurement does not touch.
        statistic = float(z @ linalg.solve(own / np.outer(errors, errors), z, assume_a="pos"))
        yield FeatureTest(
            feature=term.feature,
            reference=term.reference,
            statistic=statistic,
            df=len(estimate),
            p_value=float(special.chdtrc(len(estimate), statistic)),
        )


def marginal_effects(
    fitted: Fitted, spread: Floats, *, classes: tuple[Label, ...], confidence: float
) -> list[MarginalEffect]:
    """Give the average marginal effect of every column on every class.

    Parameters
    ----------
    fitted : Fitted
        A fit on its rows.
    spread : ndarray of shape (n_parameters, n_parameters)
        Covariance of the coefficients of the basis, classes outermost.
    classes : tuple of str, int or bool
        Class labels.
    confidence : float
        Of the intervals.

    Returns
    -------
    list of MarginalEffect
        Class by class, in the order of the columns.
    """
    categorical = [term for term in fitted.design.terms if term.is_categorical]
    found: dict[tuple[int, int], MarginalEffect] = {}
    for part in (derivatives(fitted), *(discrete_changes(fitted, term) for term in categorical)):
        errors = np.sqrt(np.einsum("kjc,kjc->kj", part.gradient @ spread, part.gradient))
        for k, label in enumerate(classes):
            rows = _wald(part.effects[k], errors[k], confidence)
            for column, effect, wald in zip(part.columns, part.effects[k], rows, strict=True):
                found[k, int(column)] = MarginalEffect(
                    label=label,
                    column=fitted.design.names[column],
                    kind=part.kind,
                    effect=float(effect),
                    **wald,
                )
    return [found[place] for place in sorted(found)]


def _wald(estimates: Floats, errors: Floats, confidence: float) -> list[dict[str, float]]:
    """Give z, two-sided p and an interval for each estimate and its standard error."""
    with np.errstate(divide="ignore", invalid="ignore"):  # an error that underflowed to zero
        z = estimates / errors
    half = special.ndtri((1.0 + confidence) / 2.0) * errors
    p_values = 2.0 * special.ndtr(-np.abs(z))
    table = np.stack([errors, z, p_values, estimates - half, estimates + half], axis=1)
    names = ("standard_error", "z", "p_value", "low", "high")
    return [dict(zip(names, row, strict=True)) for row in table.tolist()]
