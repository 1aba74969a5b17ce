"""The tables of `softmax train --statistics`."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import click

from service.cli.report import print_table
from service.softmax.arrays import label_text

if TYPE_CHECKING:
    from service.training.inference.values import (
        Coefficient,
        Inference,
        Likelihood,
        MarginalEffect,
        Statistics,
    )


def print_statistics(statistics: "Statistics") -> None:
    """Print what a fit lets one infer, or why it does not.

    Parameters
    ----------
    statistics : Statistics
        Of the training rows.
    """
    rows = _likelihood(statistics.likelihood)
    if statistics.inference is None:
        title = "penalised" if statistics.is_penalised else "fitted"
        print_table(f"Likelihood of the training rows at the {title} coefficients", ("", ""), rows)
        click.echo(f"no standard errors, tests or criteria: {statistics.reason}")
        return
    inference = statistics.inference
    rows += _criteria(inference, statistics.likelihood.null_model)
    print_table("Likelihood of the training rows", ("", ""), rows)
    reference = label_text(inference.reference_class)
    interval = f"{100 * inference.confidence:.4g}% interval"
    header = ("std error", "z", "p", interval)
    for label, contrast in groupby(inference.coefficients, key=lambda row: label_text(row.label)):
        title = f"Coefficients of {label} against {reference} (RRR: relative risk ratio)"
        print_table(
            title,
            ("column", "coef", *header, "RRR", interval),
            [_coefficient(row) for row in contrast],
        )
    print_table(
        "Tests that a feature has no effect on any class",
        ("feature", "reference level", "Wald chi2", "df", "p"),
        [
            (test.feature, test.reference or "", _short(test.statistic), test.df, _p(test.p_value))
            for test in inference.feature_tests
        ],
    )
    for label, effects in groupby(
        inference.marginal_effects, key=lambda row: label_text(row.label)
    ):
        print_table(
            f"Average marginal effects on the probability of {label}",
            ("column", "kind", "effect", *header),
            [_effect(row) for row in effects],
        )
    for note in inference.notes:
        click.echo(f"note: {note}")


def _likelihood(likelihood: "Likelihood") -> list[Sequence[object]]:
    return [
        ("rows", likelihood.n_rows),
        ("sum of weights", _short(likelihood.total_weight)),
        ("log likelihood", _long(likelihood.log_likelihood)),
        (f"log likelihood, {likelihood.null_model}", _long(likelihood.null_log_likelihood)),
        ("McFadden R2", _short(likelihood.mcfadden_r2)),
    ]


def _criteria(inference: "Inference", null_model: str) -> list[Sequence[object]]:
    test = inference.likelihood_ratio
    return [
        (f"likelihood ratio chi2 against {null_model}", _short(test.statistic)),
        ("its degrees of freedom", test.df),
        ("its p", _p(test.p_value)),
        ("AIC", _long(inference.aic)),
        ("BIC", _long(inference.bic)),
        ("residual degrees of freedom", _short(inference.df_resid)),
        ("distance to the maximum (standard errors)", f"{inference.distance:.1e}"),
    ]


def _coefficient(row: "Coefficient") -> Sequence[object]:
    ends = _interval(row.relative_risk_ratio_low, row.relative_risk_ratio_high)
    return (row.column, *_estimate(row, row.coef), _short(row.relative_risk_ratio), ends)


def _effect(row: "MarginalEffect") -> Sequence[object]:
    return (row.column, row.kind, *_estimate(row, row.effect))


def _estimate(row: "Coefficient | MarginalEffect", value: float) -> Sequence[str]:
    ends = _interval(row.low, row.high)
    return (_short(value), _short(row.standard_error), f"{row.z:.2f}", _p(row.p_value), ends)


def _interval(low: float, high: float) -> str:
    return f"{low:.4g} … {high:.4g}"


def _short(number: float) -> str:
    return f"{number:.5g}"


def _long(number: float) -> str:
    return f"{number:.10g}"


def _p(probability: float) -> str:
    return f"{probability:.3g}"
