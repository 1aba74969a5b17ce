"""The affine map, block by block."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from service.softmax.affine import BLOCK_ROWS, SCRATCH_CELLS, AffineMap, affine_map
from service.softmax.arrays import Floats

DRAW = np.random.default_rng(11)


def numbers_only(n_classes: int, n_features: int, mean: Floats | None = None) -> AffineMap:
    draw = np.random.default_rng(12)
    return affine_map(
        draw.normal(size=(n_classes, n_features)),
        draw.normal(size=n_classes),
        np.full(n_features, 0.1) if mean is None else mean,
        (0,) * n_features,
        np.arange(n_features + 1),
    )


def test_a_small_mean_moves_into_the_constant() -> None:
    held = numbers_only(3, 2)

    assert held.centre is None
    assert_allclose(
        held.scores(np.full((1, 2), 0.1)), held.coef.sum(1, keepdims=True) / 10 + held.constant
    )


@pytest.mark.parametrize("far", [1e3, 1.7e9, 1e200, 1e308])
def test_a_mean_that_would_cost_digits_is_subtracted_from_each_row(far: float) -> None:
    mean = np.array([far, 0.1])
    held = numbers_only(3, 2, mean)

    at_the_mean = held.scores(mean[None, :])

    assert held.centre is not None
    assert_array_equal(at_the_mean, held.constant)


@pytest.mark.parametrize("n_classes", [2, 100, 2 * SCRATCH_CELLS])
@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_blocks_cover_every_row_once(n_classes: int, extra: int) -> None:
    held = numbers_only(n_classes, 1)
    size = max(1, min(BLOCK_ROWS, SCRATCH_CELLS // n_classes))
    X = DRAW.normal(size=(2 * size + extra, 1))

    seen = [(rows, block.copy()) for rows, block in held.blocks(X)]

    assert [row for rows, _ in seen for row in range(*rows.indices(len(X)))] == list(range(len(X)))
    assert_allclose(np.hstack([block for _, block in seen]), held.scores(X), rtol=1e-13, atol=1e-13)


def test_every_block_is_contiguous_so_that_work_in_place_is_fast() -> None:
    X = DRAW.normal(size=(BLOCK_ROWS + 3, 2))

    assert all(block.flags.c_contiguous for _, block in numbers_only(3, 2).blocks(X))


def test_no_rows_have_no_blocks() -> None:
    assert list(numbers_only(3, 2).blocks(np.empty((0, 2)))) == []


def test_rows_stored_by_column_score_the_same() -> None:
    X = DRAW.normal(size=(50, 6))
    held = numbers_only(4, 6)

    assert_allclose(held.scores(np.asfortranarray(X)), held.scores(X), rtol=1e-13, atol=1e-13)


def test_a_small_temperature_overflows_without_a_warning() -> None:
    X = np.array([[1e300]])

    ((_, block),) = numbers_only(2, 1).blocks(X, 1e-300)

    assert np.isinf(block).any()
