"""Straight lines with smooth edges."""

import math

import numpy as np

from service.regions.palette import Bytes

FULL = 255
"""Stands for a pixel that is covered wholly."""


def cover(
    coverage: Bytes, start: tuple[float, float], stop: tuple[float, float], width_px: float
) -> None:
    """Raise the share of each pixel that a line with round ends covers.

    Only pixels near the line are touched: along its longer direction one short run each.

    Parameters
    ----------
    coverage : ndarray of shape (height, width)
        Shares from 0 to 255; written to. What crosses is not counted twice.
    start, stop : tuple of (float, float)
        The ends (x, y), in pixels from the corner of the first pixel.
    width_px : float
        Width of the line.
    """
    if abs(stop[1] - start[1]) > abs(stop[0] - start[0]):
        cover(coverage.T, start[::-1], stop[::-1], width_px)
        return
    if start[0] > stop[0]:
        start, stop = stop, start
    height, width = coverage.shape
    reach = width_px / 2.0 + 0.5
    run, rise = stop[0] - start[0], stop[1] - start[1]
    slope = rise / run if run else 0.0
    left, right = start[0] - reach, stop[0] + reach
    if slope:  # where it is above or below the picture there is nothing to do
        beyond = 2.0 * reach + 1.0
        ends = sorted((y - start[1]) / slope + start[0] for y in (-beyond, height + beyond))
        left, right = max(left, ends[0] - reach), min(right, ends[1] + reach)
    columns = np.arange(max(0, math.floor(left)), min(width, math.ceil(right)))
    half = math.ceil(reach * math.hypot(1.0, slope))
    middle = np.clip(columns + 0.5, start[0], stop[0]) - start[0]
    rows = np.floor(start[1] + slope * middle).astype(np.intp)[:, None] + np.arange(-half, half + 1)
    x, y = columns[:, None] + 0.5 - start[0], rows + 0.5 - start[1]
    squared = run * run + rise * rise
    along = np.clip((x * run + y * rise) / (squared or 1.0), 0.0, 1.0)
    away = np.hypot(x - along * run, y - along * rise)
    share = np.rint(FULL * np.clip(reach - away, 0.0, 1.0)).astype(np.uint8)
    shown = np.nonzero((rows >= 0) & (rows < height) & (share > 0))
    at = rows[shown], columns[shown[0]]
    coverage[at] = np.maximum(coverage[at], share[shown])
