"""Explanations: sums, Shapley values by brute force, and what cannot change them."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from service.errors import InputError
from service.softmax.arrays import Floats
from service.softmax.explanations import explain
from service.softmax.model import SoftmaxModel
from service.softmax.shapes import column_starts
from tests.softmax.made import made_model, made_rows

SEEDS = st.integers(0, 10_000)
LEVELS = st.lists(st.sampled_from([0, 0, 2, 3]), min_size=1, max_size=5).map(tuple)


@given(
    seed=SEEDS,
    levels=LEVELS,
    n_classes=st.integers(2, 6),
    scale=st.sampled_from([1e-8, 1.0, 1e6]),
    common=st.sampled_from([0.0, 1e9]),
)
def test_contributions_add_up_to_the_log_odds(
    seed: int, levels: tuple[int, ...], n_classes: int, scale: float, common: float
) -> None:
    plain = made_model(seed, levels, n_classes, temperature=1.7)
    model = replace(plain, coef_=scale * plain.coef_ + common)  # what is common says nothing
    X = made_rows(seed, levels, 10)

    found = explain(model, X)

    total = found.baseline + found.contributions.sum(axis=1)
    size = np.abs(found.baseline) + np.abs(found.contributions).sum(axis=1)
    assert (np.abs(total - found.log_odds) <= 1e-12 * size).all()
    assert [model.classes_[k] for k in found.labels] == model.predict(X)


@given(seed=SEEDS, levels=LEVELS, n_classes=st.integers(2, 6))
def test_the_log_odds_are_those_of_the_published_probabilities(
    seed: int, levels: tuple[int, ...], n_classes: int
) -> None:
    model = made_model(seed, levels, n_classes, temperature=0.8)
    X = made_rows(seed, levels, 10)
    log_proba = model.predict_log_proba(X)
    rows = np.arange(10)

    found = explain(model, X)

    expected = log_proba[rows, found.labels] - log_proba[rows, found.against]
    assert_allclose(found.log_odds, expected, atol=1e-12)
    rest = log_proba.copy()
    rest[rows, found.labels] = -np.inf
    assert_array_equal(found.against, rest.argmax(axis=1))


def coalition_value(
    model: SoftmaxModel, row: Floats, background: Floats, members: set[int], pair: tuple[int, int]
) -> float:
    """Mean log-odds when the features outside the coalition come from the background rows."""
    mixed = background.copy()
    for j in members:
        mixed[:, j] = row[j]
    scores = model.scores(mixed) / model.temperature_
    return float((scores[:, pair[0]] - scores[:, pair[1]]).mean())


@pytest.mark.parametrize("levels", [(0, 0, 0, 0), (0, 3, 0, 2)])
@pytest.mark.parametrize("against", [None, 2])
def test_contributions_are_the_interventional_shapley_values(
    levels: tuple[int, ...], against: int | None
) -> None:
    # The definition itself, over every coalition, with the training rows as background.
    background = made_rows(7, levels, 40)
    mean = np.concatenate(
        [
            [column.mean()] if not count else np.bincount(column.astype(int), minlength=count) / 40
            for column, count in zip(background.T, levels, strict=True)
        ]
    )
    model = replace(made_model(7, levels, 4, temperature=1.3), mean_=mean)
    X = made_rows(8, levels, 6)

    found = explain(model, X, against=against)

    n_features = len(levels)
    for i, row in enumerate(X):
        pair = int(found.labels[i]), int(found.against[i])
        for j in range(n_features):
            others = [k for k in range(n_features) if k != j]
            shapley = 0.0
            for size in range(n_features):
                weight = 1 / (n_features * math.comb(n_features - 1, size))
                for members in map(set, itertools.combinations(others, size)):
                    with_it = coalition_value(model, row, background, members | {j}, pair)
                    without = coalition_value(model, row, background, members, pair)
                    shapley += weight * (with_it - without)
            assert_allclose(found.contributions[i, j], shapley, atol=1e-12)
        assert_allclose(
            found.baseline[i], coalition_value(model, row, background, set(), pair), atol=1e-12
        )


def test_what_is_added_to_every_class_changes_no_explanation() -> None:
    plain = made_model(5, (0, 3), 4)
    shifted = replace(plain, coef_=plain.coef_ + 3.0, intercept_=plain.intercept_ - 2.0)
    X = made_rows(5, (0, 3), 20)

    ours, theirs = explain(plain, X, centred=True), explain(shifted, X, centred=True)

    for name in ("log_odds", "baseline", "contributions", "centred", "centred_baseline"):
        assert_allclose(getattr(ours, name), getattr(theirs, name), atol=1e-13)


def test_centred_parts_add_up_to_the_centred_scores() -> None:
    model = made_model(6, (0, 2, 0), 5, temperature=2.0)
    X = made_rows(6, (0, 2, 0), 20)
    log_proba = model.predict_log_proba(X)

    found = explain(model, X, centred=True)

    assert found.centred is not None
    assert found.centred_baseline is not None
    assert_allclose(
        found.centred_baseline + found.centred.sum(axis=1),
        log_proba - log_proba.mean(axis=1, keepdims=True),
        atol=1e-13,
    )
    assert_allclose(found.centred.sum(axis=2), 0.0, atol=1e-13)


def test_a_named_class_takes_the_place_of_the_runner_up() -> None:
    model = made_model(2, (0, 0), 3)
    X = made_rows(2, (0, 0), 30)

    found = explain(model, X, against=1)

    assert (found.against == 1).all()
    itself = found.labels == 1
    assert itself.any()
    assert (found.contributions[itself] == 0).all()
    assert (found.log_odds[itself] == 0).all()


def test_an_unseen_category_counts_as_no_category() -> None:
    model = made_model(3, (2, 0), 3)
    row = np.array([[2.0, 0.4]])

    found = explain(model, row)

    starts = column_starts((2, 0))
    weights = model.coef_[found.labels[0]] - model.coef_[found.against[0]]
    expected = weights[starts[0] : starts[1]] @ -model.mean_[starts[0] : starts[1]]
    assert_allclose(found.contributions[0, 0], expected, rtol=1e-13)


def test_rows_whose_parts_leave_the_range_of_a_double_are_named() -> None:
    model = replace(made_model(3, (0,), 2), coef_=np.array([[8e307], [-8e307]]), mean_=np.zeros(1))

    with pytest.raises(InputError) as refused:
        explain(model, np.array([[0.5], [1.5]]))

    assert [fault.location for fault in refused.value.faults] == [(1,)]
    assert refused.value.common_code == "outside_domain"
