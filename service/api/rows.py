"""Request bodies to the matrix that a model scores, judged by Pydantic."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from pydantic import ValidationError
from pydantic_core import CoreSchema, SchemaValidator, core_schema

from service.api.batch import Batch, batch_of
from service.api.cells import cell_faults, cell_type, closed_object
from service.api.documents import Document, check_count, open_document, refuse
from service.api.matrix import MIN_BYTES, matrix_of
from service.api.places import Location, in_columns, in_instances, in_words
from service.api.problems import MAX_ERRORS
from service.errors import Fault, InputError
from service.softmax.contract import Column, Encoded, FeatureContract


class RowReader:
    """Reads the rows that one model expects; built once, when the model is loaded.

    Each validator is compiled when the first body needs it: a store of many models, of which
    few are asked, starts sooner and takes less memory.

    Parameters
    ----------
    contract : FeatureContract
        What the model expects of rows.
    """

    def __init__(self, contract: FeatureContract) -> None:
        self.contract = contract
        self._features = {feature.name: feature for feature in contract.features}

    @property
    def _types(self) -> dict[str, CoreSchema]:
        return {feature.name: cell_type(feature) for feature in self.contract.features}

    @cached_property
    def _cells(self) -> dict[str, SchemaValidator]:
        return {name: SchemaValidator(cell) for name, cell in self._types.items()}

    @cached_property
    def _list(self) -> SchemaValidator:
        return SchemaValidator(core_schema.tuple_schema(list(self._types.values())))

    @cached_property
    def _object(self) -> SchemaValidator:
        return SchemaValidator(closed_object(self._types))

    @cached_property
    def _columns(self) -> SchemaValidator:
        columns = {name: core_schema.list_schema(cell) for name, cell in self._types.items()}
        return SchemaValidator(closed_object(columns))

    @cached_property
    def _lists(self) -> SchemaValidator:
        row = core_schema.tuple_schema(list(self._types.values()))
        rows = core_schema.list_schema(row, fail_fast=True)
        return SchemaValidator(closed_object({"instances": rows}))

    def parse(self, body: bytes) -> Document:
        """Read a JSON body as far as its rows.

        Rows that are lists, as they should be, pass through one compiled validator. All
        else is looked at piece by piece, to say where something is wrong.

        Parameters
        ----------
        body : bytes
            JSON text in UTF-8.

        Returns
        -------
        Document
            The rows and what stands beside them.

        Raises
        ------
        InputError
            If the body is not JSON, or has no rows.
        """
        if self.contract.takes_numbers and len(body) >= MIN_BYTES:
            matrix = matrix_of(body, len(self.contract.features))
            if matrix is not None:
                return Document(kind="instances", content=(), options={}, matrix=matrix)
        try:
            rows = self.lists(body)
        except ValidationError:
            return open_document(body)
        return Document(kind="instances", content=rows, options={}, is_checked=True)

    def lists(self, body: bytes) -> list[tuple[Any, ...]]:
        """Read ``{"instances": [[...], ...]}`` where nothing else is in it.

        Parameters
        ----------
        body : bytes
            JSON text in UTF-8.

        Returns
        -------
        list of tuple
            The rows, each of the right length and types.

        Raises
        ------
        ValidationError
            If the body is anything else.
        """
        rows: list[tuple[Any, ...]] = self._lists.validate_json(body)["instances"]
        return rows

    def quick_row(self, line: bytes) -> Sequence[Any] | None:
        """Read one row that is as it should be.

        Parameters
        ----------
        line : bytes
            JSON text in UTF-8.

        Returns
        -------
        sequence of length n_features or None
            Its values in the order of the features; None where there is something to explain.
        """
        try:
            if line.lstrip()[:1] == b"[":
                values: Sequence[Any] = self._list.validate_json(line)
                return values
            by_name = self._object.validate_json(line)
        except ValidationError:
            return None
        return [by_name[name] for name in self.contract.names]

    def read(self, document: Document, *, max_rows: int, is_isolating: bool = False) -> Batch:
        """Read the rows of a body.

        Parameters
        ----------
        document : Document
            The body.
        max_rows : int
            The most rows to accept.
        is_isolating : bool
            Whether a bad row leaves the others answered.

        Returns
        -------
        Batch
            Of at least one row.

        Raises
        ------
        InputError
            If rows are not what was expected; at most ten faults say where.
        ContentTooLargeError
            If there are more rows than `max_rows`.
        """
        if document.kind == "columns":
            return self._read_columns(document.content, max_rows, is_isolating=is_isolating)
        place = in_instances(document.content, self.contract.names)
        if document.matrix is not None:
            check_count(len(document.matrix), max_rows, "instances")
            encoded = Encoded(X=document.matrix, columns=(), features=self.contract.features)
            return batch_of(self.contract, encoded, place=place, is_isolating=is_isolating)
        rows: Sequence[Any] = document.content
        check_count(len(rows), max_rows, "instances")
        numbers, rejected = None, dict[int, Fault]()
        if not document.is_checked:
            good, rejected = self._sorted_out(rows, is_isolating=is_isolating)
            numbers, rows = np.array([*good], dtype=np.intp), list(good.values())
        return batch_of(
            self.contract,
            self.contract.encode(self._turned(rows)),
            place=place,
            is_isolating=is_isolating,
            numbers=numbers,
            rejected=rejected,
        )

    def row(self, row: object, where: Location) -> Sequence[Any]:
        """Read one row, a list or an object.

        Parameters
        ----------
        row : object
            What came in its place.
        where : tuple
            Its location in the request.

        Returns
        -------
        sequence of length n_features
            Its values in the order of the features.

        Raises
        ------
        InputError
            If it is no such row; the faults say where.
        """
        expected = len(self.contract.features)
        if not isinstance(row, list | dict):
            detail = f"expected a list or an object in {in_words(where)}"
            refuse("wrong_type", detail, where)
        if isinstance(row, list) and len(row) != expected:
            detail = f"expected {expected} features in {in_words(where)}, got {len(row)}"
            refuse("wrong_width", detail, where)
        try:
            if isinstance(row, list):
                values: Sequence[Any] = self._list.validate_python(row)
                return values
            by_name = self._object.validate_python(row)
        except ValidationError as error:
            raise InputError(cell_faults(error, where, self._features)) from None
        return [by_name[name] for name in self.contract.names]

    def _turned(self, rows: Sequence[Sequence[Any]]) -> Sequence[Column]:
        if not rows:
            return [()] * len(self.contract.features)
        if self.contract.is_numeric:
            return list(np.array(rows, dtype=np.float64).T)
        return list(zip(*rows, strict=True))

    def _sorted_out(
        self, rows: Sequence[object], *, is_isolating: bool
    ) -> tuple[dict[int, Sequence[Any]], dict[int, Fault]]:
        good, rejected, faults = dict[int, Sequence[Any]](), dict[int, Fault](), list[Fault]()
        for index, row in enumerate(rows):
            try:
                good[index] = self.row(row, ("instances", index))
            except InputError as error:
                rejected[index] = error.faults[0]
                faults.extend(error.faults)
                if not is_isolating and len(faults) >= MAX_ERRORS:
                    break
        if faults and not is_isolating:
            raise InputError(faults[:MAX_ERRORS])
        return good, rejected

    def _read_columns(
        self, content: Mapping[str, Any], max_rows: int, *, is_isolating: bool
    ) -> Batch:
        lengths = [len(column) for column in content.values() if isinstance(column, list)]
        n_rows = max(lengths, default=0)
        check_count(n_rows or 1, max_rows, "columns")
        numbers, rejected = None, dict[int, Fault]()
        try:
            columns = self._columns.validate_python(content)
        except ValidationError as error:
            if not is_isolating or not self._is_rectangle(content):
                raise InputError(cell_faults(error, ("columns",), self._features)) from None
            rejected = self._bad_cells(content)
            columns = content
        for name in self.contract.names:
            if len(columns[name]) != n_rows:
                got = len(columns[name])
                detail = f"expected {n_rows} values in column {name!r}, got {got}"
                refuse("wrong_width", detail, ("columns", name))
        check_count(n_rows, max_rows, "columns")
        kept = [columns[name] for name in self.contract.names]
        if rejected:
            numbers = np.setdiff1d(np.arange(n_rows), [*rejected])
            kept = [[column[row] for row in numbers] for column in kept]
        return batch_of(
            self.contract,
            self.contract.encode(kept),
            place=in_columns,
            is_isolating=is_isolating,
            numbers=numbers,
            rejected=rejected,
        )

    def _is_rectangle(self, content: Mapping[str, Any]) -> bool:
        """Tell whether columns are those of the model and lists, whatever is in them."""
        return content.keys() == set(self.contract.names) and all(
            isinstance(column, list) for column in content.values()
        )

    def _bad_cells(self, content: Mapping[str, Any]) -> dict[int, Fault]:
        """Find the first cell of each row that has a wrong type."""
        bad = dict[int, Fault]()
        for name, cell in self._cells.items():
            for row, value in enumerate(content[name]):
                try:
                    cell.validate_python(value)
                except ValidationError as error:
                    if row not in bad:
                        where = ("columns", name, row)
                        (bad[row],) = cell_faults(error, where, self._features)
        return dict(sorted(bad.items()))
