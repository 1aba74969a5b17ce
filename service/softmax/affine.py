"""The affine map from rows to class scores, arranged for the machine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from service.softmax.arrays import Floats, Integers, frozen

SCRATCH_CELLS = 2**16
"""Scores worked on at a time: half a megabyte, which stays in the cache."""

BLOCK_ROWS = 4096
"""The most rows worked on at a time."""

EPS = float(np.finfo(np.float64).eps)

HARMLESS = 2e-14
"""Rounding that may move into the constant: a fifth of what correct computations differ by."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AffineMap:
    """``z = W (x - centre) + constant`` plus one addend a category, scores class by class.

    A block of scores has one line of memory per class (class-major): with few classes and
    many rows, whatever runs over the classes is then one long vector operation.

    Parameters
    ----------
    numeric : ndarray of int, shape (n_numeric,), or None
        Which features are numbers; None for all of them.
    coef : ndarray of shape (n_classes, n_numeric)
        W, in nats per unit of the feature.
    centre : ndarray of shape (n_numeric,), or None
        What is subtracted from the numbers; None where `constant` has absorbed it.
    constant : ndarray of shape (n_classes, 1)
        Scores at the centre, in nats.
    tables : tuple of (int, ndarray of shape (n_classes, n_levels + 1))
        For each categorical feature its index and what each category adds, in nats.
    """

    numeric: Integers | None
    coef: Floats
    centre: Floats | None
    constant: Floats
    tables: tuple[tuple[int, Floats], ...] = ()

    def blocks(self, X: Floats, temperature: float = 1.0) -> Iterator[tuple[slice, Floats]]:
        """Score block after block of rows.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows as in `scores`.
        temperature : float
            What the scores are divided by.

        Yields
        ------
        slice, ndarray of shape (n_classes, rows of the slice)
            Which rows, and their scores, for the caller to work on in place: the next block
            takes the same memory.
        """
        size = max(1, min(BLOCK_ROWS, SCRATCH_CELLS // len(self.coef)))
        scratch = np.empty((len(self.coef), min(size, len(X))))
        for start in range(0, len(X), size):
            rows = slice(start, min(start + size, len(X)))
            if rows.stop - start < scratch.shape[1]:  # the last block, which must be contiguous
                scratch = np.empty((len(self.coef), rows.stop - start))
            scores = self.scores(X[rows], out=scratch)
            if temperature != 1.0:
                with np.errstate(over="ignore"):
                    scores /= temperature
            yield rows, scores

    def scores(self, X: Floats, out: Floats | None = None) -> Floats:
        """Give the scores of a block of rows.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Numbers in their units, categories as indices into their table.
        out : ndarray of shape (n_classes, n_samples), or None
            Where to put the scores.

        Returns
        -------
        ndarray of shape (n_classes, n_samples)
            Scores in nats; not finite where they leave the range of a double.
        """
        numbers = X if self.numeric is None else X[:, self.numeric]
        with np.errstate(over="ignore", invalid="ignore"):
            if self.centre is not None:
                numbers = numbers - self.centre
            scores: Floats = np.matmul(self.coef, numbers.T, out=out)
            scores += self.constant
            for feature, table in self.tables:
                scores += table[:, X[:, feature].astype(np.intp)]
        return scores


def affine_map(
    coef: Floats, constant: Floats, mean: Floats, levels: Sequence[int], starts: Integers
) -> AffineMap:
    """Arrange ``W (x - m) + b``; fold m into the constant where that costs no digits.

    Against a column such as a time stamp, ``W m`` is so large that its rounding would drown
    the scores; there m stays, and is subtracted from each row.

    Parameters
    ----------
    coef : ndarray of shape (n_classes, n_columns)
        W, in nats per unit of the encoded column.
    constant : ndarray of shape (n_classes,)
        Scores at the mean row, in nats.
    mean : ndarray of shape (n_columns,)
        The mean encoded row.
    levels : sequence of int, length n_features
        Number of categories of each feature; 0 for a numeric one.
    starts : ndarray of int, shape (n_features + 1,)
        First encoded column of each feature.

    Returns
    -------
    AffineMap
        The map.
    """
    numeric = np.flatnonzero(np.array(levels) == 0)
    slopes, centre = coef[:, starts[numeric]], mean[starts[numeric]]
    with np.errstate(over="ignore", invalid="ignore"):  # so large a sum is not harmless
        absorbed = (np.abs(slopes) @ np.abs(centre)).max(initial=0.0)
        is_harmless = (len(centre) + 2) * EPS * absorbed <= HARMLESS
        folded = constant - slopes @ centre if is_harmless else constant
    return AffineMap(
        numeric=None if len(numeric) == len(levels) else numeric,
        coef=frozen(slopes),
        centre=None if is_harmless else frozen(centre),
        constant=frozen(folded[:, None]),
        tables=tuple(
            (feature, _table(coef[:, start : start + count], mean[start : start + count]))
            for feature, (start, count) in enumerate(zip(starts, levels, strict=False))
            if count
        ),
    )


def _table(coef: Floats, shares: Floats) -> Floats:
    """Scores that each category adds; the last column is that of an unseen category."""
    seen = np.column_stack([coef, np.zeros(len(coef))])
    return frozen(seen - (coef @ shares)[:, None])
