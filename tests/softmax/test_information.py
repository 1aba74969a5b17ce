"""The Fisher information, against differences of the gradient."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from service.softmax import information
from service.softmax.information import fisher_information
from service.softmax.loss import log_loss_gradient
from service.softmax.probability import softmax


def test_the_information_is_the_derivative_of_the_gradient() -> None:
    random = np.random.default_rng(3)
    columns, weights = random.normal(size=(40, 3)), random.integers(0, 4, size=40).astype(float)
    coef, y = random.normal(size=(4, 3)), random.integers(0, 4, size=40)

    found = fisher_information(columns, softmax(columns @ coef.T)[:, 1:], weights)

    step = 1e-5
    for parameter in range(9):
        moved = np.zeros((4, 3))
        moved[1:].flat[parameter] = step
        ahead, behind = (
            log_loss_gradient(columns @ (coef + way * moved).T, y, weights)[:, 1:].T @ columns
            for way in (1, -1)
        )
        # A central difference is off by the square of its step times a third derivative.
        slope = (ahead - behind).ravel() / (2 * step)
        assert_allclose(found[parameter], slope, rtol=1e-6, atol=1e-7)


def test_blocks_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(4)
    columns, proba = random.normal(size=(50, 2)), softmax(random.normal(size=(50, 3)))[:, :2]
    whole = fisher_information(columns, proba, np.ones(50))

    monkeypatch.setattr(information, "BLOCK_NUMBERS", 7)
    blocks = fisher_information(columns, proba, np.ones(50))

    # Fifty terms of size one, added in another order.
    assert_allclose(blocks, whole, rtol=1e-13, atol=1e-14)
