"""How sure the winner is at each pixel, as one of a few tints."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from service.regions.field import ScoreField
from service.regions.spans import Runs
from service.softmax.arrays import Floats

SPANS = (40.0, 300.0)
"""Score ranges up to which factors of exponentials fit single and double precision."""

TILE_PX = 32
"""Steep scores are summed in tiles of this side, in each over the classes that count there."""

NEGLIGIBLE = 40.0
"""A class this many nats below the winner everywhere in a tile changes no digit there."""

FEW_CLASSES = 8
"""Up to so many classes, the greatest product at a pixel is found by trying all."""

FEW_LEVELS = 12
"""Up to so many levels, bands are counted one level after the other."""

PROBA_STEPS = 4096
"""For more levels, probabilities are turned into bands by a table of this many steps."""

Reals = NDArray[np.float64] | NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Shading:
    """The tints of a view of so many pixels.

    Parameters
    ----------
    field : ScoreField
        Scores over the view.
    levels : tuple of float
        Probabilities, ascending, where one tint gives way to the next.
    size : tuple of (int, int)
        Number of pixels across and down the view.
    leads : bool
        Whether the winner is always the most probable class.
    """

    field: ScoreField
    levels: tuple[float, ...]
    size: tuple[int, int]
    leads: bool

    def tints(self, runs: Runs, rows: range) -> NDArray[np.uint32]:
        """Choose the tint of each pixel by the class that wins at its centre, and how surely.

        Parameters
        ----------
        runs : Runs
            The winners of some rows.
        rows : range
            These rows, counted from the top of the view.

        Returns
        -------
        ndarray of shape (n_rows, width)
            ``winner * (n_levels + 1) + band``.
        """
        tints = np.repeat((runs.winners * (len(self.levels) + 1)).astype(np.uint32), runs.lengths)
        if self.levels:
            top, total = self._parts_of_proba(runs, rows)
            tints += _bands(top, total, self.levels).ravel()
        return tints.reshape(len(rows), self.size[0])

    @cached_property
    def _by_column(self) -> Floats:
        """What the column of a pixel adds to the scores, at most zero; (n_classes, width)."""
        across = (np.arange(self.size[0]) + 0.5) / self.size[0] - 0.5
        by_column: Floats = np.outer(self.field.slopes[:, 0], across)
        by_column -= by_column.max(axis=0)
        return by_column

    def _by_row(self, rows: Floats) -> Floats:
        """Give what rows add; shape (n_classes, n_rows)."""
        up = 0.5 - (rows + 0.5) / self.size[1]
        by_row: Floats = np.outer(self.field.slopes[:, 1], up)
        by_row += self.field.scores(np.array([0.5, 0.5]))[:, None]
        by_row -= by_row.max(axis=0)
        return by_row

    @cached_property
    def _span(self) -> float:
        """The largest difference that a column or a row makes: at one of the view's sides."""
        sides = self._by_row(np.array([0.0, self.size[1] - 1.0]))
        return float(-min(self._by_column[:, [0, -1]].min(), sides.min()))

    @cached_property
    def _column_factors(self) -> Reals:
        return self._factors(self._by_column)

    def _factors(self, scores: Floats) -> Reals:
        """Take exponentials in the precision that holds all products of two of them."""
        factors: Floats = np.exp(scores)
        return factors.astype(np.float32) if self._span < SPANS[0] else factors

    def _parts_of_proba(self, runs: Runs, rows: range) -> tuple[Reals, Reals]:
        """Give at each pixel two numbers whose ratio is the probability of the winner.

        Scores are affine, so the exponential of a score is a product of one factor for the
        column and one for the row, and the sum over classes is a matrix product.
        """
        width, by_row = self.size[0], self._by_row(np.arange(float(rows.start), rows.stop))
        if self._span > SPANS[1]:
            return _parts_of_steep(self._by_column, by_row, runs, len(rows))
        column_factors = self._column_factors
        row_factors = self._factors(by_row)
        total: Reals = row_factors.T @ column_factors
        if self.field.n_classes <= FEW_CLASSES and self.leads:
            top: Reals = row_factors[0][:, None] * column_factors[0]
            product = np.empty_like(top)
            for k in range(1, self.field.n_classes):
                np.multiply(row_factors[k][:, None], column_factors[k], out=product)
                np.maximum(top, product, out=top)
            return top, total
        place = np.repeat(runs.winners * width, runs.lengths)
        place += np.tile(np.arange(width), len(rows))
        rows_of_winners: Reals = row_factors[runs.winners, runs.rows].repeat(runs.lengths)
        rows_of_winners *= column_factors.take(place)
        return rows_of_winners.reshape(total.shape), total


def _parts_of_steep(
    by_column: Floats, by_row: Floats, runs: Runs, n_rows: int
) -> tuple[Floats, Floats]:
    """Give the same without products that overflow, as a sum of exponentials of leads."""
    width = by_column.shape[1]
    place = np.repeat(runs.winners * width, runs.lengths)
    place += np.tile(np.arange(width), n_rows)
    best = np.repeat(by_row[runs.winners, runs.rows], runs.lengths) + by_column.take(place)
    best = best.reshape(n_rows, width)
    total = np.zeros(best.shape)
    for top in range(0, n_rows, TILE_PX):
        for left in range(0, width, TILE_PX):
            here = slice(top, top + TILE_PX), slice(left, left + TILE_PX)
            row, column = by_row[:, here[0]], by_column[:, here[1]]
            # Scores are affine: in a tile they lie between sums of the ends.
            least = np.minimum(row[:, 0], row[:, -1]) + np.minimum(column[:, 0], column[:, -1])
            most = np.maximum(row[:, 0], row[:, -1]) + np.maximum(column[:, 0], column[:, -1])
            for k in np.flatnonzero(most >= min(least.max(), best[here].min()) - NEGLIGIBLE):
                lead = row[k][:, None] + column[k] - best[here]
                total[here] += np.exp(np.minimum(lead, 700.0))
    return np.ones(best.shape), total


def _bands(top: Reals, total: Reals, levels: tuple[float, ...]) -> NDArray[np.uint8]:
    """Count the levels that each probability reaches."""
    if len(levels) > FEW_LEVELS:
        steps = np.arange(PROBA_STEPS + 1) / PROBA_STEPS
        table = np.searchsorted(levels, steps, side="right").astype(np.uint8)
        top /= total
        top *= PROBA_STEPS
        return table.take(np.minimum(top, PROBA_STEPS, out=top).astype(np.uint16))
    bands = np.zeros(top.shape, dtype=np.uint8)
    least = np.empty_like(total)
    for level in levels:
        np.multiply(total, level, out=least)
        bands += top >= least
    return bands
