"""Rules against the decisions themselves, point by point."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from service.errors import ValueRefusedError
from service.regions.field import ScoreField
from service.regions.rules import Decisions, Rule, decide_view
from service.softmax.arrays import Floats, Integers
from service.softmax.probability import softmax
from tests.regions.membership import membership

UNDECIDED = -1


def field_of(n_classes: int) -> ScoreField:
    rng = np.random.default_rng(n_classes)
    slopes = 5.0 * rng.normal(size=(n_classes, 2))
    return ScoreField(slopes=slopes, offsets=rng.normal(size=n_classes) - 0.5 * slopes.sum(axis=1))


def drawn(decisions: Decisions, points: Floats) -> Integers:
    kept = decisions.partition.regions if decisions.kept is None else decisions.kept
    inside = membership(kept, decisions.field.n_classes, points)
    assert inside.sum(axis=1).max() <= 1
    return np.where(inside.any(axis=1), inside.argmax(axis=1), UNDECIDED)


def expected(rule: Rule, field: ScoreField, points: Floats) -> Integers:
    winners, is_decided = rule.decide(field.scores(points))
    return np.where(is_decided, winners, UNDECIDED)


@pytest.mark.parametrize("n_classes", [2, 3, 7, 20])
def test_priors_and_mistake_costs_leave_the_polygons_exact(n_classes: int) -> None:
    field, rng = field_of(n_classes), np.random.default_rng(1)
    ratios, costs = rng.uniform(0.2, 5.0, n_classes), rng.uniform(0.2, 5.0, n_classes)
    points = rng.random((50_000, 2))

    decisions = decide_view(field, Rule(prior_ratios=ratios, mistake_costs=costs))

    posterior = softmax(field.scores(points)) * ratios
    # The expected cost of deciding k is the sum over j of p'_j cost_j without j = k.
    expected_costs = (posterior * costs).sum(axis=1, keepdims=True) - posterior * costs
    assert_array_equal(drawn(decisions, points), expected_costs.argmin(axis=1))


@pytest.mark.parametrize("n_classes", [2, 3, 7, 20])
@pytest.mark.parametrize("ratio", [1.5, 4.0, 100.0])
def test_a_ratio_leaves_the_polygons_exact(n_classes: int, ratio: float) -> None:
    field, rule = field_of(n_classes), Rule(ratio=ratio)
    points = np.random.default_rng(2).random((50_000, 2))

    decisions = decide_view(field, rule)

    ordered = np.sort(softmax(field.scores(points)), axis=1)
    is_clear = ordered[:, -1] >= ratio * ordered[:, -2]
    assert_array_equal(drawn(decisions, points), expected(rule, field, points))
    assert_array_equal(drawn(decisions, points) != UNDECIDED, is_clear)


@pytest.mark.parametrize("n_classes", [1, 2, 3, 7])
@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.9, 0.99])
def test_the_border_of_a_threshold_is_followed_closely(n_classes: int, threshold: float) -> None:
    field, rule = field_of(n_classes), Rule(threshold=threshold)
    points = np.random.default_rng(3).random((50_000, 2))

    decisions = decide_view(field, rule)

    wrong = drawn(decisions, points) != expected(rule, field, points)
    proba = softmax(field.scores(points)).max(axis=1)
    # Chords of the curves lie within a fiftieth of a pixel of 500; slopes are some nats a view.
    assert np.abs(proba[wrong] - threshold).max(initial=0.0) < 1e-3
    assert wrong.mean() < 1e-3


def test_a_threshold_that_nobody_reaches_leaves_everything_undecided() -> None:
    field = ScoreField(slopes=np.zeros((3, 2)), offsets=np.array([0.1, 0.0, 0.0]))

    assert decide_view(field, Rule(threshold=0.9)).area_shares.sum() == 0.0
    assert_allclose(decide_view(field, Rule(threshold=0.3)).area_shares, [1.0, 0.0, 0.0])


def test_steeper_rules_decide_less() -> None:
    shares = [
        decide_view(field_of(5), Rule(threshold=t, ratio=r)).area_shares.sum()
        for t, r in ((0.0, 1.0), (0.4, 1.0), (0.4, 3.0), (0.9, 3.0))
    ]

    assert shares == sorted(shares, reverse=True)
    assert shares[0] == pytest.approx(1.0, abs=1e-12)
    assert shares[-1] < 0.9


@pytest.mark.parametrize(
    "rule",
    [
        {"threshold": 1.5},
        {"threshold": math.nan},
        {"ratio": 0.5},
        {"ratio": math.inf},
        {"prior_ratios": np.array([1.0, 0.0])},
        {"mistake_costs": np.array([1.0, -1.0])},
    ],
)
def test_a_rule_out_of_bounds_is_refused(rule: dict[str, float]) -> None:
    with pytest.raises(ValueRefusedError):
        Rule(**rule)  # type: ignore[arg-type] # one field of several types
