"""Straight lines with smooth edges."""

import math

import numpy as np
from numpy.typing import NDArray

Coverage = NDArray[np.float32]


def cover(
    coverage: Coverage, start: tuple[float, float], stop: tuple[float, float], width_px: float
) -> None:
    """Raise the share of each pixel that a line with round ends covers.

    Only pixels near the line are touched: along its longer direction one short run each.

    Parameters
    ----------
    coverage : ndarray of shape (height, width)
        Shares from 0 to 1; written to. What crosses is not counted twice.
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
    columns = np.arange(
        max(0, math.floor(start[0] - reach)), min(width, math.ceil(stop[0] + reach))
    )
    run, rise = stop[0] - start[0], stop[1] - start[1]
    slope = rise / run if run else 0.0
    half = math.ceil(reach * math.hypot(1.0, slope))
    middle = np.clip(columns + 0.5, start[0], stop[0]) - start[0]
    rows = np.floor(start[1] + slope * middle).astype(np.intp)[:, None] + np.arange(-half, half + 1)
    x, y = columns[:, None] + 0.5 - start[0], rows + 0.5 - start[1]
    squared = run * run + rise * rise
    along = np.clip((x * run + y * rise) / (squared or 1.0), 0.0, 1.0)
    away = np.hypot(x - along * run, y - along * rise)
    share = np.clip(reach - away, 0.0, 1.0).astype(np.float32)
    shown = (rows >= 0) & (rows < height) & (share > 0.0)
    at = rows[shown], np.broadcast_to(columns[:, None], rows.shape)[shown]
    coverage[at] = np.maximum(coverage[at], share[shown])
