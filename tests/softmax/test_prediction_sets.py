"""Prediction sets: their definition, and that they hold what they promise."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from service.softmax.arrays import Booleans, Floats, Integers
from service.softmax.conformal import CalibrationScores, calibration_scores
from service.softmax.decisions import bind
from service.softmax.policies import SetPolicy
from service.softmax.prediction_sets import conformal_quantile
from service.softmax.probability import softmax
from tests.softmax.made import made_model

N_CLASSES = 4
MIX = np.array([0.5, 0.25, 0.15, 0.1])
MODEL = made_model(1, (0,), N_CLASSES)


def drawn(
    random: np.random.Generator, n_samples: int, mix: Floats = MIX
) -> tuple[Floats, Integers]:
    """Scores of a model that is too sure of itself, and the true classes."""
    y = random.choice(N_CLASSES, size=n_samples, p=mix)
    scores = 2.0 * random.normal(size=(n_samples, N_CLASSES))
    scores[np.arange(n_samples), y] += 2.5
    return scores, y


def calibrated(random: np.random.Generator, n_samples: int) -> CalibrationScores:
    scores, y = drawn(random, n_samples)
    return calibration_scores(softmax(scores), y)


def members(policy: SetPolicy, found: CalibrationScores, scores: Floats) -> Booleans:
    sets = bind(policy, MODEL, found).decide(scores).sets
    assert sets is not None
    return sets


@given(
    n_samples=st.integers(1, 60),
    percent=st.integers(1, 99),
    seed=st.integers(0, 1000),
)
def test_the_quantile_is_the_ranked_score_of_the_definition(
    n_samples: int, percent: int, seed: int
) -> None:
    scores = np.random.default_rng(seed).random(n_samples)
    rank = -((-(n_samples + 1) * percent) // 100)  # the ceiling, in whole numbers

    quantile = conformal_quantile(scores, percent / 100)

    assert quantile == (math.inf if rank > n_samples else sorted(scores)[rank - 1])


@pytest.mark.parametrize("method", ["lac", "aps"])
@pytest.mark.parametrize("per_class", [False, True])
def test_a_set_holds_the_classes_whose_scores_are_not_above_the_quantile(
    method: str, *, per_class: bool
) -> None:
    random = np.random.default_rng(4)
    found = calibrated(random, 200)
    scores, _ = drawn(random, 100)
    policy = SetPolicy(coverage=0.8, method=method, per_class=per_class)  # type: ignore[arg-type]  # a parameter

    decided = bind(policy, MODEL, found).decide(scores)

    own = getattr(found, method)
    for row, got, winner in zip(softmax(scores), decided.sets, decided.winners, strict=True):  # type: ignore[arg-type]  # there are sets
        expected = []
        for k in range(N_CLASSES):
            pool = own[found.y == k] if per_class else own
            limit = sorted(pool)[math.ceil((len(pool) + 1) * 8 / 10) - 1]
            above = sum(p for j, p in enumerate(row) if (p, -j) > (row[k], -k))
            score = 1.0 - row[k] if method == "lac" else min(above + row[k], 1.0)
            expected.append(bool(score <= limit))
        assert got.tolist() == expected
        assert winner == (expected.index(True) if sum(expected) == 1 else N_CLASSES)


@pytest.mark.parametrize("method", ["lac", "aps"])
@pytest.mark.parametrize("coverage", [0.7, 0.9])
def test_over_a_hundred_calibration_draws_sets_hold_the_class_as_often_as_promised(
    method: str, coverage: float
) -> None:
    policy = SetPolicy(coverage=coverage, method=method)  # type: ignore[arg-type]  # a parameter
    n_samples = 79
    held = []
    for seed in range(100):
        random = np.random.default_rng(seed)
        found = calibrated(random, n_samples)
        scores, y = drawn(random, 1000)
        held.append(members(policy, found, scores)[np.arange(1000), y].mean())

    error = np.std(held, ddof=1) / math.sqrt(len(held))
    assert np.mean(held) >= coverage - 3 * error
    # Nor is it bought by sets that are too large: no two scores are equal.
    assert np.mean(held) <= coverage + 1 / (n_samples + 1) + 3 * error


def test_sets_by_class_keep_their_promise_to_each_class_in_another_mix() -> None:
    other = np.array([0.05, 0.05, 0.1, 0.8])
    priors = {f"c{k}": float(share) for k, share in enumerate(other)}
    by_class = SetPolicy(coverage=0.8, per_class=True, priors=priors)
    held = []
    for seed in range(100):
        random = np.random.default_rng(seed)
        found = calibrated(random, 300)
        scores, y = drawn(random, 2000, other)
        rows = np.arange(2000)
        kept = members(by_class, found, scores)[rows, y]
        held.append([kept[y == k].mean() for k in range(N_CLASSES)])

    error = np.std(held, axis=0, ddof=1) / math.sqrt(len(held))
    assert (np.mean(held, axis=0) >= 0.8 - 3 * error).all()


def unlike_classes(random: np.random.Generator, mix: Floats) -> tuple[Floats, Integers]:
    """Rows whose first class is easily told and whose last is not."""
    y = random.choice(N_CLASSES, size=2000, p=mix)
    scores = random.normal(size=(2000, N_CLASSES))
    scores[np.arange(2000), y] += np.array([6.0, 3.0, 2.0, 0.5])[y]
    return scores, y


def test_a_marginal_set_breaks_its_promise_in_another_mix_which_is_why_priors_are_refused() -> None:
    other = np.array([0.05, 0.05, 0.1, 0.8])
    held = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        cal_scores, cal_y = unlike_classes(random, MIX)
        found = calibration_scores(softmax(cal_scores), cal_y)
        scores, y = unlike_classes(random, other)
        held.append(members(SetPolicy(coverage=0.9), found, scores)[np.arange(2000), y].mean())

    assert np.mean(held) < 0.8


def test_too_few_calibration_rows_give_all_classes_and_say_so() -> None:
    found = calibrated(np.random.default_rng(2), 8)
    scores = np.array([[9.0, 0.0, 0.0, 0.0]])

    decider = bind(SetPolicy(coverage=0.9), MODEL, found)

    assert decider.decide(scores).sets is not None
    assert members(SetPolicy(coverage=0.9), found, scores).all()
    assert decider.actions[int(decider.decide(scores).winners[0])] == "abstain"
    assert decider.guarantee is not None
    assert "at least 9 calibration rows, and there are 8" in decider.guarantee


def test_a_class_with_too_few_calibration_rows_is_in_every_set_and_named() -> None:
    lac = np.array([0.1] * 9 + [0.2])
    found = CalibrationScores(lac=lac, aps=1.0 - lac[::-1], y=np.array([0] * 9 + [2]))
    scores = np.array([[9.0, 0.0, 0.0, 0.0], [0.0, 9.0, 0.0, 0.0]])

    decider = bind(SetPolicy(coverage=0.9, per_class=True), MODEL, found)

    assert_array_equal(
        members(SetPolicy(coverage=0.9, per_class=True), found, scores),
        [[True, True, True, True], [False, True, True, True]],
    )
    assert decider.guarantee is not None
    assert "c1, c2, c3 with fewer than 9" in decider.guarantee


def test_what_is_guaranteed_is_said_with_its_conditions() -> None:
    found = calibrated(np.random.default_rng(2), 200)

    marginal = bind(SetPolicy(coverage=0.9), MODEL, found).guarantee
    by_class = bind(SetPolicy(coverage=0.9, per_class=True), MODEL, found).guarantee

    assert marginal is not None
    assert marginal.startswith("at least 90 % of rows")
    assert "not for each class" in marginal
    assert by_class is not None
    assert "of the rows of each class, at least 90 %" in by_class


def test_a_set_may_be_empty_and_then_nothing_is_decided() -> None:
    lac = np.linspace(0.01, 0.1, 20)
    found = CalibrationScores(lac=lac, aps=lac, y=np.zeros(20, dtype=np.intp))

    decider = bind(SetPolicy(coverage=0.5), MODEL, found)

    decided = decider.decide(np.zeros((1, N_CLASSES)))
    assert decided.sets is not None
    assert not decided.sets.any()
    assert decider.actions[int(decided.winners[0])] == "abstain"
