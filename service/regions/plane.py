"""A plane through feature space, and the scores over it."""

from dataclasses import dataclass

import numpy as np

from service.errors import Fault, InputError, ValueRefusedError
from service.regions.field import ScoreField
from service.softmax.arrays import Floats, frozen
from service.softmax.model import SoftmaxModel
from service.softmax.shapes import column_starts


@dataclass(frozen=True, kw_only=True, eq=False)
class Axis:
    """One of the two directions of a plane, and how far the view reaches along it.

    Parameters
    ----------
    name : str
        What the axis shows.
    direction : ndarray of shape (n_features,)
        Change of a row for one unit along the axis; zero for categorical features.
    reading : ndarray of shape (n_features,)
        A row's coordinate is its scalar product with this: the direction itself, unless the
        axis measures features of different units.
    low, high : float
        The view, in the axis's units.
    variance_share : float, optional
        Share of the sample's variance along a principal component.
    """

    name: str
    direction: Floats
    reading: Floats
    low: float
    high: float
    variance_share: float | None = None

    @property
    def span(self) -> float:
        """Extent of the view."""
        return self.high - self.low


@dataclass(frozen=True, kw_only=True, eq=False)
class Plane:
    """A plane in feature space: ``base + s * x.direction + t * y.direction``.

    Parameters
    ----------
    base : ndarray of shape (n_features,)
        The row at s = t = 0, as `SoftmaxModel.scores` takes it.
    x, y : Axis
        The axes; each reads zero along the other.
    held : tuple of (str, str)
        The features that the plane holds fixed, by name and value as text; those whose value
        the caller chose come first.
    """

    base: Floats
    x: Axis
    y: Axis
    held: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "base", frozen(self.base))

    def rows(self, points: Floats) -> Floats:
        """Give the rows of feature space at points of the view.

        Parameters
        ----------
        points : ndarray of shape (n_points, 2)
            Coordinates in the view, which is the unit square.

        Returns
        -------
        ndarray of shape (n_points, n_features)
            Rows as `SoftmaxModel.scores` takes them.
        """
        units = self.in_units(points)
        return self.base + units[:, :1] * self.x.direction + units[:, 1:] * self.y.direction

    def in_units(self, points: Floats) -> Floats:
        """Turn coordinates in the view into the axes' units.

        Parameters
        ----------
        points : ndarray of shape (n_points, 2)
            Coordinates in the view, which is the unit square.

        Returns
        -------
        ndarray of shape (n_points, 2)
            Coordinates along the axes.
        """
        low, high = np.array([[self.x.low, self.y.low], [self.x.high, self.y.high]])
        # So written, both ends come out exactly.
        units: Floats = low * (1.0 - points) + high * points
        return units

    def project(self, X: Floats) -> Floats:
        """Find where rows fall in the view.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows as `SoftmaxModel.scores` takes them.

        Returns
        -------
        ndarray of shape (n_samples, 2)
            Coordinates in the view; outside [0, 1] where a row falls outside it.
        """
        shifted = X - self.base
        along = [(shifted @ axis.reading - axis.low) / axis.span for axis in (self.x, self.y)]
        return np.column_stack(along)

    def field(self, model: SoftmaxModel) -> ScoreField:
        """Give the model's scores over the view, divided by its temperature.

        Parameters
        ----------
        model : SoftmaxModel
            A model of as many features as the plane's rows have.

        Returns
        -------
        ScoreField
            The scores on the unit square.

        Raises
        ------
        InputError
            If the scores leave the range of a double in this view.
        """
        is_numeric = np.array(model.levels_) == 0
        coef = model.coef_[:, column_starts(model.levels_)[:-1][is_numeric]]
        with np.errstate(over="ignore", invalid="ignore"):
            slopes = [coef @ (axis.direction[is_numeric] * axis.span) for axis in (self.x, self.y)]
        corner = model.scores(self.rows(np.zeros((1, 2))))[0]
        try:
            return ScoreField(
                slopes=np.column_stack(slopes) / model.temperature_,
                offsets=corner / model.temperature_,
            )
        except ValueRefusedError:
            detail = "expected a view in which the scores stay within the numeric range"
            fault = Fault(code="invalid_parameter", detail=detail, location=("xmin",))
            raise InputError([fault]) from None
