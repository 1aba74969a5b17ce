"""Calibration scores: the definitions, row by row, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from service.errors import ValueRefusedError
from service.softmax.conformal import (
    CalibrationScores,
    ScoredRows,
    calibration_scores,
    cumulative_proba,
)


@given(n_classes=st.integers(2, 12), seed=st.integers(0, 10_000))
def test_scores_are_those_of_the_definition(n_classes: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    proba = random.dirichlet(np.ones(n_classes), size=30)
    proba[0] = 1 / n_classes  # every class ties
    y = random.integers(n_classes, size=30)

    scores = calibration_scores(proba, y)

    assert_array_equal(scores.y, np.sort(y))
    for k in range(n_classes):
        rows = proba[y == k]
        lac = sorted(1 - row[k] for row in rows)
        aps = sorted(sum(p for j, p in enumerate(row) if (p, -j) >= (row[k], -k)) for row in rows)
        assert_array_equal(scores.lac[scores.y == k], lac)
        # A dozen terms, added in another order.
        assert_allclose(scores.aps[scores.y == k], aps, rtol=1e-14)


def test_the_last_class_in_rank_has_all_the_probability_and_no_more() -> None:
    random = np.random.default_rng(1)

    cumulative = cumulative_proba(random.dirichlet(np.ones(50), size=200))

    assert (cumulative <= 1.0).all()
    assert_allclose(cumulative.max(axis=1), 1.0, rtol=1e-14)


@pytest.mark.parametrize(
    ("lac", "aps", "y", "reason"),
    [
        ([], [], [], "as many scores"),
        ([0.5], [0.5, 0.6], [0], "as many scores"),
        ([0.5], [1.5], [0], "from 0 to 1 in aps"),
        ([np.nan], [0.5], [0], "from 0 to 1 in lac"),
        ([0.5, 0.4], [0.5, 0.6], [0, 0], "lac in ascending order"),
        ([0.5, 0.4], [0.5, 0.6], [1, 0], "classes of calibration scores"),
        ([0.5], [0.5], [-1], "classes of calibration scores"),
    ],
)
def test_scores_in_a_wrong_state_cannot_exist(
    lac: list[float], aps: list[float], y: list[int], reason: str
) -> None:
    with pytest.raises(ValueRefusedError, match=reason):
        CalibrationScores(lac=np.array(lac), aps=np.array(aps), y=np.array(y, dtype=np.intp))


@pytest.mark.parametrize(
    ("scores", "y", "reason"),
    [
        ([0.5, 0.4], [0, 0], "one class a row"),
        ([[0.5, 0.4]], [0, 0], "one class a row"),
        ([[0.5, np.inf]], [0], "finite scores"),
        ([[0.5, 0.4]], [2], "indices of classes"),
        ([[0.5, 0.4]], [-1], "indices of classes"),
    ],
)
def test_scored_rows_in_a_wrong_state_cannot_exist(
    scores: list[object], y: list[int], reason: str
) -> None:
    with pytest.raises(ValueRefusedError, match=reason):
        ScoredRows(scores=np.array(scores), y=np.array(y, dtype=np.intp))
