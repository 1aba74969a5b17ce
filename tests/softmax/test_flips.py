"""Flips: `predict` is asked on both sides of each, and a fine search finds none nearer."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.softmax.arrays import Floats
from service.softmax.contract import CategoricalFeature, FeatureContract, NumericFeature
from service.softmax.flips import Flip, nearest_flips
from service.softmax.model import SoftmaxModel
from tests.softmax.made import made_contract, made_model, made_rows

SEEDS = st.integers(0, 10_000)
LEVELS = st.lists(st.sampled_from([0, 0, 2, 4]), min_size=1, max_size=5).map(tuple)


def label_with(model: SoftmaxModel, row: Floats, j: int, value: float) -> int:
    changed = row.copy()
    changed[j] = value
    return model.classes_.index(model.predict(changed[None, :])[0])


def nearest_on_a_grid(model: SoftmaxModel, row: Floats, j: int, feature: NumericFeature) -> float:
    """Least change of a number on a grid over its range that changes the label."""
    values = np.linspace(feature.low, feature.high, 4001)
    X = np.repeat(row[None, :], len(values), axis=0)
    X[:, j] = values
    old = model.predict(row[None, :])[0]
    changed = np.array([label != old for label in model.predict(X)])
    return float(np.abs(values[changed] - row[j]).min()) if changed.any() else math.inf


@given(
    seed=SEEDS,
    levels=LEVELS,
    n_classes=st.integers(2, 6),
    scale=st.sampled_from([1e-3, 1.0, 30.0]),
    offset=st.sampled_from([0.0, 1.7e9]),
)
def test_predict_says_the_label_at_the_value_and_the_old_one_just_before(
    seed: int, levels: tuple[int, ...], n_classes: int, scale: float, offset: float
) -> None:
    plain = made_model(seed, levels, n_classes, temperature=1.5)
    is_number = np.repeat([not count for count in levels], [count or 1 for count in levels])
    model = replace(plain, coef_=scale * plain.coef_, mean_=plain.mean_ + offset * is_number)
    features = [
        replace(f, low=f.low + offset, high=f.high + offset, median=offset)
        if isinstance(f, NumericFeature)
        else f
        for f in made_contract(levels).features
    ]
    contract = FeatureContract(features=tuple(features))
    row = np.clip(made_rows(seed, levels, 1)[0], -3.0, 3.0) + offset * np.array(
        [not count for count in levels]
    )
    old = label_with(model, row, 0, row[0])

    flips = nearest_flips(model, contract, row)

    for j, (feature, flip) in enumerate(zip(contract.features, flips, strict=True)):
        if isinstance(feature, CategoricalFeature):
            labels = [label_with(model, row, j, code) for code in range(feature.levels)]
            assert (flip is None) == (set(labels) == {old})
            if flip is not None:
                assert flip.label == labels[int(feature.codes[flip.value])] != old
                assert flip.delta is None
            continue
        x = float(row[j])
        grid = nearest_on_a_grid(model, row, j, feature)
        step = (feature.high - feature.low) / 4000
        if flip is None:
            assert grid == math.inf
            continue
        assert isinstance(flip.value, float)
        assert feature.low <= flip.value <= feature.high
        assert flip.delta == flip.value - x
        assert label_with(model, row, j, flip.value) == flip.label != old
        assert label_with(model, row, j, math.nextafter(flip.value, x)) == old
        # The grid may step over a rival's interval that is narrower than a step.
        assert abs(flip.delta) <= grid + 1e-9 * (1 + abs(offset) * 1e-6)
        assert grid <= abs(flip.delta) + step or grid == math.inf


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-4.0, 4.0, Flip(value=0.5, delta=-1.5, label=0)),
        (0.5, 4.0, Flip(value=0.5, delta=-1.5, label=0)),
        (0.6, 4.0, None),  # the tie is outside the training range
        (-4.0, 1.0, Flip(value=0.5, delta=-1.5, label=0)),  # the row is above it
        (-4.0, 0.25, None),  # all of the range has the other label, but the change is outside
        (2.0, 2.0, None),
    ],
)
def test_a_flip_lies_inside_the_training_range(
    low: float, high: float, expected: Flip | None
) -> None:
    model = SoftmaxModel(
        classes_=("a", "b"),
        levels_=(0,),
        coef_=np.array([[0.0], [2.0]]),
        intercept_=np.array([0.0, 1.0]),
        mean_=np.array([1.0]),
        class_prior_=np.array([0.5, 0.5]),
    )
    number = NumericFeature(name="size", low=low, high=high, median=low)

    flips = nearest_flips(model, FeatureContract(features=(number,)), np.array([2.0]))

    assert flips == (expected,)


def test_a_feature_that_says_nothing_has_no_flip() -> None:
    model = replace(made_model(1, (0, 2), 3), coef_=np.full((3, 3), 5.0))

    flips = nearest_flips(model, made_contract((0, 2)), np.array([0.5, 1.0]))

    assert flips == (None, None)


def test_the_nearest_of_several_categories_changes_the_evidence_least() -> None:
    model = SoftmaxModel(
        classes_=("a", "b"),
        levels_=(4,),
        coef_=np.array([[0.0, 0.0, 0.0, 0.0], [-2.0, 5.0, 0.5, -1.0]]),
        intercept_=np.zeros(2),
        mean_=np.zeros(4),
        class_prior_=np.array([0.5, 0.5]),
    )
    contract = FeatureContract(
        features=(CategoricalFeature(name="colour", categories=(7, 8, 9, None), mode=7),)
    )

    assert nearest_flips(model, contract, np.array([0.0])) == (Flip(value=9, delta=None, label=1),)
    assert nearest_flips(model, contract, np.array([1.0])) == (
        Flip(value=None, delta=None, label=0),
    )


def test_a_row_of_an_unseen_category_can_flip_to_a_seen_one() -> None:
    model = SoftmaxModel(
        classes_=("a", "b"),
        levels_=(2,),
        coef_=np.array([[0.0, 0.0], [3.0, 3.0]]),
        intercept_=np.array([0.0, 1.0]),
        mean_=np.array([1.0, 0.0]),
        class_prior_=np.array([0.5, 0.5]),
    )

    flips = nearest_flips(model, made_contract((2,)), np.array([2.0]))

    assert flips == (Flip(value="l0", delta=None, label=1),)
