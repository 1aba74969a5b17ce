"""One row at a time: arithmetic without arrays, where arrays cost more than they save.

Each array operation costs half a microsecond however few numbers it works on, and a softmax
takes a dozen of them. A small model is written out as straight-line code with its numbers
in it and compiled, which is twenty times faster; a wider one needs a single array operation.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from service.softmax.arrays import Floats

RowProba = Callable[[Sequence[float]], list[float] | None]
"""Numbers of a row to the probabilities of its classes; None where a block must decide."""

RowTest = Callable[[Sequence[float]], bool]
"""Numbers of a row to whether something holds of them."""

MAX_TERMS = 256
"""Products above which one array operation is faster than straight-line code."""

MAX_CLASSES = 64
"""Classes above which a block of one row is faster than a list."""

MAX_SCORE = 700.0
"""Nats from zero up to which neither an exponential nor a sum of them leaves normal doubles."""


def row_softmax(coef: Floats, constant: Floats, centre: Floats | None) -> RowProba | None:
    """Make the fastest evaluation of ``softmax(W (x - centre) + constant)`` for one row.

    Parameters
    ----------
    coef : ndarray of shape (n_classes, n_features)
        W, in nats per unit of the feature.
    constant : ndarray of shape (n_classes,)
        Scores at the centre, in nats.
    centre : ndarray of shape (n_features,), or None
        What is subtracted from the row.

    Returns
    -------
    callable or None
        From a sequence of n_features numbers to a list of n_classes probabilities, which
        sums to one within 8 units of rounding; None in place of the list where a score may
        leave the range of a double, or straight-line code does not reach. None in place of
        the callable where nothing is faster than a block.

    Examples
    --------
    >>> row_softmax(np.array([[0.0], [1.0]]), np.array([0.0, 0.0]), None)([0.0])
    [0.5, 0.5]
    """
    n_classes, n_features = coef.shape
    if n_classes > MAX_CLASSES or not n_features:
        return None
    if not (np.isfinite(coef).all() and np.isfinite(constant).all()):  # divided by a tiny number
        return None
    if coef.size > MAX_TERMS:
        return _by_product(coef, constant, centre)
    return _by_straight_line(coef, constant, centre)


def row_within(ranges: Sequence[tuple[float, float]]) -> RowTest:
    """Make the test whether every number of a row lies in its range.

    Parameters
    ----------
    ranges : sequence of pairs of float, length n_features
        Lowest and highest value of each feature; finite.

    Returns
    -------
    callable
        From a sequence of n_features numbers to a boolean; no NaN lies in a range.

    Raises
    ------
    ValueError
        By the callable, if the row has another length.

    Examples
    --------
    >>> row_within([(0.0, 1.0), (-1.0, 1.0)])([0.5, 2.0])
    False
    """
    names = [f"x{j}" for j in range(len(ranges))]
    tests = [
        f"{_written(low)} <= {name} <= {_written(high)}"
        for name, (low, high) in zip(names, ranges, strict=True)
    ]
    lines = [", ".join(names) + ", = row", "return " + " and ".join(tests)]
    test: RowTest = _compiled("test", lines, {})
    return test


def _compiled(name: str, lines: Sequence[str], scope: Mapping[str, Any]) -> Callable[..., Any]:
    """Compile a function of a row from lines made of names of ours and finite numbers."""
    source = f"def {name}(row):\n    " + "\n    ".join(lines)
    found: dict[str, Any] = {**scope, "__builtins__": {}}
    exec(compile(source, "<straight line>", "exec"), found)  # noqa: S102 - nothing else is in it
    compiled: Callable[..., Any] = found[name]
    return compiled


def _by_product(coef: Floats, constant: Floats, centre: Floats | None) -> RowProba:
    def proba(row: Sequence[float]) -> list[float] | None:
        x = np.array(row, dtype=np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            scores = (coef.dot(x if centre is None else x - centre) + constant).tolist()
        if not math.isfinite(sum(scores)):
            return None
        largest = max(scores)
        weights = [math.exp(score - largest) for score in scores]
        total = math.fsum(weights)
        return [weight / total for weight in weights]

    return proba


def _by_straight_line(coef: Floats, constant: Floats, centre: Floats | None) -> RowProba:
    """Compile a function for these numbers.

    It takes exponentials of the scores as they are: shifting them by the largest, as
    must be done in general, costs as much as a third of the products.
    """
    features, classes = range(coef.shape[1]), range(len(coef))
    lines = [", ".join(f"x{j}" for j in features) + ", = row"]
    if centre is not None:
        lines += [f"x{j} -= {_written(centre[j])}" for j in features]
    lines += [f"z{k} = {_score(coef[k], constant[k])}" for k in classes]
    reached = " and ".join(f"-{MAX_SCORE} < z{k} < {MAX_SCORE}" for k in classes)
    lines.append(f"if not ({reached}): return None")
    lines += [f"e{k} = exp(z{k})" for k in classes]
    lines.append("total = " + _sum_in_pairs([f"e{k}" for k in classes]))
    lines.append("return [" + ", ".join(f"e{k} / total" for k in classes) + "]")
    proba: RowProba = _compiled("proba", lines, {"exp": math.exp})
    return proba


def _score(slopes: Floats, offset: float) -> str:
    products = [f"x{j} * {_written(slope)}" for j, slope in enumerate(slopes)]
    return " + ".join([*products, _written(offset)])


def _written(number: float) -> str:
    return repr(float(number))


def _sum_in_pairs(terms: Sequence[str]) -> str:
    """Write a sum of pairs, pairs of pairs and so on, which rounds once per doubling."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return f"({_sum_in_pairs(terms[:half])} + {_sum_in_pairs(terms[half:])})"
