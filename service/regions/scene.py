"""What is drawn where: the one value that every painter paints."""

from collections.abc import Iterator
from dataclasses import dataclass

from service.regions.field import ScoreField
from service.regions.options import Theme
from service.regions.palette import Ink
from service.regions.polygons import Partition, Region
from service.softmax.arrays import Floats

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Probabilities of the winning class at which the tint changes."""


HATCH_PX = 6
"""From one line to the next of the hatching where nothing is decided, along a row of pixels."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The rectangle that shows the view, in CSS pixels from the top left corner."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first pixel beyond its right side."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The first pixel below it."""
        return self.top + self.height

    def pixels(self, points: Floats) -> Floats:
        """Turn coordinates in the view into pixels.

        Parameters
        ----------
        points : ndarray of shape (n_points, 2)
            Coordinates in the view, which is the unit square with v upwards.

        Returns
        -------
        ndarray of shape (n_points, 2)
            CSS pixels from the left and from the top.
        """
        placed: Floats = points * (self.width, -self.height) + (self.left, self.bottom)
        return placed


@dataclass(frozen=True, kw_only=True)
class Text:
    """A line of text; `y` is its baseline, or with `is_upright` its x."""

    x: float
    y: float
    text: str
    size_px: float
    ink: Ink = "ink"
    anchor: str = "start"
    is_bold: bool = False
    is_upright: bool = False
    has_halo: bool = False


@dataclass(frozen=True, kw_only=True)
class Stroke:
    """A straight line; `between` names the classes on its two sides if it is a boundary."""

    x0: float
    y0: float
    x1: float
    y1: float
    width_px: float
    ink: Ink = "ink"
    between: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Swatch:
    """A rectangle in a tint of one class, or in a neutral one where `k` is None.

    With `is_hatched` it stands for where nothing is decided.
    """

    x: float
    y: float
    width: float
    height: float
    k: int | None
    band: int
    n_bands: int
    is_hatched: bool = False


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a point looks: shape and colour of class `k` (none for a bare ring), ringed if wrong."""

    k: int | None
    radius_px: float
    is_ringed: bool = False
    opacity: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Marker:
    """A single point with its look."""

    x: float
    y: float
    look: Look


@dataclass(frozen=True, kw_only=True, eq=False)
class Marks:
    """Many points, those of one look together, in the order in which they are drawn.

    Parameters
    ----------
    looks : tuple of Look
        The looks that occur.
    counts : tuple of int, length n_looks
        How many points have each.
    places : ndarray of shape (n_points, 2)
        CSS pixels from the left and from the top.
    """

    looks: tuple[Look, ...]
    counts: tuple[int, ...]
    places: Floats

    def groups(self) -> Iterator[tuple[Look, Floats]]:
        """Give the points look by look.

        Yields
        ------
        look : Look
            A look.
        places : ndarray of shape (n_points, 2)
            The points that have it.
        """
        start = 0
        for look, count in zip(self.looks, self.counts, strict=True):
            yield look, self.places[start : start + count]
            start += count


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """A picture, laid out; lengths are CSS pixels, colours are roles that a theme fills.

    Parameters
    ----------
    width, height : int
        Size of the picture.
    theme : {"light", "dark", "auto"}
        Which colours the roles have.
    frame : Frame
        Where the view is shown.
    field : ScoreField
        Scores over the view.
    partition : Partition
        The regions.
    kept : tuple of Region or None
        Where a decision is made; None where that is everywhere.
    levels : tuple of float
        Probabilities at which the tint changes, ascending; none for flat regions.
    strokes : tuple of Stroke
        Boundaries first, then axes.
    swatches : tuple of Swatch
        Boxes of the legend.
    marks : Marks
        Points inside the frame.
    markers : tuple of Marker
        Those of the legend.
    texts : tuple of Text
        All words.
    title, description : str
        For a reader who cannot see the picture.
    """

    width: int
    height: int
    theme: Theme
    frame: Frame
    field: ScoreField
    partition: Partition
    kept: tuple[Region, ...] | None
    levels: tuple[float, ...]
    strokes: tuple[Stroke, ...]
    swatches: tuple[Swatch, ...]
    marks: Marks
    markers: tuple[Marker, ...]
    texts: tuple[Text, ...]
    title: str
    description: str
