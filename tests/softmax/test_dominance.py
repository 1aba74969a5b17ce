"""Which actions can win: against linear programming."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.optimize import linprog

from service.softmax.arrays import Floats
from service.softmax.dominance import can_win


def advantage(costs: Floats, action: int) -> float:
    """By how much the action can beat all others at the probabilities that suit it best."""
    n_classes, n_actions = costs.shape
    others = np.delete(costs, action, axis=1)
    program = linprog(
        np.append(np.zeros(n_classes), -1.0),
        A_ub=np.column_stack([(costs[:, [action]] - others).T, np.ones(n_actions - 1)]),
        b_ub=np.zeros(n_actions - 1),
        A_eq=[[1.0] * n_classes + [0.0]],
        b_eq=[1.0],
        bounds=[(0, 1)] * n_classes + [(None, None)],
        method="highs",
    )
    assert program.fun is not None
    return -program.fun


@given(n_classes=st.integers(1, 6), n_actions=st.integers(2, 9), seed=st.integers(0, 10_000))
def test_an_action_is_called_out_exactly_when_a_linear_program_finds_no_place_for_it(
    n_classes: int, n_actions: int, seed: int
) -> None:
    costs = np.random.default_rng(seed).random((n_classes, n_actions))

    wins = can_win(costs)

    # Drawn at random, no action is within the solver's 1e-7 of a tie.
    assert_array_equal(wins, [advantage(costs, action) > 0 for action in range(n_actions)])


@given(st.integers(0, 10_000))
def test_an_action_called_out_is_least_nowhere(seed: int) -> None:
    random = np.random.default_rng(seed)
    costs = random.integers(0, 4, size=(3, 7)).astype(float)  # full of ties

    wins = can_win(costs)

    expected = random.dirichlet(0.5 * np.ones(3), size=500) @ costs
    for action in np.flatnonzero(~wins):
        rest = np.delete(expected, action, axis=1).min(axis=1)
        assert (expected[:, action] >= rest - 1e-14).all()  # sums of costs up to 3


def test_of_two_equal_actions_the_second_never_wins() -> None:
    assert_array_equal(can_win(np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])), [True, True, False])


def test_a_mixture_of_two_actions_can_shut_out_a_third_that_neither_does() -> None:
    # Half of the first and half of the second cost 0.5 whatever the class.
    costs = np.array([[0.0, 1.0, 0.55], [1.0, 0.0, 0.55]])

    assert_array_equal(can_win(costs), [True, True, False])


def test_costs_that_are_all_alike_leave_the_first_action() -> None:
    assert_array_equal(can_win(np.zeros((3, 3))), [True, False, False])


def test_a_large_table_is_judged_within_bounds() -> None:
    random = np.random.default_rng(1)
    costs = 10.0 + random.random((400, 400))
    costs[:, 0] = 0.0

    wins = can_win(costs)

    assert wins[0]
