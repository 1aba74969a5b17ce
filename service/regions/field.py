"""The class scores over the view: affine functions on the unit square."""

from dataclasses import dataclass

import numpy as np

from service.errors import ValueRefusedError
from service.softmax.arrays import Floats, frozen


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreField:
    """Scores of every class over the view, which is the unit square with v upwards.

    The score of class k at (u, v) is ``slopes[k, 0] u + slopes[k, 1] v + offsets[k]``. The
    class mean is taken off all three, since softmax does not see it and what is left keeps
    more digits.

    Parameters
    ----------
    slopes : ndarray of shape (n_classes, 2)
        Change of the score across the view and up the view, in nats.
    offsets : ndarray of shape (n_classes,)
        Scores at the lower left corner, in nats.

    Raises
    ------
    ValueRefusedError
        If the shapes disagree or a number is not finite.
    """

    slopes: Floats
    offsets: Floats

    def __post_init__(self) -> None:
        if self.offsets.ndim != 1 or self.slopes.shape != (len(self.offsets), 2):
            msg = f"expected two slopes a class, got {self.slopes.shape}"
            raise ValueRefusedError(msg)
        with np.errstate(over="ignore", invalid="ignore"):
            slopes, offsets = self.slopes - self.slopes.mean(axis=0), self.offsets
            offsets = offsets - offsets.mean()
        if not (np.isfinite(slopes).all() and np.isfinite(offsets).all()):
            msg = "expected scores of finite size all over the view"
            raise ValueRefusedError(msg)
        object.__setattr__(self, "slopes", frozen(slopes))
        object.__setattr__(self, "offsets", frozen(offsets))

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.offsets)

    def scores(self, points: Floats) -> Floats:
        """Give the scores at points of the view.

        Parameters
        ----------
        points : ndarray of shape (..., 2)
            Coordinates (u, v); the view is [0, 1] in both.

        Returns
        -------
        ndarray of shape (..., n_classes)
            Scores in nats, up to a constant that all classes of a point share.
        """
        scores: Floats = points @ self.slopes.T + self.offsets
        return scores
