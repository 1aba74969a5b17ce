"""Which actions can have the least expected cost at all."""

import numpy as np

from service.softmax.arrays import Booleans, Floats

WORK = 2 * 10**7
"""Bound on the numbers touched, so that a table made to be hard costs no more than a batch."""

TOLERANCE = 1e-9
"""An action is called out only when a mixture of others is better by this share of the costs."""

ZERO = 1e-12
"""Numbers of the tableau, whose largest are about 1, below this are rounding."""


def can_win(costs: Floats) -> Booleans:
    """Tell the actions that have the least expected cost at some probabilities.

    An action wins nowhere if an earlier one costs no more whatever the class, since ties go to
    the first; or if some mixture of others, drawn at random, costs less whatever the class.
    The second is the value of a game: who mixes the others plays against who picks the class.

    Parameters
    ----------
    costs : ndarray of shape (n_classes, n_actions)
        What each action costs on a row of each class; finite, none below zero.

    Returns
    -------
    ndarray of shape (n_actions,)
        False where it is certain that the action never wins.

    References
    ----------
    .. [1] D. Gale, H. W. Kuhn, A. W. Tucker, "Linear Programming and the Theory of Games",
       in Activity Analysis of Production and Allocation, 1951.

    Examples
    --------
    Asking at 0.3 pays unless one class has more than 0.7; asking at 0.6 never pays, since the
    better guess is wrong half of the time at most:

    >>> can_win(np.array([[0.0, 1.0, 0.3, 0.6], [1.0, 0.0, 0.3, 0.6]]))
    array([ True,  True,  True, False])
    """
    found = np.zeros(costs.shape[1], dtype=np.bool_)
    found[costs.argmin(axis=1)] = True  # where the class is certain
    found[costs.mean(axis=0).argmin()] = True
    scale = costs.max(initial=0.0)
    work = WORK
    for action in np.flatnonzero(~found):
        if work <= 0:
            found[action] = True
            continue
        gains = costs[:, [action]] - np.delete(costs, action, axis=1)
        is_dominated = bool((gains[:, :action] >= 0.0).all(axis=0).any())
        work -= 4 * gains.size
        if not is_dominated:
            mixture, work = _best_mixture(gains / scale, work)
            is_dominated = bool((gains @ mixture).min() > TOLERANCE * scale)
        found[action] = not is_dominated
    return found


def _best_mixture(gains: Floats, work: int) -> tuple[Floats, int]:
    """Mix columns so that the least entry of the mixture is as great as can be.

    The simplex method on ``max sum(u), gains' u <= 1, u >= 0`` of the game made positive,
    whose dual solution is the mixture; Bland's rule, so that it ends.
    """
    n_rows, n_columns = gains.shape
    positive = gains - gains.min() + 1.0
    tableau = np.zeros((n_columns + 1, n_rows + n_columns + 1))
    tableau[:-1, :n_rows] = positive.T
    tableau[:-1, n_rows:-1] = np.eye(n_columns)
    tableau[:-1, -1] = 1.0
    tableau[-1, :n_rows] = -1.0
    basis = np.arange(n_rows, n_rows + n_columns)
    while work > 0:
        entering = np.flatnonzero(tableau[-1, :-1] < -ZERO)
        if not len(entering):
            break
        column = tableau[:-1, entering[0]]
        ratios = np.full(n_columns, np.inf)
        np.divide(tableau[:-1, -1], column, out=ratios, where=column > ZERO)
        if np.isinf(ratios.min()):  # all entries were positive: only rounding leads here
            break
        ties = np.flatnonzero(ratios <= ratios.min() + ZERO)
        leaving = ties[basis[ties].argmin()]
        tableau[leaving] /= tableau[leaving, entering[0]]
        others = np.arange(n_columns + 1) != leaving
        tableau[others] -= np.outer(tableau[others, entering[0]], tableau[leaving])
        basis[leaving] = entering[0]
        work -= tableau.size
    mixture = np.maximum(tableau[-1, n_rows:-1], 0.0)
    total = mixture.sum()
    return (mixture / total if total > 0 else mixture), work
