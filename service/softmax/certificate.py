"""What is known of the distance between a fit and the optimum, as a value that travels with it."""

import math
from dataclasses import dataclass
from typing import Literal

from service.errors import ValueRefusedError
from service.softmax.arrays import Label


@dataclass(frozen=True, kw_only=True)
class Separation:
    """Classes that a linear rule tells apart, so that without a penalty there is no optimum.

    Parameters
    ----------
    kind : {"complete", "partial", "possible"}
        Whether the rule decides all rows; only some, the others lying on its boundary; or
        whether it was not found, though the iterates behave as if there were one.
    classes : tuple of str, int or bool
        The classes it tells apart; none where it was not found.
    columns : tuple of str
        The columns it uses, the strongest first; where it was not found, those whose
        coefficients grow.
    """

    kind: Literal["complete", "partial", "possible"]
    classes: tuple[Label, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What is known of the distance between a fit and the optimum.

    Parameters
    ----------
    engine : str
        What found the fit.
    iterations : int
        Its iterations, of all stages together.
    tol : float
        The bound that was asked of `relative_gap`.
    objective : float
        F at the fit, in nats.
    duality_gap : float or None
        Upper bound on F - F*, in nats; None without a penalty.
    newton_decrement : float or None
        Without a penalty ``g H^-1 g / 2``, the decrease that Newton's model still sees;
        None where there is one, or where the Hessian has no inverse.
    relative_gap : float or None
        Either of them divided by the objective.
    proba_bound : float or None
        ``sqrt(gap / (2 w))`` for the least positive weight w of a training row: no
        training probability is further from the optimum's; None without a penalty.
    converged : bool
        Whether the gap is within `tol` and nothing is separated.
    separation : Separation or None
        What keeps an unpenalised fit from having an optimum.

    Raises
    ------
    ValueRefusedError
        If a number is not finite, or the fit cannot have converged with these.
    """

    engine: str
    iterations: int
    tol: float
    objective: float
    duality_gap: float | None = None
    newton_decrement: float | None = None
    relative_gap: float | None = None
    proba_bound: float | None = None
    converged: bool
    separation: Separation | None = None

    def __post_init__(self) -> None:
        numbers = (self.objective, self.duality_gap, self.newton_decrement, self.relative_gap)
        if not all(math.isfinite(number) for number in numbers if number is not None):
            msg = f"expected finite numbers in a certificate, got {numbers}"
            raise ValueRefusedError(msg)
        within = self.relative_gap is not None and self.relative_gap <= self.tol
        if self.converged and (self.separation is not None or not within):
            msg = f"a fit with relative gap {self.relative_gap} has not converged to {self.tol}"
            raise ValueRefusedError(msg)

    @property
    def reason(self) -> str:
        """Why the fit has not converged, in one line; empty where it has."""
        if self.converged:
            return ""
        if self.separation is not None:
            return _separated(self.separation)
        kind = "Newton decrement" if self.duality_gap is None else "duality gap"
        size = "unknown" if self.relative_gap is None else f"{self.relative_gap:.1e}"
        return (
            f"the fit did not converge: relative {kind} {size} after {self.iterations}"
            f" iterations of {self.engine}, expected at most {self.tol:.1e}"
        )


def _separated(separation: Separation, shown: int = 5) -> str:
    columns = ", ".join(map(repr, separation.columns[:shown]))
    if len(separation.columns) > shown:
        columns += f" and {len(separation.columns) - shown} more"
    remedy = "a finite C has an optimum"
    if separation.kind == "possible":
        return f"the classes are possibly separated: the coefficients of {columns} grow ({remedy})"
    how = "completely" if separation.kind == "complete" else "partly"
    classes = ", ".join(repr(label) for label in separation.classes[:shown])
    if len(separation.classes) > shown:
        classes += f" and {len(separation.classes) - shown} more"
    return f"the classes {classes} are {how} separated by {columns} ({remedy})"
