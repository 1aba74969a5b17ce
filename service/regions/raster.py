"""Regions to pixels: who wins at a pixel's centre, and how surely."""

from dataclasses import dataclass

import numpy as np

from service.regions.field import ScoreField
from service.regions.palette import Bytes
from service.regions.polygons import Partition, Region
from service.softmax.arrays import Floats, Integers

BLOCK_PIXELS = 1 << 17
"""Pixels are shaded in blocks of rows of about this many: a poster needs no more memory."""

SPAN_MAX = 600.0
"""Scores further apart than this overflow when their exponentials are multiplied."""

PROBA_STEPS = 4096
"""Probabilities are turned into bands by a table of this many steps."""


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
    canvas: Bytes,
    field: ScoreField,
    partition: Partition,
    tints: Bytes,
    levels: tuple[float, ...],
) -> None:
    """Fill pixels with the tint of the class that wins at their centres.

    Parameters
    ----------
    canvas : ndarray of shape (height, width, 3)
        The pixels of the view, from the top; written to.
    field : ScoreField
        Scores over the view.
    partition : Partition
        The regions of `field`.
    tints : ndarray of shape (n_classes, n_bands, 3)
        Colours of each class, one more than there are levels.
    levels : tuple of float
        Probabilities, ascending, where one tint gives way to the next.
    """
    height, width = canvas.shape[:2]
    n_bands = tints.shape[1]
    flat = tints.reshape(-1, 3)
    steps = np.arange(PROBA_STEPS + 1) / PROBA_STEPS
    bands = np.searchsorted(levels, steps, side="right")
    block = max(1, BLOCK_PIXELS // width)
    for top in range(0, height, block):
        rows = range(top, min(top + block, height))
        runs = winning_runs(partition, rows, (width, height))
        colours = np.repeat(runs.winners * n_bands, runs.lengths)
        if levels:
            proba = winning_proba(field, runs, rows, (width, height))
            colours += bands[(proba * PROBA_STEPS).astype(np.intp)]
        canvas[rows.start : rows.stop] = flat.take(colours, axis=0).reshape(-1, width, 3)


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
    found = [_spans(region, rows, size) for region in partition.regions]
    starts = np.concatenate([row * size[0] + first for row, first in found])
    winners = [
        np.full(len(row), r.winner) for (row, _), r in zip(found, partition.regions, strict=True)
    ]
    order = np.argsort(starts, kind="stable")
    lengths = np.diff(starts[order], append=len(rows) * size[0])
    return Runs(
        rows=np.concatenate([row for row, _ in found])[order],
        winners=np.concatenate(winners)[order],
        lengths=lengths,
    )


def winning_proba(field: ScoreField, runs: Runs, rows: range, size: tuple[int, int]) -> Floats:
    """Give the probability of the winning class at the centre of each pixel.

    Scores are affine, so the exponential of a score is a product of one factor for the
    column and one for the row, and the sum over classes is a matrix product.

    Parameters
    ----------
    field : ScoreField
        Scores over the view.
    runs : Runs
        The winners of `rows`.
    rows : range
        The rows of pixels, counted from the top.
    size : tuple of (int, int)
        Number of pixels across and down the whole view.

    Returns
    -------
    ndarray of shape (n_rows * width,)
        Probabilities from 1 / n_classes to 1.
    """
    width, height = size
    across = (np.arange(width) + 0.5) / width - 0.5
    up = 0.5 - (np.arange(rows.start, rows.stop) + 0.5) / height
    by_column = np.outer(field.slopes[:, 0], across)
    by_row = np.outer(up, field.slopes[:, 1]) + field.scores(np.array([0.5, 0.5]))
    place = np.repeat(runs.winners * width, runs.lengths)
    place += np.tile(np.arange(width), len(rows))
    if max(np.ptp(by_column), np.ptp(by_row)) < SPAN_MAX / 2.0:
        column_factors, row_factors = np.exp(by_column), np.exp(by_row)
        proba: Floats = np.repeat(row_factors[runs.rows, runs.winners], runs.lengths)
        proba *= column_factors.take(place)
        proba /= (row_factors @ column_factors).ravel()
    else:
        best = np.repeat(by_row[runs.rows, runs.winners], runs.lengths) + by_column.take(place)
        best = best.reshape(len(rows), width)
        total = np.zeros(best.shape)
        for k in range(field.n_classes):
            total += np.exp(np.minimum(by_row[:, k, None] + by_column[k] - best, 0.0))
        proba = 1.0 / total.ravel()
    return np.minimum(proba, 1.0, out=proba)


def _spans(region: Region, rows: range, size: tuple[int, int]) -> tuple[Integers, Integers]:
    """Give the rows in which a region holds a pixel's centre, and the first such pixel."""
    width, height = size
    start, stop = region.vertices, np.roll(region.vertices, -1, axis=0)
    v = 1.0 - (np.arange(rows.start, rows.stop) + 0.5) / height
    low, high = np.minimum(start[:, 1], stop[:, 1]), np.maximum(start[:, 1], stop[:, 1])
    meets = (v[:, None] >= low) & (v[:, None] <= high) & (low < high)
    rise = np.where(low < high, stop[:, 1] - start[:, 1], 1.0)
    u = start[:, 0] + (v[:, None] - start[:, 1]) / rise * (stop[:, 0] - start[:, 0])
    left = np.where(meets, u, np.inf).min(axis=1)
    right = np.where(meets, u, -np.inf).max(axis=1)
    inside = np.flatnonzero(left <= right)
    first, last = (
        np.clip(np.ceil(end[inside] * width - 0.5), 0, width).astype(np.intp)
        for end in (left, right)
    )
    holds = first < last
    return inside[holds], first[holds]
