"""Rows of a body, all at once or a block at a time.

What is made of a block stays in the processor's cache.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from service.api.batch import Batch, batch_of
from service.api.documents import check_count
from service.api.matrix import MIN_BYTES, UnusualBodyError, matrix_blocks
from service.api.places import Location, Place, in_instances, in_table
from service.api.problems import MAX_ERRORS
from service.errors import InputError
from service.softmax.contract import Encoded, FeatureContract
from service.tables.bodies.body import TableBody

BLOCK_ROWS = 4096
"""Rows of a table that are answered together."""


def json_batches(body: bytes, contract: FeatureContract, max_rows: int) -> Iterator[Batch]:
    """Read a JSON body of many rows of nothing but numbers.

    Parameters
    ----------
    body : bytes
        JSON text.
    contract : FeatureContract
        What the model expects.
    max_rows : int
        The most rows to accept.

    Yields
    ------
    Batch
        Rows in order.

    Raises
    ------
    UnusualBodyError
        If the body is short, or holds anything else.
    InputError
        If a row is at fault, or there is none.
    ContentTooLargeError
        If there are more than `max_rows` rows.
    """
    if len(body) < MIN_BYTES or not contract.takes_numbers:
        raise UnusualBodyError
    place, first = in_instances((), contract.names), 0
    for X in matrix_blocks(body, len(contract.features)):
        check_count(first + len(X), max_rows, "instances")
        encoded = Encoded(X=np.asfortranarray(X), columns=(), features=contract.features)
        yield batch_of(contract, encoded, place=_further(place, first), is_isolating=False)
        first += len(X)


def table_batches(table: TableBody, contract: FeatureContract) -> Iterator[Batch]:
    """Go through a table that came as a body.

    Parameters
    ----------
    table : TableBody
        The table.
    contract : FeatureContract
        What the model expects.

    Yields
    ------
    Batch
        Rows in order.

    Raises
    ------
    UnusualBodyError
        If there are rows that could not be read.
    InputError
        If a row is at fault.
    """
    if table.bad:
        raise UnusualBodyError
    for first in range(0, table.n_rows, BLOCK_ROWS):
        encoded = encoded_table(table.rows(first, first + BLOCK_ROWS), contract)
        yield batch_of(contract, encoded, place=_further(in_table, first), is_isolating=False)


def table_batch(table: TableBody, contract: FeatureContract, *, is_isolating: bool) -> Batch:
    """Take all rows of a table that came as a body at once.

    Parameters
    ----------
    table : TableBody
        The table.
    contract : FeatureContract
        What the model expects.
    is_isolating : bool
        Whether a bad row leaves the others answered.

    Returns
    -------
    Batch
        The rows to answer.

    Raises
    ------
    InputError
        If a row is at fault and `is_isolating` is false; at most ten faults.
    """
    if table.bad and not is_isolating:
        raise InputError(list(table.bad.values())[:MAX_ERRORS])
    if not table.bad:
        encoded = encoded_table(table, contract)
    else:
        good = table.good.tolist()
        kept: list[Any] = [[column[row] for row in good] for column in table.columns]
        encoded = contract.encode(kept)
    return batch_of(
        contract,
        encoded,
        place=in_table,
        is_isolating=is_isolating,
        numbers=table.good if table.bad else None,
        rejected=dict(sorted(table.bad.items())),
    )


def encoded_table(table: TableBody, contract: FeatureContract) -> Encoded:
    """Give the rows of a table as a model takes them; every one could be read.

    A matrix is turned so that each column is contiguous: what runs over a column then takes a
    tenth of the time, which is more than the turning does.
    """
    if table.matrix is not None and contract.takes_numbers:
        X = np.asfortranarray(table.matrix)
        return Encoded(X=X, columns=table.columns, features=contract.features)
    return contract.encode(table.columns)


def _further(place: Place, first: int) -> Place:
    def further(row: int, *feature: str | int) -> Location:
        return place(first + row, *feature)

    return further
