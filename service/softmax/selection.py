"""What cross-validation found along a path of penalties."""

from dataclasses import dataclass

from service.errors import ValueRefusedError


@dataclass(frozen=True, kw_only=True)
class PathPoint:
    """One penalty, and how it did on rows that its fits did not see.

    Parameters
    ----------
    C : float
        Inverse penalty strength.
    l1_ratio : float
        Share of the L1 penalty.
    log_loss : float
        Weighted mean over the held-out rows, averaged over folds, in nats.
    standard_error : float
        Standard deviation of the folds' means over the root of their number, in nats.
    """

    C: float
    l1_ratio: float
    log_loss: float
    standard_error: float


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The path, and the point on it that the fit uses.

    Parameters
    ----------
    folds : int
        Number of folds.
    points : tuple of PathPoint
        By `l1_ratio`, then from the strongest penalty to the weakest.
    minimum : int
        Index of the point of least log loss.
    one_standard_error : int
        Index of the strongest penalty of the same `l1_ratio` whose log loss is within one
        standard error of that minimum.
    chosen : int
        Index of the one of the two that is used.

    Raises
    ------
    ValueRefusedError
        If an index points at nothing, or the chosen point is neither of the two.
    """

    folds: int
    points: tuple[PathPoint, ...]
    minimum: int
    one_standard_error: int
    chosen: int

    def __post_init__(self) -> None:
        two = (self.minimum, self.one_standard_error)
        if self.chosen not in two or not all(0 <= index < len(self.points) for index in two):
            msg = "expected a chosen point that is the minimum or within one standard error"
            raise ValueRefusedError(msg)

    @property
    def choice(self) -> PathPoint:
        """The point that the fit uses."""
        return self.points[self.chosen]
