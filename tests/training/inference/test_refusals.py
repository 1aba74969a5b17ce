"""What is not inferred from, and the reason that is given."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from service.errors import TrainingError
from service.softmax.arrays import Floats
from service.training.inference.design import numeric_design
from service.training.inference.infer import infer
from tests.training.inference.peers import assert_close, figures, maximum, peer, rows


def refused(X: Floats, **options: Any) -> str:
    data = rows("spector")
    names = tuple("abcdefgh"[: X.shape[1]])
    arguments: dict[str, Any] = {
        "coef": np.zeros((2, X.shape[1])),
        "intercept": np.zeros(2),
        "classes": data.classes,
    }
    with pytest.raises(TrainingError) as refusal:
        infer(numeric_design(X, names), data.y[: len(X)], np.ones(len(X)), **arguments | options)
    return str(refusal.value)


def levels() -> Floats:
    """Three categories in full: with an intercept one column too many."""
    return np.eye(3)[np.arange(32) % 3]


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        (lambda X: np.column_stack([X, levels()]), "1 too many: 'd', 'e', 'f' with the intercept"),
        (lambda X: np.column_stack([X, X[:, 1]]), "1 too many: 'b', 'd'"),
        (lambda X: np.column_stack([X, 1.8 * X[:, 0] + 32]), "'a', 'd' with the intercept"),
        (lambda X: np.column_stack([X, X[:, 1] - X[:, 2]]), "1 too many: 'b', 'c', 'd'"),
        (lambda X: np.column_stack([X[:, 0], np.full(32, 0.1)]), "beside the intercept: 'b'"),
        (lambda X: X[::11], "got 3 rows and 4 coefficients"),
    ],
    ids=["dummy trap", "duplicate", "other unit", "difference", "constant", "few rows"],
)
def test_a_rank_deficient_design_is_refused_by_name(
    columns: Callable[[Floats], Floats], named: str
) -> None:
    assert named in refused(columns(rows("spector").X))


def test_without_an_intercept_a_constant_is_a_column_like_any_other() -> None:
    X = np.column_stack([rows("spector").X, np.ones(32)])
    coef, _ = maximum(X[:, :3], rows("spector").y)
    _, intercept = maximum(X[:, :3], rows("spector").y)

    ours = infer(
        numeric_design(X, ("GPA", "TUCE", "PSI", "one")),
        rows("spector").y,
        np.ones(32),
        coef=np.column_stack([coef, intercept]),
        intercept=np.zeros(2),
        classes=(0, 1),
        fit_intercept=False,
    )

    theirs = np.asarray(peer("spector").bse).ravel()
    assert_close(figures(ours.coefficients, "standard_error", 1)[0], theirs[[1, 2, 3, 0]])


def test_coefficients_off_the_maximum_are_refused() -> None:
    X = rows("spector").X

    assert "within 0.0001 standard errors of the maximum" in refused(X)


@pytest.mark.parametrize("strength", [20.0, 60.0])
def test_separated_classes_are_refused_and_the_columns_named(strength: float) -> None:
    passed = rows("spector").y * 1.0
    X = np.column_stack([rows("spector").X[:, 0], passed])

    reason = refused(
        X,
        coef=np.array([[0, 0], [0, 2 * strength]]),
        intercept=np.array([0.0, -strength]),
    )

    assert "separated" in reason
    assert reason.endswith("what has grown most: 'b'")


def test_what_cannot_be_inferred_from_is_refused() -> None:
    X = rows("spector").X

    assert "between 0 and 1, got 1.0" in refused(X, confidence=1.0)
    assert "expected a column that varies" in refused(X[:, :0])
    assert "zero at x = 0" in refused(X, intercept=np.arange(2.0), fit_intercept=False)
    many = np.broadcast_to(X[:, :1], (32, 6000))
    with pytest.raises(TrainingError, match="at most 5000 coefficients"):
        infer(
            numeric_design(many, tuple(map(str, range(6000)))),
            rows("spector").y,
            np.ones(32),
            coef=np.zeros((2, 6000)),
            intercept=np.zeros(2),
            classes=(0, 1),
        )
