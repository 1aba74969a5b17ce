"""What decisions led to, against counting by hand and scikit-learn."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import accuracy_score, confusion_matrix, recall_score

from service.softmax.arrays import Floats, Integers
from service.softmax.conformal import calibration_scores
from service.softmax.decisions import bind
from service.softmax.outcomes import judge
from service.softmax.policies import ArgmaxPolicy, CostPolicy, SetPolicy, ThresholdPolicy
from service.softmax.probability import softmax
from tests.softmax.made import made_model

MODEL = made_model(3, (0, 0), 3)
CLASSES = MODEL.classes_
COSTS = {
    "c0": {"c0": 0.0, "c1": 4.0, "c2": 4.0, "review": 1.0},
    "c1": {"c0": 2.0, "c1": 0.0, "c2": 4.0, "review": 1.0},
    "c2": {"c0": 9.0, "c1": 9.0, "c2": 0.0, "review": 1.5},
}


def rows(n_samples: int = 500, seed: int = 0) -> tuple[Floats, Integers]:
    random = np.random.default_rng(seed)
    y = random.integers(3, size=n_samples)
    scores = random.normal(size=(n_samples, 3))
    scores[np.arange(n_samples), y] += 1.5
    return scores, y


def known(share: float | None) -> float:
    assert share is not None
    return share


def test_figures_of_argmax_are_those_of_scikit_learn() -> None:
    scores, y = rows()
    predicted = softmax(scores).argmax(axis=1)

    found = judge(bind(ArgmaxPolicy(), MODEL, None), CLASSES, scores, y)

    assert_allclose(known(found.accuracy), accuracy_score(y, predicted))
    assert_allclose(1.0 - found.error_rate, accuracy_score(y, predicted))
    recall = recall_score(y, predicted, average=None)
    assert_allclose([1.0 - (one.error_rate or 0.0) for one in found.per_class], recall)
    assert [list(one.actions) for one in found.per_class] == confusion_matrix(y, predicted).tolist()
    assert (found.decided_rate, found.undecided_rate) == (1.0, 0.0)
    assert found.cost is None
    assert found.sets is None


def test_shares_of_decided_undecided_and_wrong_rows_add_up() -> None:
    scores, y = rows()
    proba = softmax(scores)
    reached = proba.max(axis=1) >= 0.7

    found = judge(bind(ThresholdPolicy(threshold=0.7), MODEL, None), CLASSES, scores, y)

    right = proba.argmax(axis=1) == y
    assert_allclose(found.decided_rate, reached.mean())
    assert_allclose(found.undecided_rate, 1 - reached.mean())
    assert_allclose(known(found.accuracy), right[reached].mean())
    assert_allclose(found.error_rate, (reached & ~right).mean())
    for k, one in enumerate(found.per_class):
        own = y == k
        assert one.n_samples == own.sum()
        assert_allclose(known(one.error_rate), (reached & ~right)[own].mean())
        assert_allclose(known(one.undecided_rate), (~reached)[own].mean())


def test_costs_are_added_up_row_by_row() -> None:
    scores, y = rows()
    actions = ("c0", "c1", "c2", "review")
    proba = softmax(scores)
    table = [[COSTS[f"c{k}"][a] for a in actions] for k in range(3)]
    expected = [
        [sum(p * table[k][a] for k, p in enumerate(row)) for a in range(4)] for row in proba
    ]
    chosen = [min(range(4), key=row.__getitem__) for row in expected]

    found = judge(bind(CostPolicy(costs=COSTS), MODEL, None), CLASSES, scores, y)

    assert found.cost is not None
    assert_allclose(found.cost.total, sum(table[k][a] for k, a in zip(y, chosen, strict=True)))
    assert_allclose(found.cost.mean, found.cost.total / 500)
    assert_allclose(found.cost.expected_mean, np.mean([min(row) for row in expected]))
    assert_allclose(
        known(found.cost.most_probable_mean),
        np.mean([table[k][a] for k, a in zip(y, proba.argmax(axis=1), strict=True)]),
    )
    alike = {a: np.mean([COSTS[f"c{k}"][a] for k in y]) for a in actions}
    assert found.cost.best_single_action == min(alike, key=alike.__getitem__)
    assert_allclose(found.cost.best_single_mean, min(alike.values()))
    by_class = [one.mean_cost or 0.0 for one in found.per_class]
    assert_allclose(np.dot(by_class, np.bincount(y)), found.cost.total)


def test_without_a_class_among_the_actions_the_most_probable_one_has_no_price() -> None:
    scores, y = rows()
    costs = {text: {a: c for a, c in row.items() if a != "c1"} for text, row in COSTS.items()}

    found = judge(bind(CostPolicy(costs=costs), MODEL, None), CLASSES, scores, y)

    assert found.cost is not None
    assert found.cost.most_probable_mean is None


def test_any_policy_can_be_judged_by_costs_of_its_actions() -> None:
    scores, y = rows()
    table = np.array([[COSTS[f"c{k}"][a] for a in ("c0", "c1", "c2", "review")] for k in range(3)])
    decider = bind(ThresholdPolicy(threshold=0.7), MODEL, None)

    found = judge(decider, CLASSES, scores, y, costs=table)

    assert found.cost is not None
    assert_allclose(found.cost.total, table[y, decider.decide(scores).winners].sum())


def test_sets_are_counted() -> None:
    cal_scores, cal_y = rows(200, seed=1)
    scores, y = rows()
    decider = bind(SetPolicy(coverage=0.8), MODEL, calibration_scores(softmax(cal_scores), cal_y))
    sets = decider.decide(scores).sets
    assert sets is not None

    found = judge(decider, CLASSES, scores, y)

    assert found.sets is not None
    held = [bool(members[k]) for members, k in zip(sets, y, strict=True)]
    assert_allclose(found.sets.coverage, np.mean(held))
    assert_allclose(found.sets.mean_size, np.mean([members.sum() for members in sets]))
    assert_allclose(found.sets.singleton_rate, found.decided_rate)
    assert_allclose(
        [known(one.set_coverage) for one in found.per_class],
        [np.mean(np.array(held)[y == k]) for k in range(3)],
    )
    assert abs(found.sets.coverage - 0.8) < 0.1


def test_a_class_without_rows_has_counts_and_no_shares() -> None:
    scores, y = rows(50)

    found = judge(bind(ArgmaxPolicy(), MODEL, None), CLASSES, scores, np.minimum(y, 1))

    last = found.per_class[2]
    assert (last.n_samples, last.error_rate, last.undecided_rate) == (0, None, None)


@pytest.mark.parametrize("threshold", [1.0])
def test_where_nothing_is_decided_there_is_no_accuracy(threshold: float) -> None:
    scores, y = rows(50)

    found = judge(bind(ThresholdPolicy(threshold=threshold), MODEL, None), CLASSES, scores, y)

    assert found.accuracy is None
    assert found.error_rate == 0.0
