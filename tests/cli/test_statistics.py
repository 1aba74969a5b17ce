"""The tables of `softmax train --statistics`, without training."""

from dataclasses import replace

import pytest

from service.cli.statistics import print_statistics
from service.training.inference.values import (
    ChiSquareTest,
    Coefficient,
    FeatureTest,
    Inference,
    Likelihood,
    MarginalEffect,
    Statistics,
)

WALD = {"standard_error": 0.5, "z": 4.0, "p_value": 6.334e-05, "low": 1.02, "high": 2.98}
FOUND = Statistics(
    is_penalised=False,
    is_class_weighted=False,
    likelihood=Likelihood(
        n_rows=9,
        total_weight=12.5,
        log_likelihood=-4.0,
        null_log_likelihood=-8.0,
        null_model="intercept only",
        mcfadden_r2=0.5,
    ),
    inference=Inference(
        reference_class=0,
        confidence=0.95,
        coefficients=(
            Coefficient(
                label=True,
                column="size",
                coef=2.0,
                relative_risk_ratio=7.389056,
                relative_risk_ratio_low=2.773195,
                relative_risk_ratio_high=float("inf"),
                **WALD,
            ),
        ),
        likelihood_ratio=ChiSquareTest(statistic=8.0, df=1, p_value=0.004678),
        aic=10.0,
        bic=11.5,
        df_model=1,
        df_resid=11.5,
        feature_tests=(
            FeatureTest(feature="size", reference=None, statistic=16.0, df=1, p_value=6.334e-05),
        ),
        marginal_effects=(
            MarginalEffect(label=True, column="size", kind="derivative", effect=0.25, **WALD),
        ),
        distance=1e-12,
        notes=("mind the weights",),
    ),
    reason=None,
)


def cells(printed: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in printed.splitlines()]


def test_every_table_is_printed_and_the_notes_last(capsys: pytest.CaptureFixture[str]) -> None:
    print_statistics(FOUND)

    printed = capsys.readouterr().out
    assert "Coefficients of true against 0" in printed
    estimate = ["0.5", "4.00", "6.33e-05", "1.02 … 2.98"]
    assert ["size", "2", *estimate, "7.3891", "2.773 … inf"] in cells(printed)
    assert ["size", "", "16", "1", "6.33e-05"] in cells(printed)
    assert ["size", "derivative", "0.25", *estimate] in cells(printed)
    assert ["sum of weights", "12.5"] in cells(printed)
    assert printed.endswith("note: mind the weights\n")


def test_without_an_inference_the_reason_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_statistics(replace(FOUND, inference=None, reason="it is penalised", is_penalised=True))

    printed = capsys.readouterr().out
    assert printed.startswith("Likelihood of the training rows at the penalised coefficients\n")
    assert ["McFadden R2", "0.5"] in cells(printed)
    assert printed.endswith("no standard errors, tests or criteria: it is penalised\n")
    assert "AIC" not in printed
