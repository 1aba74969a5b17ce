"""Regions to pixels: who wins at a pixel's centre, and how surely."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.regions.field import ScoreField
from service.regions.polygons import Partition, Region
from service.softmax.arrays import Booleans, Floats, Integers

SPANS = (40.0, 300.0)
"""Score ranges up to which factors of exponentials fit single and double precision."""

PIECES, CORNERS = 64, 4
"""More regions than this, of so many corners at most, are looked at together."""

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
class Runs:
    """Rows of pixels as runs of one winner: along a row a convex region is one run.

    Parameters
    ----------
    rows : ndarray of shape (n_runs,)
        The row of each run, counted from the first row wanted.
    winners : ndarray of shape (n_runs,)
        The class that wins in it.
    lengths : ndarray of shape (n_runs,)
        Its number of pixels; runs follow one another without a gap.
    """

    rows: Integers
    winners: Integers
    lengths: Integers


def shade(
    field: ScoreField,
    partition: Partition,
    levels: tuple[float, ...],
    rows: range,
    size: tuple[int, int],
) -> NDArray[np.uint32]:
    """Choose the tint of each pixel by the class that wins at its centre, and how surely.

    Parameters
    ----------
    field : ScoreField
        Scores over the view.
    partition : Partition
        Who wins where.
    levels : tuple of float
        Probabilities, ascending, where one tint gives way to the next.
    rows : range
        The rows of pixels wanted, counted from the top.
    size : tuple of (int, int)
        Number of pixels across and down the whole view.

    Returns
    -------
    ndarray of shape (n_rows, width)
        ``winner * (n_levels + 1) + band``.
    """
    runs = winning_runs(partition, rows, size)
    tints = np.repeat((runs.winners * (len(levels) + 1)).astype(np.uint32), runs.lengths)
    if levels:
        top, total = _parts_of_proba(field, runs, rows, size, leads=partition.leads)
        tints += _bands(top, total, levels).ravel()
    return tints.reshape(len(rows), size[0])


def winning_runs(partition: Partition, rows: range, size: tuple[int, int]) -> Runs:
    """Find the class that wins at the centre of each pixel.

    Parameters
    ----------
    partition : Partition
        The regions.
    rows : range
        The rows of pixels wanted, counted from the top.
    size : tuple of (int, int)
        Number of pixels across and down the whole view.

    Returns
    -------
    Runs
        The winners of those rows.
    """
    number, row, first, _ = _all_spans(partition.regions, rows, size)
    winners = np.array([region.winner for region in partition.regions])[number]
    starts = row * size[0] + first
    order = np.argsort(starts, kind="stable")
    lengths = np.diff(starts[order], append=len(rows) * size[0])
    return Runs(rows=row[order], winners=winners[order], lengths=lengths)


def undecided(kept: tuple[Region, ...], rows: range, size: tuple[int, int]) -> Booleans:
    """Find the pixels whose centres lie in no region.

    Parameters
    ----------
    kept : tuple of Region
        Regions without overlap.
    rows : range
        The rows of pixels wanted, counted from the top.
    size : tuple of (int, int)
        Number of pixels across and down the whole view.

    Returns
    -------
    ndarray of shape (n_rows, width)
        True in between.
    """
    changes = np.zeros((len(rows), size[0] + 1), dtype=np.int32)
    _, row, first, last = _all_spans(kept, rows, size)
    np.add.at(changes, (row, first), 1)
    np.add.at(changes, (row, last), -1)
    return np.asarray(changes.cumsum(axis=1)[:, :-1] == 0)


def _parts_of_proba(
    field: ScoreField, runs: Runs, rows: range, size: tuple[int, int], *, leads: bool
) -> tuple[Reals, Reals]:
    """Give at each pixel two numbers whose ratio is the probability of the winner.

    Scores are affine, so the exponential of a score is a product of one factor for the
    column and one for the row, and the sum over classes is a matrix product.
    """
    width, height = size
    across = (np.arange(width) + 0.5) / width - 0.5
    up = 0.5 - (np.arange(rows.start, rows.stop) + 0.5) / height
    by_column = np.outer(field.slopes[:, 0], across)
    by_row = np.outer(field.slopes[:, 1], up) + field.scores(np.array([0.5, 0.5]))[:, None]
    by_column -= by_column.max(axis=0)
    by_row -= by_row.max(axis=0)
    span = -min(by_column.min(), by_row.min())
    if span > SPANS[1]:
        return _parts_of_steep(by_column, by_row, runs, len(rows))
    column_factors: Reals = np.exp(by_column)
    row_factors: Reals = np.exp(by_row)
    if span < SPANS[0]:
        column_factors, row_factors = (
            factors.astype(np.float32) for factors in (column_factors, row_factors)
        )
    total: Reals = row_factors.T @ column_factors
    if field.n_classes <= FEW_CLASSES and leads:
        top: Reals = row_factors[0][:, None] * column_factors[0]
        product = np.empty_like(top)
        for k in range(1, field.n_classes):
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


_Spans = tuple[Integers, Integers, Integers, Integers]


def _all_spans(regions: Sequence[Region], rows: range, size: tuple[int, int]) -> _Spans:
    """Give for each region the rows in which it holds a pixel's centre, and the pixels' range.

    The region's number, the row, the first pixel and the one after the last.
    """
    if len(regions) > PIECES and all(len(region.rivals) <= CORNERS for region in regions):
        return _piece_spans(regions, rows, size)
    found = [_spans(region, rows, size) for region in regions]
    numbers = [np.full(len(row), number) for number, (row, _, _) in enumerate(found)]
    if not found:
        return (np.empty(0, dtype=np.intp),) * 4
    row, first, last = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return np.concatenate(numbers), row, first, last


def _piece_spans(regions: Sequence[Region], rows: range, size: tuple[int, int]) -> _Spans:
    """Give the same for many small pieces together; a corner that is missing is doubled."""
    corners = np.array([r.vertices[[0, 1, 2, len(r.rivals) - 1]] for r in regions])
    height = size[1]
    top, bottom = corners[..., 1].max(axis=1), corners[..., 1].min(axis=1)
    begin = np.maximum(np.ceil((1.0 - top) * height - 0.5), rows.start).astype(np.intp)
    end = np.minimum(np.floor((1.0 - bottom) * height - 0.5), rows.stop - 1).astype(np.intp)
    counts = np.maximum(end - begin + 1, 0)
    number = np.repeat(np.arange(len(regions)), counts)
    row = np.arange(len(number)) - np.repeat(counts.cumsum() - counts, counts) + begin[number]
    start = corners[number]
    v = 1.0 - (row[:, None] + 0.5) / height
    inside, first, last = _ends(start, np.roll(start, -1, axis=1), v, size[0])
    return number[inside], row[inside] - rows.start, first, last


def _spans(
    region: Region, rows: range, size: tuple[int, int]
) -> tuple[Integers, Integers, Integers]:
    """Give the rows in which a region holds a pixel's centre, and there the pixels' range."""
    width, height = size
    v = 1.0 - (np.arange(rows.start, rows.stop) + 0.5) / height
    return _ends(region.vertices, np.roll(region.vertices, -1, axis=0), v[:, None], width)


def _ends(
    start: Floats, stop: Floats, v: Floats, width: int
) -> tuple[Integers, Integers, Integers]:
    """Cut convex polygons, given by their edges, by a line each."""
    low, high = np.minimum(start[..., 1], stop[..., 1]), np.maximum(start[..., 1], stop[..., 1])
    meets = (v >= low) & (v <= high) & (low < high)
    rise = np.where(low < high, stop[..., 1] - start[..., 1], 1.0)
    u = start[..., 0] + (v - start[..., 1]) / rise * (stop[..., 0] - start[..., 0])
    left = np.where(meets, u, np.inf).min(axis=1)
    right = np.where(meets, u, -np.inf).max(axis=1)
    inside = np.flatnonzero(left <= right)
    first, last = (
        np.clip(np.ceil(end[inside] * width - 0.5), 0, width).astype(np.intp)
        for end in (left, right)
    )
    holds = first < last
    return inside[holds], first[holds], last[holds]
