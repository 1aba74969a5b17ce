"""The few training rows that travel with a model, for pictures."""

from dataclasses import dataclass

import numpy as np

from service.errors import ValueRefusedError
from service.softmax.arrays import Floats, Integers, frozen


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """A bounded, stratified sample of training rows.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows as `SoftmaxModel.scores` takes them.
    y : ndarray of shape (n_samples,)
        Index of the true class of each row.

    Raises
    ------
    ValueRefusedError
        If the shapes disagree or a number is not finite.
    """

    X: Floats
    y: Integers

    def __post_init__(self) -> None:
        object.__setattr__(self, "X", frozen(self.X))
        if self.X.ndim != 2 or self.y.shape != (len(self.X),):  # noqa: PLR2004 - rows, columns
            msg = f"expected one class a row, got X {self.X.shape} and y {self.y.shape}"
            raise ValueRefusedError(msg)
        if not np.isfinite(self.X).all():
            msg = "expected finite numbers in the sample"
            raise ValueRefusedError(msg)
