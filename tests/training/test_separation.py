"""Whether a linear rule separates classes: against the program that asks every row at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from service.softmax.arrays import Floats, Integers
from service.softmax.certificate import Separation
from service.softmax.objective import Penalty
from service.training.problem import Problem
from service.training.separation import find_separation


def separation(X: Floats, y: Integers, weight: Floats | None = None) -> Separation | None:
    problem = Problem(
        matrix=X,
        y=y,
        weight=np.ones(len(y)) if weight is None else weight,
        n_classes=int(y.max()) + 1,
        penalty=Penalty(C=np.inf),
        fit_intercept=True,
    )
    point = problem.at(np.zeros(problem.shape))
    names = tuple(f"x{j}" for j in range(X.shape[1]))
    return find_separation(problem, point, tuple("abcd"[: problem.n_classes]), names)


def gains(X: Floats, y: Integers) -> Floats:
    """The most that each pair can gain, up to one, when none may lose: one dense program."""
    columns = np.column_stack([X, np.ones(len(y))])
    n_classes = int(y.max()) + 1
    losses = []
    for row, own in zip(columns, y, strict=True):
        for other in range(n_classes):
            if other != own:
                loss = np.zeros((n_classes, columns.shape[1]))
                loss[own], loss[other] = -row, row
                losses.append(loss.ravel())
    A, n_pairs = np.array(losses), len(losses)
    result = linprog(
        np.concatenate([np.zeros(A.shape[1]), -np.ones(n_pairs)]),
        A_ub=np.hstack([A, np.eye(n_pairs)]),
        b_ub=np.zeros(n_pairs),
        bounds=[(None, None)] * A.shape[1] + [(0, 1)] * n_pairs,
    )
    assert result.x is not None
    return result.x[A.shape[1] :]


@given(st.integers(0, 10**6), st.integers(2, 3), st.integers(4, 14))
@settings(max_examples=80, deadline=None)
def test_a_rule_is_found_exactly_where_there_is_one(seed: int, n_classes: int, n_rows: int) -> None:
    random = np.random.default_rng(seed)
    X = random.integers(-2, 3, size=(n_rows, 2)).astype(float)
    y = np.concatenate([np.arange(n_classes), random.integers(0, n_classes, n_rows - n_classes)])

    found = separation(X, y)

    expected = gains(X, y)
    assert (found is not None) == (expected.max() > 0.5)
    if found is not None and found.kind == "complete":
        assert expected.min() > 0.5


def quasi(n_rows: int = 3000) -> tuple[Floats, Integers]:
    """Noisy classes, but for one rare level that decides its rows."""
    random = np.random.default_rng(5)
    x = random.normal(size=n_rows)
    rare = (np.arange(n_rows) % 300 == 0).astype(float)
    y = (x + random.logistic(size=n_rows) > 0).astype(np.intp)
    y[rare > 0] = 1
    return np.column_stack([x, rare]), y


def test_rows_that_only_a_rare_level_decides_are_found_beyond_the_first_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.training.separation.FIRST_PAIRS", 20)

    found = separation(*quasi())

    assert found == Separation(kind="partial", classes=("a", "b"), columns=("x1",))


def test_a_program_too_large_leaves_it_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.training.separation.LARGEST_PROGRAM", 100)

    found = separation(*quasi())

    assert found is not None
    assert found.kind == "possible"


def test_rows_of_no_weight_separate_nothing_and_hinder_nothing() -> None:
    X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])

    assert separation(X, y) is not None
    assert separation(X, np.array([0, 1, 0, 1])) is None
    assert separation(X, np.array([0, 1, 0, 1]), np.array([1.0, 0.0, 1.0, 1.0])) is not None
