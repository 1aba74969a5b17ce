"""What is unusual about a training is said."""

from dataclasses import replace

import numpy as np

from service.tables.table import CategoryColumn, NumberColumn, Table
from service.training.embedded import embedded_table
from service.training.recipe import Recipe
from service.training.remarks import remarks
from service.training.train import train


def test_an_ordinary_training_has_nothing_to_remark_on() -> None:
    assert remarks(train(embedded_table("iris"), Recipe(target="target"))) == ()


def test_what_is_constant_or_rare_or_not_held_out_is_named() -> None:
    y = np.repeat([0, 1, 2], [30, 27, 3])
    table = Table(
        name="t",
        columns={
            "x": NumberColumn(values=y + np.random.default_rng(0).normal(size=60)),
            "always": NumberColumn(values=np.full(60, 7.0)),
            "one": CategoryColumn(levels=("red",), codes=np.zeros(60, dtype=np.intp)),
            "target": CategoryColumn(levels=("a", "b", "c"), codes=y),
        },
    )

    said = remarks(train(table, Recipe(target="target", test_size=0.0)))

    assert said == (
        "No rows were held out: figures on training rows are too good.",
        "The same number in every training row, so of no effect: always.",
        "The same category in every training row, so of no effect: one.",
        "Fewer than 10 training rows of each of these classes: c.",
    )


def test_a_fit_that_has_not_converged_is_told_first() -> None:
    recipe = Recipe(target="target", max_iter=1, allow_unconverged=True)

    said = remarks(train(embedded_table("iris"), recipe))

    assert said[0].startswith("Not converged, published because --allow-unconverged: the fit")


def test_a_temperature_at_its_bound_is_told() -> None:
    recipe = Recipe(target="target", calibration_size=0.2, calibrate="temperature")
    trained = train(embedded_table("wine"), recipe)
    assert trained.calibration is not None
    bound = replace(trained.calibration.temperature, value=1000.0, outcome="bound")

    said = remarks(replace(trained, calibration=replace(trained.calibration, temperature=bound)))

    assert said == (
        "The log loss of the calibration rows falls as far as a temperature may go: it is 1000.",
    )
