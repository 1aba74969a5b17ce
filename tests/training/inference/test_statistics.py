"""Which fits get statistics, and why the others do not."""

from dataclasses import replace

import numpy as np
import pytest

from service.errors import TrainingError, ValueRefusedError
from service.softmax.contract import CategoricalFeature, FeatureContract
from service.softmax.model import SoftmaxModel
from service.training.inference.statistics import StatisticsOptions, fit_statistics
from service.training.preparation import Samples
from service.training.recipe import Recipe
from service.training.train import train
from tests.training.inference.survey import PLAIN, statistics, table


@pytest.mark.parametrize(
    ("recipe", "reason"),
    [
        (replace(PLAIN, C=1.0), "the penalty (C = 1)"),
        (replace(PLAIN, class_weight="balanced"), "class weights make the likelihood"),
    ],
    ids=["penalty", "class weights"],
)
def test_a_fit_of_something_else_gets_its_likelihood_and_a_reason(
    recipe: Recipe, reason: str
) -> None:
    found = statistics(recipe)

    assert found.inference is None
    assert found.reason is not None
    assert found.reason.startswith(reason)
    assert (found.is_penalised, found.is_class_weighted) == (
        recipe.C == 1.0,
        recipe.class_weight == "balanced",
    )
    # Nothing does better than the maximum.
    best = statistics().likelihood
    assert best.null_log_likelihood == found.likelihood.null_log_likelihood
    assert found.likelihood.log_likelihood <= best.log_likelihood


def test_the_reference_class_is_named_by_its_text() -> None:
    found = statistics(options=StatisticsOptions(reference_class="Too Little", confidence=0.9))

    assert found.inference is not None
    assert found.inference.reference_class == "Too Little"
    assert {row.label for row in found.inference.coefficients} == {"About Right", "Too Much"}
    assert found.inference.confidence == 0.9


def test_a_reference_class_that_is_not_there_is_refused_before_the_fit() -> None:
    nowhere = replace(PLAIN, max_iter=1)

    with pytest.raises(TrainingError, match="among About Right, Too Little, Too Much, got 'x'"):
        train(table(), nowhere, statistics=StatisticsOptions(reference_class="x"))


def test_rare_categories_that_are_not_the_reference_level_are_refused() -> None:
    contract = FeatureContract(
        features=(CategoricalFeature(name="island", categories=("Biscoe", "Dream"), mode="Dream"),)
    )
    # A third kind of row gets nothing from the feature, and Biscoe does get something.
    samples = Samples(
        X=np.array([[0.0], [0.0], [1.0], [1.0], [2.0], [2.0]]),
        y=np.array([0, 1, 0, 1, 0, 1]),
        sample_weight=np.ones(6),
    )
    model = SoftmaxModel(
        classes_=("a", "b"),
        levels_=(2,),
        coef_=np.array([[0.0, 0.0], [0.5, -0.5]]),
        intercept_=np.zeros(2),
        mean_=np.array([1 / 3, 1 / 3]),
        class_prior_=np.array([0.5, 0.5]),
    )

    found = fit_statistics(model, samples, contract, PLAIN, options=StatisticsOptions())

    assert found.reason is not None
    assert "a category that counts as unknown" in found.reason


def test_an_impossible_confidence_is_refused() -> None:
    with pytest.raises(TrainingError, match="between 0 and 1, got 95"):
        StatisticsOptions(confidence=95)


def test_statistics_without_either_inference_or_reason_are_refused() -> None:
    with pytest.raises(ValueRefusedError, match="or the reason why there is none"):
        replace(statistics(), inference=None)


def test_training_gives_the_statistics_that_are_asked_for() -> None:
    recipe = replace(PLAIN, C=0.01)

    asked = train(table(), recipe, statistics=StatisticsOptions())
    plain = train(table(), recipe)

    assert asked.statistics is not None
    assert asked.statistics.reason is not None
    best = statistics().likelihood
    assert asked.statistics.likelihood.log_likelihood < best.log_likelihood
    assert 0 < asked.statistics.likelihood.mcfadden_r2 < best.mcfadden_r2
    assert plain.statistics is None
