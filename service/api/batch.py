"""The rows of a request as a model takes them, and what became of the others."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

import numpy as np

from service.api.places import Place, in_words
from service.api.problems import MAX_ERRORS
from service.errors import Fault, InputError
from service.softmax.arrays import Floats, Integers
from service.softmax.contract import (
    CategoricalFeature,
    Encoded,
    Feature,
    FeatureContract,
    unknown_category,
)

MAX_WARNINGS = 10

_NO_CELLS: Integers = np.empty((0, 2), dtype=np.intp)


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
    place : callable
        Gives the location in the request of a row.
    contract : FeatureContract
        What the model expects.
    unfamiliar : ndarray of shape (n_unfamiliar, 2)
        Row of `X` and feature of each value that training did not see the like of, row by row.
    """

    X: Floats
    numbers: Integers
    n_rows: int
    rejected: Mapping[int, Fault]
    place: Place
    contract: FeatureContract
    unfamiliar: Integers = field(default_factory=lambda: _NO_CELLS)

    @cached_property
    def is_whole(self) -> bool:
        """Whether every row is answered."""
        return not self.rejected

    @property
    def n_warnings(self) -> int:
        """How many values there are that training did not see the like of."""
        return len(self.unfamiliar)

    @property
    def warnings(self) -> tuple[Fault, ...]:
        """The first ten of them."""
        return tuple(map(self._placed, self._remarks(self.unfamiliar[:MAX_WARNINGS])))

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
        cells = self.unfamiliar[stays[self.unfamiliar[:, 0]]]
        among_those_left = np.cumsum(stays) - 1
        return replace(
            self,
            X=self.X[stays],
            numbers=self.numbers[stays],
            rejected=dict(sorted({**self.rejected, **lost}.items())),
            unfamiliar=np.column_stack([among_those_left[cells[:, 0]], cells[:, 1]]),
        )

    def familiar(self, *, is_isolating: bool) -> "Batch":
        """Look for values that training did not see the like of; refuse them if the recipe says so.

        Parameters
        ----------
        is_isolating : bool
            Whether a bad row leaves the others answered.

        Returns
        -------
        Batch
            The rows to answer.

        Raises
        ------
        InputError
            If one is refused and `is_isolating` is false; at most ten faults.
        """
        cells = self.contract.unfamiliar(self.X)
        if not len(cells):
            return self
        found = replace(self, unfamiliar=cells)
        if self.contract.out_of_range == "warn":
            return found
        is_number = np.array(self.contract.levels) == 0
        refused = self._remarks(cells[is_number[cells[:, 1]]])
        return found.settled(refused, is_isolating=is_isolating)

    def placed(self, error: InputError) -> InputError:
        """Point the faults of rows, found by the model, at the places of the request."""
        return InputError(self._placed(fault) for fault in error.faults[:MAX_ERRORS])

    def _placed(self, fault: Fault) -> Fault:
        row, *feature = fault.location
        location = self.place(int(self.numbers[int(row)]), *feature)
        return replace(fault, detail=f"{fault.detail} in {in_words(location)}", location=location)

    def _remarks(self, cells: Integers) -> Iterator[Fault]:
        for row, column in cells.tolist():
            yield _unfamiliar(self.contract.features[column], row)


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
        place=place,
        contract=contract,
    )
    if contract.is_familiar(encoded.X):  # nor is anything missing: the most frequent case
        return batch
    batch = batch.settled(encoded.faults(one_a_row=is_isolating), is_isolating=is_isolating)
    return batch.familiar(is_isolating=is_isolating)


def _unfamiliar(feature: Feature, row: int) -> Fault:
    location = (row, feature.name)
    if isinstance(feature, CategoricalFeature):
        detail = unknown_category(feature)
        return Fault(code="unknown_category", detail=detail, location=location)
    detail = f"expected, as in training, {feature.name!r} from {feature.low:g} to {feature.high:g}"
    return Fault(code="out_of_range", detail=detail, location=location)
