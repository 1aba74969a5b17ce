"""Prediction sets: their definition, and that they hold what they promise."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from service.errors import InputError
from service.softmax.arrays import Booleans, Floats, Integers
from service.softmax.conformal import CalibrationScores, ScoredRows, calibration_scores
from service.softmax.decisions import bind
from service.softmax.policies import SetPolicy
from service.softmax.prediction_sets import conformal_quantile
from service.softmax.probability import softmax
from tests.softmax.made import made_model, made_rows

N_CLASSES = 4
MIX = np.array([0.5, 0.25, 0.15, 0.1])
OTHER_MIX = np.array([0.05, 0.05, 0.1, 0.8])
PRIORS = {f"c{k}": float(share) for k, share in enumerate(OTHER_MIX)}
MODEL = replace(made_model(1, (0,), N_CLASSES), class_prior_=MIX)


def drawn(
    random: np.random.Generator, n_samples: int, mix: Floats = MIX
) -> tuple[Floats, Integers]:
    """Scores of a model that is too sure of itself, and the true classes."""
    y = random.choice(N_CLASSES, size=n_samples, p=mix)
    scores = 2.0 * random.normal(size=(n_samples, N_CLASSES))
    scores[np.arange(n_samples), y] += 2.5
    return scores, y


def calibrated(random: np.random.Generator, n_samples: int) -> CalibrationScores:
    return kept(*drawn(random, n_samples))


def kept(scores: Floats, y: Integers) -> CalibrationScores:
    """What a model keeps of its calibration rows."""
    rows = ScoredRows(scores=scores, y=y)
    return replace(calibration_scores(softmax(scores), y), rows=rows)


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


def unlike(method: str, row: Floats, k: int) -> float:
    """The score of a class by its definition."""
    if method == "lac":
        return float(1.0 - row[k])
    return min(float(sum(p for j, p in enumerate(row) if (p, -j) >= (row[k], -k))), 1.0)


@pytest.mark.parametrize("method", ["lac", "aps"])
@pytest.mark.parametrize(("per_class", "priors"), [(False, None), (True, None), (True, PRIORS)])
def test_a_set_holds_the_classes_whose_scores_are_not_above_the_quantile(
    method: str, priors: dict[str, float] | None, *, per_class: bool
) -> None:
    random = np.random.default_rng(4)
    cal_scores, cal_y = drawn(random, 200)
    scores, _ = drawn(random, 100)
    policy = SetPolicy(coverage=0.8, method=method, per_class=per_class, priors=priors)  # type: ignore[arg-type]  # a parameter

    decided = bind(policy, MODEL, kept(cal_scores, cal_y)).decide(scores)

    def posterior(scores: Floats) -> Floats:
        odds = np.exp(scores) * (1.0 if priors is None else OTHER_MIX / MIX)
        shares: Floats = odds / odds.sum(axis=1, keepdims=True)
        return shares

    calibration = list(zip(posterior(cal_scores), cal_y, strict=True))
    rows = posterior(scores)
    for row, got, winner in zip(rows, decided.sets, decided.winners, strict=True):  # type: ignore[arg-type]  # there are sets
        expected = []
        for k in range(N_CLASSES):
            pool = [unlike(method, p, y) for p, y in calibration if y == k or not per_class]
            limit = sorted(pool)[math.ceil((len(pool) + 1) * 8 / 10) - 1]
            # Of what ranks last the sum is 1, but for rounding: such scores are one.
            expected.append(bool(unlike(method, row, k) <= limit + 1e-12))
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


@pytest.mark.parametrize("method", ["lac", "aps"])
@pytest.mark.parametrize("coverage", [0.7, 0.9])
def test_over_a_hundred_draws_sets_for_another_mix_keep_their_promise_to_each_class_there(
    method: str, coverage: float
) -> None:
    policy = SetPolicy(coverage=coverage, method=method, per_class=True, priors=PRIORS)  # type: ignore[arg-type]  # a parameter
    held, n_samples = [], []
    for seed in range(100):
        random = np.random.default_rng(seed)
        cal_scores, cal_y = drawn(random, 400)
        scores, y = drawn(random, 2000, OTHER_MIX)
        own = members(policy, kept(cal_scores, cal_y), scores)[np.arange(2000), y]
        held.append([own[y == k].mean() for k in range(N_CLASSES)])
        n_samples.append(np.bincount(cal_y, minlength=N_CLASSES))

    error = np.std(held, axis=0, ddof=1) / math.sqrt(len(held))
    assert (np.mean(held, axis=0) >= coverage - 3 * error).all()
    # Nor is it bought by sets that are too large. By APS it may be for a class that is rare
    # now: wherever it ranks last its score is 1, and no two of those can be told apart.
    most = coverage + np.mean(1 / (np.array(n_samples) + 1), axis=0)
    if method == "lac":
        assert (np.mean(held, axis=0) <= most + 3 * error).all()


def test_sets_made_for_the_mix_of_the_rows_are_smaller_than_those_of_the_mix_in_training() -> None:
    for_this_mix = SetPolicy(coverage=0.9, per_class=True, priors=PRIORS)
    for_the_old = SetPolicy(coverage=0.9, per_class=True)
    saved = []
    for seed in range(100):
        random = np.random.default_rng(seed)
        # What the probabilities of these rows truly are: 2.5 higher, at a deviation of 2.
        cal_scores, cal_y = drawn(random, 1000)
        found = kept(2.5 / 4.0 * cal_scores + np.log(MIX), cal_y)
        scores = 2.5 / 4.0 * drawn(random, 1000, OTHER_MIX)[0] + np.log(MIX)
        sizes = [members(policy, found, scores).sum() for policy in (for_the_old, for_this_mix)]
        saved.append((sizes[0] - sizes[1]) / 1000)

    error = np.std(saved, ddof=1) / math.sqrt(len(saved))
    assert np.mean(saved) > 3 * error


@given(
    seed=st.integers(0, 1000),
    shares=st.lists(st.floats(1e-6, 1e6), min_size=N_CLASSES, max_size=N_CLASSES),
    method=st.sampled_from(["lac", "aps"]),
)
def test_sets_for_another_mix_are_those_of_a_model_that_learned_that_mix(
    seed: int, shares: list[float], method: str
) -> None:
    random = np.random.default_rng(seed)
    cal_scores, cal_y = drawn(random, 100)
    scores, _ = drawn(random, 50)
    shift = np.log(shares) - np.log(MIX)
    priors = dict(zip(PRIORS, shares, strict=True))
    policy = SetPolicy(coverage=0.7, method=method, per_class=True, priors=priors)  # type: ignore[arg-type]  # a parameter

    sets = members(policy, kept(cal_scores, cal_y), scores)

    there = replace(policy, priors=None)
    learned = members(there, kept(cal_scores + shift, cal_y), scores + shift)
    assert_array_equal(sets, learned)


def test_priors_equal_to_the_training_mix_change_no_set() -> None:
    random = np.random.default_rng(5)
    found = replace(calibrated(random, 200), rows=None)  # nor is anything more needed for it
    scores, _ = drawn(random, 100)
    priors = {f"c{k}": 200.0 * share for k, share in enumerate(MIX)}

    policy = SetPolicy(coverage=0.8, per_class=True)

    same = replace(policy, priors=priors)
    assert_array_equal(members(same, found, scores), members(policy, found, scores))


def test_a_model_that_keeps_no_scores_of_rows_refuses_another_mix_with_the_remedy() -> None:
    found = replace(calibrated(np.random.default_rng(2), 200), rows=None)
    policy = SetPolicy(coverage=0.8, per_class=True, priors=PRIORS)

    with pytest.raises(InputError, match="train it anew, without --no-sample") as refused:
        bind(policy, MODEL, found)

    assert refused.value.faults[0].pointer == "/policy/priors"


@pytest.mark.parametrize("method", ["lac", "aps"])
def test_rows_that_come_again_and_again_are_in_their_sets_alone_too(method: str) -> None:
    # Sums are added in another order for a row alone: with a handful of different rows the
    # quantile is the score of many of them, and all would leave their sets at once.
    policy = SetPolicy(coverage=0.8, method=method)  # type: ignore[arg-type]  # a parameter
    for seed in range(20):
        random = np.random.default_rng(seed)
        model = made_model(seed, (0, 0, 0, 0), 5)
        X = np.round(made_rows(seed, (0, 0, 0, 0), 6))[random.integers(6, size=403)]
        proba = model.predict_proba(X)
        y = np.array([random.choice(5, p=row / row.sum()) for row in proba])
        decider = bind(policy, model, calibration_scores(proba, y))

        together = decider.decide(model.finite_scores(X)).sets
        alone = [decider.decide(model.finite_scores(row[None])).sets for row in X]

        assert together is not None
        assert_array_equal(np.vstack(alone), together)  # type: ignore[arg-type]  # there are sets


def unlike_classes(random: np.random.Generator, mix: Floats) -> tuple[Floats, Integers]:
    """Rows whose first class is easily told and whose last is not."""
    y = random.choice(N_CLASSES, size=2000, p=mix)
    scores = random.normal(size=(2000, N_CLASSES))
    scores[np.arange(2000), y] += np.array([6.0, 3.0, 2.0, 0.5])[y]
    return scores, y


def test_a_marginal_set_breaks_its_promise_in_another_mix_which_is_why_priors_are_refused() -> None:
    held = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        cal_scores, cal_y = unlike_classes(random, MIX)
        found = calibration_scores(softmax(cal_scores), cal_y)
        scores, y = unlike_classes(random, OTHER_MIX)
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
