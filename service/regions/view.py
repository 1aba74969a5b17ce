"""The view in pixels: tints, hatching and boundaries."""

import sys
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from service.regions.palette import Bytes, Palette
from service.regions.scene import HATCH_PX, Scene
from service.regions.shading import Shading
from service.regions.spans import undecided, winning_runs
from service.regions.strokes import FULL, cover
from service.softmax.arrays import Booleans, Floats, Integers

BLOCK_PIXELS = 1 << 15
"""Rows of about so many pixels are tinted together: what a block needs stays in the cache, and
the next one finds its memory ready."""

Canvas = NDArray[np.uint32]
"""A pixel's red, green, blue and nothing, as one number."""


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """What is inside the frame of a picture, but for its points and words.

    Parameters
    ----------
    scene : Scene
        The picture.
    palette : Palette
        The theme.
    scale : int
        Device pixels along one CSS pixel.
    """

    scene: Scene
    palette: Palette
    scale: int

    @property
    def size(self) -> tuple[int, int]:
        """Device pixels across and down."""
        return self.scene.frame.width * self.scale, self.scene.frame.height * self.scale

    def paint(self, canvas: Canvas, rows: range) -> None:
        """Paint some rows.

        Parameters
        ----------
        canvas : ndarray of shape (n_rows, width)
            Written to.
        rows : range
            Which rows of the view these are, counted from its top.
        """
        runs = winning_runs(self.scene.partition, rows, self.size)
        step = max(1, BLOCK_PIXELS // self.size[0])
        for start in range(0, len(rows), step):
            here = range(start, min(start + step, len(rows)))
            block, shown = canvas[here.start : here.stop], rows[here.start : here.stop]
            tints = self._shading.tints(runs.of(here), shown)
            block[...] = self._colours.take(tints)
            self._hatch(block, shown)
        self._draw_lines(canvas, rows)

    @cached_property
    def _shading(self) -> Shading:
        scene = self.scene
        return Shading(
            field=scene.field,
            levels=scene.levels,
            size=self.size,
            leads=scene.partition.leads,
        )

    @cached_property
    def _colours(self) -> Canvas:
        tints = self.palette.tints(self.scene.field.n_classes, len(self.scene.levels) + 1)
        flat = np.full((tints.shape[0] * tints.shape[1], 4), 255, dtype=np.uint8)
        flat[:, :3] = tints.reshape(-1, 3)
        return flat.view(np.uint32)[:, 0]

    @cached_property
    def _lines(self) -> Floats:
        """The ends of the boundaries and their widths, in device pixels; shape (n_lines, 5)."""
        left, top = self.scene.frame.left, self.scene.frame.top
        lines = [
            (line.x0 - left, line.y0 - top, line.x1 - left, line.y1 - top, line.width_px)
            for line in self.scene.strokes
            if line.between is not None
        ]
        return self.scale * np.array(lines, dtype=np.float64).reshape(-1, 5)

    def _hatch(self, block: Canvas, rows: range) -> None:
        """Hatch what is not decided."""
        if self.scene.kept is None:
            return
        row, column = np.nonzero(undecided(self.scene.kept, rows, self.size))
        is_line = is_hatch(column, row + rows.start, self.scale)
        block[row, column] = np.where(
            is_line, packed(self.palette.hatch), packed(self.palette.blank)
        )

    def _draw_lines(self, canvas: Canvas, rows: range) -> None:
        """Draw the boundaries over the tints, with smooth edges."""
        lines = self._lines
        high, low = np.minimum(lines[:, 1], lines[:, 3]), np.maximum(lines[:, 1], lines[:, 3])
        reach = lines[:, 4]
        covered = np.zeros(canvas.shape, dtype=np.uint8)
        near = (low + reach >= rows.start) & (high - reach <= rows.stop)
        for x0, y0, x1, y1, width in lines[near].tolist():
            cover(covered, (x0, y0 - rows.start), (x1, y1 - rows.start), width)
        row, column = np.divmod(np.flatnonzero(covered), canvas.shape[1])
        share = covered[row, column, None] / np.float32(FULL)
        under = canvas[row, column].view(np.uint8).reshape(-1, 4)
        ink = np.array(self.palette.ink, dtype=np.float32)
        under[:, :3] = np.rint(under[:, :3] + share * (ink - under[:, :3]))
        canvas[row, column] = under.view(np.uint32)[:, 0]


def packed(colour: tuple[int, int, int] | Bytes) -> int:
    """Give a colour as a pixel of a canvas.

    Parameters
    ----------
    colour : tuple of (int, int, int)
        Bytes of sRGB.

    Returns
    -------
    int
        The pixel.
    """
    red, green, blue = map(int, colour)
    return int.from_bytes(bytes([red, green, blue, 255]), sys.byteorder)


def is_hatch(x: Integers, y: Integers, scale: int) -> Booleans:
    """Say which pixels belong to the lines of a hatching.

    Parameters
    ----------
    x, y : ndarray of shape (n_pixels,)
        Device pixels.
    scale : int
        Device pixels along one CSS pixel.

    Returns
    -------
    ndarray of shape (n_pixels,)
        True on a line.
    """
    return np.asarray((x + y) % (HATCH_PX * scale) < scale)
