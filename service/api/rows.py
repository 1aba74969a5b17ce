"""Request bodies to the matrix that a model scores, judged by Pydantic."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from pydantic import ValidationError
from pydantic_core import CoreSchema, ErrorDetails, SchemaValidator, core_schema

from service.api.batch import Batch, batch_of
from service.api.documents import Document, check_count, open_document, refuse, shortened
from service.api.matrix import MIN_BYTES, matrix_of
from service.api.places import Location, in_columns, in_instances, in_words
from service.api.problems import MAX_ERRORS
from service.errors import Fault, InputError
from service.softmax.contract import Column, Encoded, Feature, FeatureContract, NumericFeature


class RowReader:
    """Reads the rows that one model expects; built once, when the model is loaded.

    Parameters
    ----------
    contract : FeatureContract
        What the model expects of rows.
    """

    def __init__(self, contract: FeatureContract) -> None:
        cells = {feature.name: _cell(feature) for feature in contract.features}
        as_list = core_schema.tuple_schema(list(cells.values()))
        columns = {name: core_schema.list_schema(cell) for name, cell in cells.items()}
        instances = {"instances": core_schema.list_schema(as_list, fail_fast=True)}
        self.contract = contract
        self._is_matrix = contract.is_numeric and all(
            isinstance(one, NumericFeature) and one.fill is None for one in contract.features
        )
        self._cells = {name: SchemaValidator(cell) for name, cell in cells.items()}
        self._list = SchemaValidator(as_list)
        self._object = SchemaValidator(_object(cells))
        self._columns = SchemaValidator(_object(columns))
        self._lists = SchemaValidator(_object(instances))

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
        if self._is_matrix and len(body) >= MIN_BYTES:
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
            raise InputError(self._explained(error, where)) from None
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
                raise InputError(self._explained(error, ("columns",))) from None
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
                        (details,) = error.errors(include_url=False, include_context=False)
                        place = {**details, "loc": (name, row)}
                        bad[row] = self._fault(cast("ErrorDetails", place), ("columns",))
        return dict(sorted(bad.items()))

    def _explained(self, error: ValidationError, where: Location) -> Iterable[Fault]:
        details = error.errors(include_url=False, include_context=False)
        return [self._fault(one, where) for one in details[:MAX_ERRORS]]

    def _fault(self, details: ErrorDetails, where: Location) -> Fault:
        """Translate what Pydantic found into the public vocabulary, without the value."""
        (key, *rest), value = details["loc"], details["input"]
        location = (*where, *map(shortened, (key, *rest)))
        if details["type"] == "extra_forbidden":
            detail = "expected only the features of the model"
            return Fault(code="unknown_feature", detail=detail, location=location)
        position = key if isinstance(key, int) else self.contract.names.index(key)
        feature = self.contract.features[position]
        subject = f"{feature.name!r} in {in_words(location)}"
        if details["type"] == "missing":
            code, detail = "missing_feature", f"expected {subject}, got none"
        elif details["type"] == "list_type":
            code, detail = "wrong_type", f"expected a list of values for {subject}"
        elif value is None:
            code, detail = "missing_value", f"expected {_noun(feature)} for {subject}, got null"
        elif details["type"] == "finite_number" or (
            details["type"] == "float_type" and type(value) is int  # beyond any double
        ):
            code, detail = "not_finite", f"expected a finite number for {subject}"
        else:
            got = _JSON_TYPES.get(type(value), "a number")
            code, detail = "wrong_type", f"expected {_noun(feature)} for {subject}, got {got}"
        return Fault(code=code, detail=detail, location=location)


_JSON_TYPES = {str: "a string", bool: "a boolean", list: "a list", dict: "an object"}


def _cell(feature: Feature) -> CoreSchema:
    """Give the type of one cell; which categories there are is for the contract to say."""
    if isinstance(feature, NumericFeature):
        number = core_schema.float_schema(strict=True, allow_inf_nan=False)
        return number if feature.fill is None else core_schema.nullable_schema(number)
    category = {
        str: core_schema.str_schema(strict=True),
        int: core_schema.int_schema(strict=True),
        bool: core_schema.bool_schema(strict=True),
    }[feature.level_type]
    is_optional = feature.fill is not None or None in feature.codes
    return core_schema.nullable_schema(category) if is_optional else category


def _object(fields: Mapping[str, CoreSchema]) -> CoreSchema:
    return core_schema.typed_dict_schema(
        {name: core_schema.typed_dict_field(field) for name, field in fields.items()},
        extra_behavior="forbid",
        strict=True,
    )


def _noun(feature: Feature) -> str:
    if isinstance(feature, NumericFeature):
        return "a number"
    return {str: "a string", int: "an integer", bool: "true or false"}[feature.level_type]
