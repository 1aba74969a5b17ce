"""Decisions: each rule against its one-line definition, priors against Bayes, and refusals."""

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_wine
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from service.errors import InputError
from service.softmax.arrays import Floats, Label
from service.softmax.decisions import Decider, bind
from service.softmax.dominance import can_win
from service.softmax.model import SoftmaxModel
from service.softmax.policies import ArgmaxPolicy, CostPolicy, Policy, SetPolicy, ThresholdPolicy
from service.softmax.probability import softmax
from tests.softmax.made import made_model, made_rows

MODEL = made_model(3, (0, 0), 3)
SEEDS = st.integers(0, 10_000)


def scores_of(model: SoftmaxModel, n_samples: int = 400, seed: int = 1) -> Floats:
    return model.scores(made_rows(seed, model.levels_, n_samples)) / model.temperature_


def texts(decider: Decider, scores: Floats) -> list[Label]:
    return [decider.actions[winner] for winner in decider.decide(scores).winners]


def model_of(classes: tuple[Label, ...], prior: list[float] | None = None) -> SoftmaxModel:
    n_classes = len(classes)
    return SoftmaxModel(
        classes_=classes,
        levels_=(0,),
        coef_=np.arange(n_classes, dtype=float)[:, None],
        intercept_=np.zeros(n_classes),
        mean_=np.zeros(1),
        class_prior_=np.array(prior or [1 / n_classes] * n_classes),
    )


def test_argmax_decides_as_the_model_predicts() -> None:
    rows = made_rows(2, MODEL.levels_, 300)

    found = bind(ArgmaxPolicy(), MODEL, None).decide(MODEL.scores(rows))

    assert [MODEL.classes_[k] for k in found.winners] == MODEL.predict(rows)
    ranked = np.sort(MODEL.predict_proba(rows), axis=1)
    assert_array_equal(found.margins, ranked[:, -1] - ranked[:, -2])
    assert found.expected_costs is None
    assert found.sets is None


def test_a_threshold_abstains_below_it_and_decides_at_it() -> None:
    scores = np.log([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.4, 0.3, 0.3]])
    at = float(softmax(scores)[0, 0])

    decider = bind(ThresholdPolicy(threshold=at), MODEL, None)

    assert decider.actions == ("c0", "c1", "c2", "abstain")
    assert texts(decider, scores) == ["c0", "c1", "abstain"]
    assert_allclose(decider.decide(scores).margins, [0.25, 0.25, 0.1], rtol=1e-12)


def test_a_threshold_of_each_class_is_held_against_the_winner_only() -> None:
    thresholds = {"c2": 0.0, "c0": 0.6, "c1": 0.45}  # in any order
    scores = np.log([[0.5, 0.2, 0.3], [0.2, 0.5, 0.3], [0.3, 0.3, 0.4]])

    decider = bind(ThresholdPolicy(thresholds=thresholds), MODEL, None)

    assert texts(decider, scores) == ["abstain", "c1", "c2"]


@given(seed=SEEDS, n_classes=st.integers(2, 6), own=st.integers(0, 3))
def test_the_action_of_a_cost_policy_is_never_dearer_than_another(
    seed: int, n_classes: int, own: int
) -> None:
    model = made_model(seed, (0, 0), n_classes)
    random = np.random.default_rng(seed)
    table = 1.0 + random.random((n_classes, n_classes + own))
    np.fill_diagonal(table, 0.0)  # so that every class wins where it is certain
    table[:, n_classes:] = 0.3 + 0.05 * random.random((n_classes, own))
    actions = [*model.classes_, *(f"own{i}" for i in range(own))]
    costs = {
        str(true): dict(zip(map(str, actions), row, strict=True))
        for true, row in zip(model.classes_, table.tolist(), strict=True)
    }
    scores = scores_of(model, 50)
    assume(can_win(table).all())

    decider = bind(CostPolicy(costs=costs), model, None)
    found = decider.decide(scores)

    expected = softmax(scores) @ table
    chosen = expected[np.arange(50), found.winners]
    assert decider.actions == tuple(actions)
    assert found.expected_costs is not None
    assert_allclose(found.expected_costs, expected, rtol=1e-12)
    # Two sums of a few costs about 1 differ by their rounding.
    assert (chosen[:, None] <= expected + 1e-14).all()
    assert_allclose(found.margins, np.sort(expected)[:, 1] - np.sort(expected)[:, 0], atol=1e-14)


def test_what_a_mistake_costs_equally_is_decided_as_by_argmax() -> None:
    costs = {a: {b: float(a != b) for b in ("c0", "c1", "c2")} for a in ("c0", "c1", "c2")}
    scores = scores_of(MODEL)

    found = bind(CostPolicy(costs=costs), MODEL, None).decide(scores)

    assert_array_equal(found.winners, softmax(scores).argmax(axis=1))


def test_abstaining_at_a_price_is_a_threshold_at_one_less_that_price() -> None:
    # Chow's rule.
    price = 0.3
    costs = {
        a: {**{b: float(a != b) for b in ("c0", "c1", "c2")}, "abstain": price}
        for a in ("c0", "c1", "c2")
    }
    scores = scores_of(MODEL)

    by_cost = bind(CostPolicy(costs=costs), MODEL, None)
    by_threshold = bind(ThresholdPolicy(threshold=1 - price), MODEL, None)

    assert texts(by_cost, scores) == texts(by_threshold, scores)


def test_actions_are_classes_in_their_order_and_type_then_names_by_first_appearance() -> None:
    model = model_of((0, 1, 2))
    costs = {
        "1": {"review": 0.3, "2": 1.0, "wait": 0.31, "0": 1.0},
        "0": {"review": 0.3, "2": 1.0, "wait": 0.29, "0": 0.0},
        "2": {"review": 0.3, "2": 0.0, "wait": 0.31, "0": 1.0},
    }

    decider = bind(CostPolicy(costs=costs), model, None)

    assert decider.actions == (0, 2, "review", "wait")
    assert [type(action) for action in decider.actions] == [int, int, str, str]
    assert bind(ArgmaxPolicy(), model_of((False, True)), None).actions == (False, True)


def test_ties_go_to_the_first_action() -> None:
    costs = {
        "c0": {"c0": 0.0, "c1": 1.0},
        "c1": {"c0": 1.0, "c1": 0.0},
        "c2": {"c0": 1.0, "c1": 1.0},
    }

    found = bind(CostPolicy(costs=costs), MODEL, None).decide(np.array([[0.0, 0.0, 1.0]]))

    assert found.winners[0] == 0
    assert found.margins[0] == 0.0


@given(seed=SEEDS, n_classes=st.integers(2, 6), unit=st.sampled_from([1.0, 150.0, 1e-30]))
def test_priors_equal_to_the_training_mix_change_nothing(
    seed: int, n_classes: int, unit: float
) -> None:
    model = made_model(seed, (0,), n_classes)
    priors = {f"c{k}": float(share * unit) for k, share in enumerate(model.class_prior_)}
    scores = scores_of(model, 20)

    for with_priors, without in (
        (ArgmaxPolicy(priors=priors), ArgmaxPolicy()),
        (ThresholdPolicy(threshold=0.7, priors=priors), ThresholdPolicy(threshold=0.7)),
    ):
        shifted = bind(with_priors, model, None)
        plain = bind(without, model, None)
        assert_array_equal(shifted.posterior(scores), softmax(scores))
        assert_array_equal(shifted.decide(scores).winners, plain.decide(scores).winners)
        assert_array_equal(shifted.decide(scores).margins, plain.decide(scores).margins)


def test_new_priors_are_those_of_a_discriminant_analysis_with_these_priors() -> None:
    # Its scores are linear and its priors exact: another derivation of the same formula.
    wine = cast("Any", load_wine())
    X, y = wine.data, wine.target
    old, new = np.array([0.2, 0.5, 0.3]), np.array([0.6, 0.1, 0.3])
    before = LinearDiscriminantAnalysis(priors=old).fit(X, y)
    after = LinearDiscriminantAnalysis(priors=new).fit(X, y)
    model = SoftmaxModel(
        classes_=(0, 1, 2),
        levels_=(0,) * X.shape[1],
        coef_=before.coef_,
        intercept_=before.intercept_,
        mean_=np.zeros(X.shape[1]),
        class_prior_=old,
    )

    decider = bind(ArgmaxPolicy(priors={"0": 6.0, "1": 1.0, "2": 3.0}), model, None)

    assert_allclose(decider.posterior(model.scores(X)), after.predict_proba(X), atol=1e-10)
    assert texts(decider, model.scores(X)) == after.predict(X).tolist()


def test_costs_and_thresholds_read_the_probabilities_under_new_priors() -> None:
    model = model_of(("a", "b"), [0.5, 0.5])
    scores = np.log([[0.7, 0.3]])
    priors = {"a": 1.0, "b": 9.0}  # p' of b: 2.7 / (0.7 + 2.7)
    share = 2.7 / 3.4
    costs = {"a": {"a": 0.0, "b": 1.0}, "b": {"a": 2.0, "b": 0.0}}

    by_cost = bind(CostPolicy(costs=costs, priors=priors), model, None).decide(scores)
    below = bind(ThresholdPolicy(threshold=share - 1e-9, priors=priors), model, None)
    above = bind(ThresholdPolicy(threshold=share + 1e-9, priors=priors), model, None)

    assert by_cost.expected_costs is not None
    assert_allclose(by_cost.expected_costs, [[2 * share, 1 - share]], rtol=1e-12)
    assert texts(below, scores) == ["b"]
    assert texts(above, scores) == ["abstain"]


def test_priors_and_scores_at_the_ends_of_the_range_give_numbers() -> None:
    priors = {"c0": 5e-324, "c1": 1e308, "c2": 1.0}
    scores = np.array([[1e308, -1e308, 0.0], [0.0, 0.0, 0.0], [-745.0, 0.0, 0.0]])

    found = bind(ArgmaxPolicy(priors=priors), MODEL, None).decide(scores)

    assert_array_equal(found.winners, [0, 1, 1])
    assert np.isfinite(found.margins).all()


def test_one_class_alone_leads_by_all_there_is() -> None:
    found = bind(ArgmaxPolicy(), model_of(("only",)), None).decide(np.zeros((2, 1)))

    assert_array_equal(found.margins, [1.0, 1.0])


PAIR = model_of(("a", "b"))
FLAT = {"a": {"a": 0.0, "b": 1.0}, "b": {"a": 1.0, "b": 0.0}}


@pytest.mark.parametrize(
    ("policy", "model", "pointers", "reason"),
    [
        (
            ThresholdPolicy(thresholds={"a": 0.5, "z": 0.5}),
            PAIR,
            ["/policy/thresholds/b", "/policy/thresholds/z"],
            "every class",
        ),
        (ArgmaxPolicy(priors={"a": 1.0}), PAIR, ["/policy/priors/b"], "every class"),
        (
            CostPolicy(costs={**FLAT, "z": FLAT["a"]}),
            PAIR,
            ["/policy/costs/z"],
            "only classes",
        ),
        (
            CostPolicy(costs={a: {**row, "review": 0.6} for a, row in FLAT.items()}),
            PAIR,
            ["/policy/costs/a/review"],
            "never has",
        ),
        (
            CostPolicy(
                costs={a: {**row, **{f"w{i}": 0.1 for i in range(101)}} for a, row in FLAT.items()}
            ),
            PAIR,
            ["/policy/costs"],
            "at most 100 actions",
        ),
        (
            ArgmaxPolicy(priors={"a": 1.0, "b": 1.0}),
            model_of(("a", "b"), [1.0, 0.0]),
            ["/policy/priors"],
            "class mix",
        ),
        (SetPolicy(coverage=0.9), PAIR, ["/policy"], "--calibration-size"),
    ],
)
def test_a_policy_that_does_not_fit_the_model_is_refused(
    policy: Policy, model: SoftmaxModel, pointers: list[str], reason: str
) -> None:
    with pytest.raises(InputError, match=reason) as refused:
        bind(policy, model, None)

    assert [fault.pointer for fault in refused.value.faults] == pointers
    assert refused.value.common_code == "invalid_policy"


def test_priors_need_an_intercept_and_a_known_mix() -> None:
    policy = ArgmaxPolicy(priors={"a": 1.0, "b": 3.0})

    with pytest.raises(InputError, match="without an intercept"):
        bind(policy, PAIR, None, fit_intercept=False)
    with pytest.raises(InputError, match="is not known"):
        bind(policy, PAIR, None, knows_shares=False)
    assert bind(ArgmaxPolicy(), PAIR, None, fit_intercept=False, knows_shares=False).actions
