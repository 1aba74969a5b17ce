"""The rows of a request as a model takes them, and what became of the others."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

import numpy as np

from service.api.problems import MAX_ERRORS
from service.errors import Fault, InputError
from service.softmax.arrays import Floats, Integers
from service.softmax.contract import (
    CategoricalFeature,
    Encoded,
    FeatureContract,
    unknown_category,
)

Location = tuple[str | int, ...]
Place = Callable[..., Location]
"""Gives the location in the request of a row, or of a row and a feature's name."""

MAX_WARNINGS = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Rows that are answered, among rows that are not.

    Parameters
    ----------
    X : ndarray of shape (n_answered, n_features)
        As `SoftmaxModel.scores` takes it.
    numbers : ndarray of shape (n_answered,)
        Which row of the request each one is, ascending.
    n_rows : int
        How many rows the request has.
    rejected : mapping of int to Fault
        Why each other row is not answered, located in the request; in row order.
    warnings : tuple of Fault
        Values that training did not see the like of; the first ten.
    n_warnings : int
        How many there are.
    place : callable
        Gives the location in the request of a row.
    """

    X: Floats
    numbers: Integers
    n_rows: int
    rejected: Mapping[int, Fault]
    warnings: tuple[Fault, ...]
    n_warnings: int
    place: Place

    @cached_property
    def is_whole(self) -> bool:
        """Whether every row is answered."""
        return not self.rejected

    def settled(self, faults: Iterable[Fault], *, is_isolating: bool) -> "Batch":
        """Reject further rows, or everything.

        Parameters
        ----------
        faults : iterable of Fault
            Each located at a row of `X`.
        is_isolating : bool
            Whether a bad row leaves the others answered.

        Returns
        -------
        Batch
            What is left.

        Raises
        ------
        InputError
            If there is a fault and `is_isolating` is false; at most ten faults.
        """
        if not is_isolating:
            found = tuple(islice(faults, MAX_ERRORS))
            if found:
                raise self.placed(InputError(found))
            return self
        by_row: dict[int, Fault] = {}
        for fault in faults:
            by_row.setdefault(int(fault.location[0]), fault)
        if not by_row:
            return self
        lost = {int(self.numbers[row]): self._placed(fault) for row, fault in by_row.items()}
        stays = np.ones(len(self.X), dtype=np.bool_)
        stays[list(by_row)] = False
        return replace(
            self,
            X=self.X[stays],
            numbers=self.numbers[stays],
            rejected=dict(sorted({**self.rejected, **lost}.items())),
        )

    def placed(self, error: InputError) -> InputError:
        """Point the faults of rows, found by the model, at the places of the request."""
        return InputError(self._placed(fault) for fault in error.faults[:MAX_ERRORS])

    def _placed(self, fault: Fault) -> Fault:
        row, *feature = fault.location
        return replace(fault, location=self.place(int(self.numbers[int(row)]), *feature))


def batch_of(
    contract: FeatureContract,
    encoded: Encoded,
    *,
    place: Place,
    is_isolating: bool,
    numbers: Integers | None = None,
    rejected: Mapping[int, Fault] | None = None,
) -> Batch:
    """Sort out the rows that cannot be answered.

    Parameters
    ----------
    contract : FeatureContract
        What the model expects.
    encoded : Encoded
        The rows that could be read.
    place : callable
        Gives the location in the request of a row.
    is_isolating : bool
        Whether a bad row leaves the others answered.
    numbers : ndarray of shape (n_samples,), optional
        Which row of the request each one is; by default they are all of its rows.
    rejected : mapping of int to Fault, optional
        The rows that could not be read, located in the request.

    Returns
    -------
    Batch
        The rows to answer.

    Raises
    ------
    InputError
        If a row is at fault and `is_isolating` is false; at most ten faults.
    """
    batch = Batch(
        X=encoded.X,
        numbers=np.arange(len(encoded.X)) if numbers is None else numbers,
        n_rows=len(encoded.X) + len(rejected or {}),
        rejected=rejected or {},
        warnings=(),
        n_warnings=0,
        place=place,
    )
    if contract.is_familiar(encoded.X):  # nor is anything missing: the most frequent case
        return batch
    batch = batch.settled(encoded.faults(one_a_row=is_isolating), is_isolating=is_isolating)
    cells = contract.unfamiliar(batch.X)
    if not len(cells):
        return batch
    if contract.out_of_range == "error":
        numeric = np.array(contract.levels) == 0
        faults = (_unfamiliar(contract, *cell) for cell in cells[numeric[cells[:, 1]]].tolist())
        batch = batch.settled(faults, is_isolating=is_isolating)
        cells = contract.unfamiliar(batch.X)
    shown = InputError(_unfamiliar(contract, *cell) for cell in cells[:MAX_WARNINGS].tolist())
    return replace(batch, warnings=batch.placed(shown).faults, n_warnings=len(cells))


def _unfamiliar(contract: FeatureContract, row: int, column: int) -> Fault:
    feature = contract.features[column]
    location = (int(row), feature.name)
    if isinstance(feature, CategoricalFeature):
        detail = unknown_category(feature)
        return Fault(code="unknown_category", detail=detail, location=location)
    detail = f"expected {feature.name!r} from {feature.low:g} to {feature.high:g}, as in training"
    return Fault(code="out_of_range", detail=detail, location=location)


def in_instances(rows: Sequence[object], names: tuple[str, ...]) -> Place:
    """Make the locations of ``{"instances": [...]}``.

    Parameters
    ----------
    rows : sequence
        The rows as they came, lists or objects; none where all are lists.
    names : tuple of str
        Feature names in order.

    Returns
    -------
    callable
        Row, and feature's name, to location.
    """

    def place(row: int, *feature: str | int) -> Location:
        if feature and not (rows and isinstance(rows[row], dict)):
            return ("instances", row, names.index(str(feature[0])))
        return ("instances", row, *feature)

    return place


def in_columns(row: int, *feature: str | int) -> Location:
    """Give the location of a row, or a cell, of ``{"columns": {...}}``."""
    return ("columns", *feature, row)


def in_table(row: int, *feature: str | int) -> Location:
    """Give the location of a row, or a cell, of a body that is a table."""
    return (row, *feature)
