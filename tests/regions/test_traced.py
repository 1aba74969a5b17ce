"""Regions of policies: against the decisions themselves, point by point, and against exact ones."""

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from numpy.testing import assert_allclose

from service.errors import InputError
from service.regions import PictureOptions, draw
from service.regions.field import ScoreField
from service.regions.policies import rule_of
from service.regions.polygons import ABSTAIN, OUTSIDE
from service.regions.rules import Decisions, Rule, decide_view
from service.regions.spans import undecided, winning_runs
from service.regions.traced import PolicyRule, trace_view
from service.softmax.arrays import Floats, Integers
from service.softmax.conformal import CalibrationScores
from service.softmax.decisions import Decider, bind
from service.softmax.model import SoftmaxModel
from service.softmax.policies import ArgmaxPolicy, CostPolicy, Policy, SetPolicy, ThresholdPolicy
from tests.regions.conftest import Trained
from tests.regions.membership import holds

N_CLASSES = 4
MODEL = SoftmaxModel(
    classes_=("a", "b", "c", "d"),
    levels_=(0, 0),
    coef_=np.zeros((4, 2)),
    intercept_=np.zeros(4),
    mean_=np.zeros(2),
    class_prior_=np.array([0.4, 0.3, 0.2, 0.1]),
)
PRIORS = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}


def field_of(seed: int, steepness: float = 5.0) -> ScoreField:
    random = np.random.default_rng(seed)
    slopes = steepness * random.normal(size=(N_CLASSES, 2))
    return ScoreField(slopes=slopes, offsets=-0.5 * slopes.sum(axis=1))


def costs(seed: int, *, own: float | None = None) -> CostPolicy:
    """Mistakes of every price, and perhaps an action of one price."""
    table = np.random.default_rng(seed).uniform(2.0, 6.0, (4, 4)) * (1 - np.eye(4))
    rows = {
        true: dict(zip("abcd", row, strict=True))
        for true, row in zip(MODEL.classes_, table.tolist(), strict=True)
    }
    extra = {} if own is None else {"review": own}
    return CostPolicy(
        costs={str(k): {**{str(a): c for a, c in v.items()}, **extra} for k, v in rows.items()}
    )


def traced(policy: Policy, field: ScoreField) -> tuple[PolicyRule, Decisions]:
    rule = PolicyRule(decider=bind(policy, MODEL, None), classes=MODEL.classes_)
    return rule, trace_view(field, rule)


POLICIES = [
    costs(1),
    costs(2, own=1.0),
    ThresholdPolicy(thresholds={"a": 0.5, "b": 0.6, "c": 0.7, "d": 0.9}),
    ThresholdPolicy(thresholds={"a": 0.0, "b": 0.8, "c": 0.0, "d": 0.4}, priors=PRIORS),
]


def drawn(decisions: Decisions, points: Floats) -> Integers:
    """The class of the piece that holds each point, -1 where none does."""
    found = np.full(len(points), -1)
    for region in decisions.decided:
        found[holds(region.vertices, points)] = region.winner
    return found


@pytest.mark.parametrize("policy", POLICIES, ids=["costs", "review", "thresholds", "priors"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_piece_holds_the_points_that_are_decided_so(policy: Policy, seed: int) -> None:
    field = field_of(seed)
    points = np.random.default_rng(seed).random((20_000, 2))

    rule, decisions = traced(policy, field)

    winners, is_decided = rule.decide(field.scores(points))
    expected = np.where(is_decided, winners, -1)
    # Between two places on a border the piece is straight where the border bends: by less than
    # a hundredth of a cell of 1/80, along a few view widths of border.
    assert (drawn(decisions, points) != expected).mean() < 1e-3
    assert_allclose(decisions.partition.area_shares.sum(), 1.0, atol=1e-12)
    shares = np.bincount(expected + 1, minlength=5)[1:] / len(points)
    assert_allclose(decisions.area_shares, shares, atol=0.015)  # of 20,000 points


@pytest.mark.parametrize("policy", POLICIES, ids=["costs", "review", "thresholds", "priors"])
def test_corners_on_a_border_lie_on_it(policy: Policy) -> None:
    field = field_of(3)
    rule, decisions = traced(policy, field)
    step = 1e-7
    seen = 0

    for region in decisions.decided:
        for rival, (start, end) in zip(region.rivals, region.edges, strict=True):
            if rival == OUTSIDE:
                continue
            along = (end - start) / max(float(np.hypot(*(end - start))), 1e-300)
            outwards = np.array([along[1], -along[0]])
            for corner in (start, end):
                around = corner + step * np.array([outwards, -outwards, along, -along])
                winners, is_decided = rule.decide(field.scores(around))
                # The mark changes within a ten-millionth of the view.
                seen += len(set(np.where(is_decided, winners, -1).tolist())) > 1
            assert rival == ABSTAIN or 0 <= rival < N_CLASSES
    total = 2 * sum(rival != OUTSIDE for r in decisions.decided for rival in r.rivals)
    assert total > 50
    # Where three borders meet, the corner is the middle of a triangle.
    assert seen > 0.97 * total


def test_what_can_be_drawn_exactly_is_traced_alike() -> None:
    even = {k: {a: 3.0 * (a != k) for a in MODEL.classes_} for k in MODEL.classes_}
    chow = {str(k): {**{str(a): c for a, c in row.items()}, "wait": 1.2} for k, row in even.items()}
    policy = CostPolicy(costs=chow, priors=PRIORS)
    field = field_of(4)

    exact = rule_of(bind(policy, MODEL, None), MODEL.classes_)

    assert isinstance(exact, Rule)
    assert exact.threshold == pytest.approx(0.6)
    by_polygons = decide_view(field, exact)
    _, by_pieces = traced(policy, field)
    assert_allclose(by_pieces.area_shares, by_polygons.area_shares, atol=1e-4)


@pytest.mark.parametrize(
    ("policy", "kind"),
    [
        (ArgmaxPolicy(), Rule),
        (ArgmaxPolicy(priors=PRIORS), Rule),
        (ArgmaxPolicy(priors={**PRIORS, "a": 5e-324, "b": 1e308}), PolicyRule),
        (ThresholdPolicy(threshold=0.7), Rule),
        (ThresholdPolicy(thresholds=dict.fromkeys("abcd", 0.7)), Rule),
        (ThresholdPolicy(thresholds={"a": 0.5, "b": 0.5, "c": 0.5, "d": 0.6}), PolicyRule),
        (costs(1), PolicyRule),
        (costs(1, own=0.5), PolicyRule),
        (
            CostPolicy(
                costs={
                    k: {a: 0.0 if a == k else i + 1.0 for a in "abcd"} for i, k in enumerate("abcd")
                }
            ),
            Rule,
        ),
        (
            CostPolicy(costs={k: {a: 2.0 if a == k else 5.0 for a in "abcd"} for k in "abcd"}),
            Rule,
        ),
        (
            CostPolicy(
                costs={k: {a: 0.0 if a == k else 5.0 for a in "abc"} for k in "abcd"},
            ),
            PolicyRule,
        ),
    ],
    ids=str,
)
def test_policies_are_drawn_exactly_where_that_is_possible(policy: Policy, kind: type) -> None:
    decider = bind(policy, MODEL, None)

    rule = rule_of(decider, MODEL.classes_)

    assert type(rule) is kind
    scores = np.random.default_rng(1).normal(size=(2000, 4))
    traced_rule = PolicyRule(decider=decider, classes=MODEL.classes_)
    winners, is_decided = rule.decide(scores)
    theirs, they_decide = traced_rule.decide(scores)
    assert (is_decided == they_decide).all()
    assert (winners[is_decided] == theirs[is_decided]).all()


def test_sets_are_no_regions() -> None:
    scores = CalibrationScores(lac=np.zeros(20), aps=np.zeros(20), y=np.zeros(20, dtype=np.intp))
    decider: Decider = bind(SetPolicy(coverage=0.9), MODEL, scores)

    with pytest.raises(InputError, match="of type argmax, threshold or cost"):
        rule_of(decider, MODEL.classes_)


@pytest.fixture
def reviewed(iris: Trained) -> tuple[Trained, PolicyRule]:
    table = {
        "setosa": {"setosa": 0.0, "versicolor": 5.0, "virginica": 5.0, "review": 1.0},
        "versicolor": {"setosa": 5.0, "versicolor": 0.0, "virginica": 5.0, "review": 1.0},
        "virginica": {"setosa": 5.0, "versicolor": 20.0, "virginica": 0.0, "review": 1.0},
    }
    decider = bind(CostPolicy(costs=table), iris[0], None)
    rule = rule_of(decider, iris[0].classes_)
    assert isinstance(rule, PolicyRule)
    return iris, rule


PETALS = PictureOptions(x="petal_length", y="petal_width")


def test_all_formats_show_a_policy(reviewed: tuple[Trained, PolicyRule]) -> None:
    trained, rule = reviewed

    picture = draw(*trained, options=PETALS, rule=rule)

    assert picture.png().startswith(b"\x89PNG")
    root = ET.fromstring(picture.svg())  # noqa: S314 - our own picture
    names = [path.get("id") for path in root.iter("{http://www.w3.org/2000/svg}clipPath")]
    assert len(names) == len(set(names)) == 3
    document = json.loads(picture.geojson())
    shapes = {
        feature["properties"]["class"]: feature["geometry"]
        for feature in document["features"]
        if "class" in feature["properties"]
    }
    assert set(shapes) == {"setosa", "versicolor", "virginica"}
    assert shapes["virginica"]["type"] == "MultiPolygon"
    shares = [f["properties"].get("area_share", 0.0) for f in document["features"]]
    assert sum(shares) + document["undecided_share"] == pytest.approx(1.0)
    assert document["undecided_share"] > 0.1


def test_small_pictures_name_each_class_once(reviewed: tuple[Trained, PolicyRule]) -> None:
    trained, rule = reviewed

    picture = draw(*trained, options=replace(PETALS, width=300, height=250), rule=rule)

    texts = [text.text for text in picture.scene.texts]
    assert texts.count("virginica") == 1


def test_points_that_are_left_undecided_are_not_wrong(reviewed: tuple[Trained, PolicyRule]) -> None:
    (model, contract, sample), rule = reviewed

    picture = draw(model, contract, sample, rule=rule)

    decided = rule.decider.decide(model.scores(sample.X)).winners
    wrong = (decided != sample.y) & (decided < 3)
    assert picture.subject.points is not None
    assert picture.subject.points.is_wrong.sum() == wrong.sum()


@pytest.mark.parametrize("beside", [{"threshold": 0.5}, {"ratio": 2.0}])
def test_nothing_beside_a_policy_says_what_is_decided(beside: dict[str, float]) -> None:
    with pytest.raises(InputError, match="beside a policy"):
        PictureOptions(policy="review", **beside)  # type: ignore[arg-type]  # one of two numbers


@pytest.mark.parametrize("policy", POLICIES, ids=["costs", "review", "thresholds", "priors"])
def test_a_pixel_shows_what_is_decided_at_its_centre(policy: Policy) -> None:
    field, size = field_of(5), (210, 160)
    u, v = (np.arange(210) + 0.5) / 210, 1.0 - (np.arange(160) + 0.5) / 160
    centres = np.stack(np.meshgrid(u, v), axis=-1).reshape(-1, 2)

    rule, decisions = traced(policy, field)

    winners, is_decided = rule.decide(field.scores(centres))
    strips = [winning_runs(decisions.partition, rows, size) for rows in STRIPS]
    found = np.concatenate([np.repeat(runs.winners, runs.lengths) for runs in strips])
    assert (found != winners)[is_decided].mean() < 1e-3  # centres a hair from a border
    if decisions.kept is not None:
        blank = np.concatenate([undecided(decisions.kept, rows, size) for rows in STRIPS]).ravel()
        assert (blank == is_decided).mean() < 1e-3


STRIPS = (range(50), range(50, 160))
