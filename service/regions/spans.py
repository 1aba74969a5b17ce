"""Polygons to rows of pixels: along a row a convex region is one run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.regions.polygons import Partition, Region
from service.softmax.arrays import Booleans, Floats, Integers

TOGETHER, CORNERS = 64, 16
"""More regions than this, of so many corners at most, are looked at together."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Runs:
    """Rows of pixels as runs of one winner.

    Parameters
    ----------
    rows : ndarray of shape (n_runs,)
        The row of each run, counted from the first row wanted; ascending.
    winners : ndarray of shape (n_runs,)
        The class that wins in it.
    lengths : ndarray of shape (n_runs,)
        Its number of pixels; runs follow one another without a gap.
    """

    rows: Integers
    winners: Integers
    lengths: Integers

    def of(self, rows: range) -> "Runs":
        """Give those of some of the rows.

        Parameters
        ----------
        rows : range
            Rows, counted as `rows` counts them.

        Returns
        -------
        Runs
            Counted from the first of them.
        """
        first, last = np.searchsorted(self.rows, (rows.start, rows.stop))
        return Runs(
            rows=self.rows[first:last] - rows.start,
            winners=self.winners[first:last],
            lengths=self.lengths[first:last],
        )


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


_Spans = tuple[Integers, Integers, Integers, Integers]


def _all_spans(regions: Sequence[Region], rows: range, size: tuple[int, int]) -> _Spans:
    """Give for each region the rows in which it holds a pixel's centre, and the pixels' range.

    The region's number, the row, the first pixel and the one after the last.
    """
    if len(regions) > TOGETHER and max(len(region.rivals) for region in regions) <= CORNERS:
        return _spans_together(regions, rows, size)
    found = [_spans(number, region, rows, size) for number, region in enumerate(regions)]
    if not found:
        return (np.empty(0, dtype=np.intp),) * 4
    number, row, first, last = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return number, row, first, last


def _spans(number: int, region: Region, rows: range, size: tuple[int, int]) -> _Spans:
    """Cut a region along its two sides, both of which rise from its lowest corner."""
    width, height = size
    lowest = int(region.vertices[:, 1].argmin())
    around = np.concatenate([region.vertices[lowest:], region.vertices[: lowest + 1]])
    highest = int(around[:, 1].argmax())
    begin = max(rows.start, math.ceil((1.0 - float(around[highest, 1])) * height - 0.5))
    end = min(rows.stop - 1, math.floor((1.0 - float(around[0, 1])) * height - 0.5))
    row = np.arange(begin, end + 1)
    v = 1.0 - (row + 0.5) / height
    first, last = (
        _pixels(np.interp(v, side[:, 1], side[:, 0]), width)
        for side in (around[highest:][::-1], around[: highest + 1])
    )
    holds = np.flatnonzero(first < last)
    return np.full(len(holds), number), row[holds] - rows.start, first[holds], last[holds]


def _spans_together(regions: Sequence[Region], rows: range, size: tuple[int, int]) -> _Spans:
    """Cut many small regions at once, along all their edges; a last corner stands for none."""
    height, most = size[1], max(len(region.rivals) for region in regions)
    corners = np.array(
        [r.vertices[np.minimum(np.arange(most), len(r.rivals) - 1)] for r in regions]
    )
    top, bottom = corners[..., 1].max(axis=1), corners[..., 1].min(axis=1)
    begin = np.maximum(np.ceil((1.0 - top) * height - 0.5), rows.start).astype(np.intp)
    end = np.minimum(np.floor((1.0 - bottom) * height - 0.5), rows.stop - 1).astype(np.intp)
    counts = np.maximum(end - begin + 1, 0)
    number = np.repeat(np.arange(len(regions)), counts)
    row = np.arange(len(number)) - np.repeat(counts.cumsum() - counts, counts) + begin[number]
    start, v = corners[number], 1.0 - (row[:, None] + 0.5) / height
    stop = np.roll(corners, -1, axis=1)[number]
    low, high = np.minimum(start[..., 1], stop[..., 1]), np.maximum(start[..., 1], stop[..., 1])
    meets = (v >= low) & (v <= high) & (low < high)
    rise = np.where(low < high, stop[..., 1] - start[..., 1], 1.0)
    u = start[..., 0] + (v - start[..., 1]) / rise * (stop[..., 0] - start[..., 0])
    first = _pixels(np.where(meets, u, np.inf).min(axis=1), size[0])
    last = _pixels(np.where(meets, u, -np.inf).max(axis=1), size[0])
    holds = first < last
    return number[holds], row[holds] - rows.start, first[holds], last[holds]


def _pixels(u: Floats, width: int) -> Integers:
    """Give the first pixel whose centre is not left of each place."""
    return np.clip(np.ceil(u * width - 0.5), 0, width).astype(np.intp)
