"""The statistics of a fit as tables."""

from collections.abc import Iterator
from itertools import groupby

from service.softmax.arrays import label_text
from service.training.inference.values import (
    Coefficient,
    Inference,
    Likelihood,
    MarginalEffect,
    Statistics,
)
from service.training.report.markup import name, number, plain, text
from service.training.report.tables import Table


def statistics_tables(statistics: Statistics) -> Iterator[Table]:
    """Set out what a fit lets one infer.

    Parameters
    ----------
    statistics : Statistics
        Of the training rows.

    Yields
    ------
    Table
        The likelihood, and where there is an inference its contrasts, tests and effects.
    """
    inference = statistics.inference
    rows = _likelihood(statistics.likelihood)
    if inference is None:
        words = f"No standard errors, tests or criteria: {text(statistics.reason)}."
        yield _table("Likelihood of the training rows", ("what", "value"), rows, words)
        return
    rows += _criteria(inference, statistics.likelihood.null_model)
    notes = " ".join(text(note) for note in inference.notes)
    yield _table("Likelihood of the training rows", ("what", "value"), rows, notes)
    reference = label_text(inference.reference_class)
    interval = f"{100 * inference.confidence:.4g} % interval"
    head = ("std error", "z", "p", interval)
    for label, contrast in groupby(inference.coefficients, key=lambda row: label_text(row.label)):
        yield _table(
            f"Coefficients of {label} against {reference}",
            ("column", "coefficient", *head, "relative risk ratio", interval),
            [_coefficient(row) for row in contrast],
        )
    yield _table(
        "Tests that a feature has no effect on any class",
        ("feature", "reference level", "Wald χ²", "degrees of freedom", "p"),
        [
            (
                name(test.feature),
                name(test.reference or ""),
                plain(test.statistic),
                f"{test.df}",
                _p(test.p_value),
            )
            for test in inference.feature_tests
        ],
    )
    for label, effects in groupby(
        inference.marginal_effects, key=lambda row: label_text(row.label)
    ):
        yield _table(
            f"Average marginal effects on the probability of {label}",
            ("column", "effect", *head, "kind"),
            [(*_estimate(row, row.effect), text(row.kind)) for row in effects],
        )


def _table(title: str, head: tuple[str, ...], rows: list[tuple[str, ...]], note: str = "") -> Table:
    return Table(title=title, head=head, rows=tuple(rows), note=note, is_numeric=True)


def _likelihood(likelihood: Likelihood) -> list[tuple[str, ...]]:
    return [
        ("rows", f"{likelihood.n_rows:,}"),
        ("sum of weights", plain(likelihood.total_weight)),
        ("log likelihood", number(likelihood.log_likelihood, 6)),
        (f"log likelihood, {likelihood.null_model}", number(likelihood.null_log_likelihood, 6)),
        ("McFadden R²", number(likelihood.mcfadden_r2, 4)),
    ]


def _criteria(inference: Inference, null_model: str) -> list[tuple[str, ...]]:
    test = inference.likelihood_ratio
    return [
        (f"likelihood ratio χ² against {null_model}", plain(test.statistic)),
        ("its degrees of freedom", f"{test.df}"),
        ("its p", _p(test.p_value)),
        ("AIC", number(inference.aic, 4)),
        ("BIC", number(inference.bic, 4)),
        ("residual degrees of freedom", plain(inference.df_resid)),
    ]


def _coefficient(row: Coefficient) -> tuple[str, ...]:
    ends = _interval(row.relative_risk_ratio_low, row.relative_risk_ratio_high)
    return (*_estimate(row, row.coef), plain(row.relative_risk_ratio), ends)


def _estimate(row: Coefficient | MarginalEffect, value: float) -> tuple[str, ...]:
    numbers = (plain(value), plain(row.standard_error), number(row.z, 2), _p(row.p_value))
    return (name(row.column), *numbers, _interval(row.low, row.high))


def _interval(low: float, high: float) -> str:
    return f"{plain(float(f'{low:.4g}'))} to {plain(float(f'{high:.4g}'))}"


def _p(probability: float) -> str:
    return plain(float(f"{probability:.3g}"))
