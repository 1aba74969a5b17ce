"""Tuned thresholds: no others would have cost less, by trying them all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from service.errors import InputError
from service.softmax.arrays import Floats, Integers
from service.softmax.decisions import Decider, bind
from service.softmax.outcomes import judge
from service.softmax.policies import ArgmaxPolicy, CostPolicy
from service.softmax.probability import softmax
from service.softmax.tuning import shortest_between, tune_thresholds
from tests.softmax.made import made_model

MODEL = made_model(4, (0,), 3)
CLASSES = MODEL.classes_


def priced(table: Floats, priors: dict[str, float] | None = None) -> Decider:
    actions = (*CLASSES, "abstain")
    costs = {
        str(true): dict(zip(map(str, actions), row, strict=True))
        for true, row in zip(CLASSES, table.tolist(), strict=True)
    }
    return bind(CostPolicy(costs=costs, priors=priors), MODEL, None)


def table(mistake: float = 4.0, price: float = 1.0) -> Floats:
    return np.column_stack([mistake * (1 - np.eye(3)), np.full(3, price)])


def rows(seed: int, n_samples: int, *, rounded: bool = False) -> tuple[Floats, Integers]:
    random = np.random.default_rng(seed)
    y = random.integers(3, size=n_samples)
    scores = random.normal(size=(n_samples, 3))
    scores[np.arange(n_samples), y] += 1.0
    return (scores.round() if rounded else scores), y  # rounded, many rows tie


@given(seed=st.integers(0, 5000), n_samples=st.integers(1, 40), rounded=st.booleans())
def test_no_thresholds_would_have_cost_less(seed: int, n_samples: int, *, rounded: bool) -> None:
    scores, y = rows(seed, n_samples, rounded=rounded)
    prices = table()
    proba = softmax(scores)
    winners = proba.argmax(axis=1)
    best = 0.0
    for k in range(3):
        own = winners == k
        tried = [0.0, *np.nextafter(proba[own, k], 2.0).clip(max=1.0)]
        best += min(
            np.where(proba[own, k] >= t, prices[y[own], k], prices[y[own], 3]).sum() for t in tried
        )

    found = tune_thresholds(priced(prices), CLASSES, scores, y)

    decided = judge(bind(found.policy, MODEL, None), CLASSES, scores, y, costs=prices)
    assert decided.cost is not None
    assert_allclose(decided.cost.total, best)
    assert_allclose(found.mean_cost, best / n_samples)


def test_thresholds_chosen_on_other_rows_cost_no_less() -> None:
    gains = []
    for seed in range(20):
        scores, y = rows(seed, 60)
        found = tune_thresholds(priced(table()), CLASSES, scores, y)
        assert found.cross_fitted_cost is not None
        gains.append(found.cross_fitted_cost - found.mean_cost)

    assert min(gains) >= 0
    assert np.mean(gains) > 0


def test_the_cross_fitted_cost_is_what_new_rows_cost() -> None:
    claimed, paid = [], []
    for seed in range(40):
        scores, y = rows(seed, 100)
        found = tune_thresholds(priced(table()), CLASSES, scores, y)
        fresh, truth = rows(seed + 1000, 4000)
        outcome = judge(bind(found.policy, MODEL, None), CLASSES, fresh, truth, costs=table())
        assert outcome.cost is not None
        assert found.cross_fitted_cost is not None
        claimed.append(found.cross_fitted_cost)
        paid.append(outcome.cost.mean)

    differences = np.subtract(claimed, paid)
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    # Thresholds of four fifths of the rows are a little worse than those of all.
    assert abs(differences.mean()) < 3 * error + 0.02


def test_priors_are_kept_and_thresholds_read_them() -> None:
    priors = {"c0": 1.0, "c1": 5.0, "c2": 1.0}
    scores, y = rows(3, 100)
    decider = priced(table(), priors)

    found = tune_thresholds(decider, CLASSES, scores, y)

    assert found.policy.priors == priors
    decided = judge(bind(found.policy, MODEL, None), CLASSES, scores, y, costs=table())
    assert decided.cost is not None
    assert_allclose(decided.cost.mean, found.mean_cost)


def test_a_class_that_is_always_right_is_always_decided_and_one_never_right_never() -> None:
    scores = np.log([[0.5, 0.3, 0.2], [0.6, 0.2, 0.2], [0.1, 0.8, 0.1], [0.2, 0.7, 0.1]])

    found = tune_thresholds(priced(table()), CLASSES, scores, np.array([0, 0, 2, 2]))

    assert found.policy.thresholds == {"c0": 0.0, "c1": 0.9, "c2": 0.0}
    assert found.cross_fitted_cost is None


def test_a_row_of_probability_one_cannot_be_left_undecided() -> None:
    scores = np.array([[0.0, -800.0, -800.0], [0.0, -1.0, -1.0]])

    found = tune_thresholds(priced(table()), CLASSES, scores, np.array([1, 1]))

    assert found.policy.thresholds is not None
    assert found.mean_cost == 2.5
    assert found.policy.thresholds["c0"] <= 1.0


@pytest.mark.parametrize("policy", ["argmax", "review"])
def test_thresholds_need_the_costs_of_every_class_and_of_abstaining(policy: str) -> None:
    scores, y = rows(1, 20)
    costs = {
        f"c{k}": {**{f"c{j}": float(j != k) for j in range(3)}, "review": 0.3} for k in range(3)
    }
    decider = bind(ArgmaxPolicy() if policy == "argmax" else CostPolicy(costs=costs), MODEL, None)

    with pytest.raises(InputError, match="of 'abstain'"):
        tune_thresholds(decider, CLASSES, scores, y)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_threshold_lies_above_one_number_and_not_above_the_other(a: float, b: float) -> None:
    low, high = sorted((a, b))
    if low == high:
        return

    found = shortest_between(low, high)

    assert low < found <= high
