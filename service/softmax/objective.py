"""What softmax regression minimises beside the loss: the penalty, and its conjugate."""

from dataclasses import dataclass

import numpy as np

from service.errors import ValueRefusedError
from service.softmax.arrays import Floats


@dataclass(frozen=True, kw_only=True)
class Penalty:
    """The elastic net ``P(W) = (1/C) [(1 - r)/2 ||W||_F^2 + r ||W||_1]``.

    Parameters
    ----------
    C : float
        Inverse strength, above 0; infinity for no penalty.
    l1_ratio : float
        r, from 0 (ridge) to 1 (lasso).

    Raises
    ------
    ValueRefusedError
        If a number is out of its bounds.

    Examples
    --------
    >>> Penalty(C=2.0, l1_ratio=0.5).value(np.array([[3.0, -1.0]]))
    2.25
    """

    C: float
    l1_ratio: float = 0.0

    def __post_init__(self) -> None:
        if not (self.C > 0 and 0 <= self.l1_ratio <= 1):
            msg = f"expected C above 0 and l1_ratio from 0 to 1, got {self.C}, {self.l1_ratio}"
            raise ValueRefusedError(msg)

    @property
    def ridge(self) -> float:
        """Weight of half the squared coefficients: ``(1 - r) / C``."""
        return (1.0 - self.l1_ratio) / self.C

    @property
    def lasso(self) -> float:
        """Weight of the absolute coefficients: ``r / C``."""
        return self.l1_ratio / self.C

    def value(self, coef: Floats) -> float:
        """Give P(W).

        Parameters
        ----------
        coef : ndarray of shape (n_rows, n_columns)
            W, the penalised rows.

        Returns
        -------
        float
            In nats, as the loss is.
        """
        squares, sizes = float(np.square(coef).sum()), float(np.abs(coef).sum())
        return self.ridge / 2 * squares + self.lasso * sizes

    def fenchel_gap(self, coef: Floats, slope: Floats) -> float:
        """Give ``P(W) + P*(V) - <V, W>``, zero iff V is a subgradient of P at W.

        The conjugate is ``P*(V) = sum (|V| - lasso)_+^2 / (2 ridge)`` [1]_. With s the part
        of V beyond the lasso and u = V - s, an entry of the gap is ``(ridge w - s)^2 / (2
        ridge) + (lasso |w| - u w)``: two terms that are not negative, so that nothing
        cancels near the optimum.

        Parameters
        ----------
        coef : ndarray of shape (n_rows, n_columns)
            W.
        slope : ndarray of shape (n_rows, n_columns)
            V; where there is no ridge, within ± lasso.

        Returns
        -------
        float
            In nats, from 0; infinite where V is outside the domain of P*.

        References
        ----------
        .. [1] S. Boyd, L. Vandenberghe, *Convex Optimization*, 2004, sec. 3.3.
        """
        inside = np.clip(slope, -self.lasso, self.lasso)
        beyond = slope - inside
        kinks = float((self.lasso * np.abs(coef) - inside * coef).sum())
        if self.ridge == 0:
            return np.inf if beyond.any() else kinks
        return kinks + float(np.square(self.ridge * coef - beyond).sum()) / (2 * self.ridge)
