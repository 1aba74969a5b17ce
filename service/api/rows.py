"""Request bodies to the matrix that a model scores, judged by Pydantic."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np
from pydantic import ValidationError
from pydantic_core import CoreSchema, ErrorDetails, SchemaValidator, core_schema, from_json

from service.api.problems import MAX_ERRORS
from service.errors import ContentTooLargeError, Fault, InputError
from service.softmax.arrays import Floats
from service.softmax.contract import Column, Feature, FeatureContract, NumericFeature

KEYS = ("instances", "columns")

Location = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """The rows of a request as a model takes them, and where they stood in it.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        As `SoftmaxModel.scores` takes it.
    rows : sequence of list or dict, or None
        The rows as they came; None if they came as columns.
    names : tuple of str
        Feature names.
    """

    X: Floats
    rows: Sequence[Any] | None
    names: tuple[str, ...]

    def placed(self, error: InputError) -> InputError:
        """Point the faults of rows, found by the model, at the places of the request."""
        return InputError(
            replace(fault, location=self._place(*fault.location))
            for fault in error.faults[:MAX_ERRORS]
        )

    def _place(self, row: str | int, *feature: str | int) -> Location:
        if self.rows is None:
            return ("columns", *feature, row)
        if feature and not isinstance(self.rows[int(row)], dict):
            feature = (self.names.index(str(feature[0])),)
        return ("instances", row, *feature)


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
        self._list = SchemaValidator(as_list)
        self._object = SchemaValidator(_object(cells))
        self._columns = SchemaValidator(_object(columns))
        self._lists = SchemaValidator(_object(instances))

    def read(self, body: bytes, max_rows: int) -> Batch:
        """Read ``{"instances": [...]}`` or ``{"columns": {...}}``.

        Rows that are lists, as they should be, pass through one compiled validator. All
        else is looked at piece by piece, to say where something is wrong.

        Parameters
        ----------
        body : bytes
            JSON text in UTF-8.
        max_rows : int
            The most rows to accept.

        Returns
        -------
        Batch
            At least one row.

        Raises
        ------
        InputError
            If the body is not what was expected; at most ten faults say where.
        ContentTooLargeError
            If there are more rows than `max_rows`.
        """
        try:
            rows = self._lists.validate_json(body)["instances"]
        except ValidationError:
            return self._read_otherwise(body, max_rows)
        _check_count(len(rows), max_rows, "instances")
        if self.contract.is_numeric:
            return self._encode(list(np.array(rows, dtype=np.float64).T), rows)
        return self._encode(list(zip(*rows, strict=True)), rows)

    def _read_otherwise(self, body: bytes, max_rows: int) -> Batch:
        try:
            document = from_json(body)
        except ValueError as error:
            raise InputError([Fault(code="malformed_json", detail=str(error))]) from None
        kind, content = _opened(document)
        if kind == "columns":
            return self._encode(self._read_columns(content, max_rows), None)
        _check_count(len(content), max_rows, kind)
        rows, faults = [], list[Fault]()
        for index, row in enumerate(content):
            try:
                rows.append(self._read_row(index, row))
            except InputError as error:
                faults.extend(error.faults)
                if len(faults) >= MAX_ERRORS:
                    break
        if faults:
            raise InputError(faults[:MAX_ERRORS])
        return self._encode(list(zip(*rows, strict=True)), content)

    def _read_row(self, index: int, row: object) -> Sequence[Any]:
        where: Location = ("instances", index)
        expected = len(self.contract.features)
        if not isinstance(row, list | dict):
            _refuse("wrong_type", f"expected a list or an object in instance {index}", where)
        if isinstance(row, list) and len(row) != expected:
            detail = f"expected {expected} features in instance {index}, got {len(row)}"
            _refuse("wrong_width", detail, where)
        try:
            if isinstance(row, list):
                values: Sequence[Any] = self._list.validate_python(row)
                return values
            by_name = self._object.validate_python(row)
        except ValidationError as error:
            raise InputError(self._explained(error, where)) from None
        return [by_name[name] for name in self.contract.names]

    def _read_columns(self, content: Mapping[str, object], max_rows: int) -> list[Column]:
        lengths = [len(column) for column in content.values() if isinstance(column, list)]
        _check_count(max(lengths, default=1), max_rows, "columns")
        try:
            columns = self._columns.validate_python(content)
        except ValidationError as error:
            raise InputError(self._explained(error, ("columns",))) from None
        for name in self.contract.names:
            if len(columns[name]) != max(lengths):
                got = len(columns[name])
                detail = f"expected {max(lengths)} values in column {name!r}, got {got}"
                _refuse("wrong_width", detail, ("columns", name))
        return [columns[name] for name in self.contract.names]

    def _encode(self, columns: Sequence[Column], rows: Sequence[Any] | None) -> Batch:
        encoded = self.contract.encode(columns)
        batch = Batch(X=encoded.X, rows=rows, names=self.contract.names)
        if encoded.faults:
            raise batch.placed(InputError(encoded.faults))
        return batch

    def _explained(self, error: ValidationError, where: Location) -> Iterable[Fault]:
        details = error.errors(include_url=False, include_context=False)
        return [self._fault(one, where) for one in details[:MAX_ERRORS]]

    def _fault(self, details: ErrorDetails, where: Location) -> Fault:
        """Translate what Pydantic found into the public vocabulary, without the value."""
        (key, *rest), value = details["loc"], details["input"]
        location = (*where, *map(_shortened, (key, *rest)))
        if details["type"] == "extra_forbidden":
            detail = "expected only the features of the model"
            return Fault(code="unknown_feature", detail=detail, location=location)
        position = key if isinstance(key, int) else self.contract.names.index(key)
        feature = self.contract.features[position]
        place = f"instance {where[1]}" if where[0] == "instances" else "the columns"
        subject = f"{feature.name!r} in {place}"
        if details["type"] == "missing":
            code, detail = "missing_feature", f"expected {subject}, got none"
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


def _opened(document: object) -> tuple[str, Any]:
    """Give the key under which the rows came, and what stands there."""
    if not isinstance(document, dict):
        _refuse("wrong_type", 'expected an object like {"instances": [...]}', ())
    present = [key for key in KEYS if key in document]
    if len(present) != 1:
        got = "both" if present else "neither"
        _refuse("invalid_input", f"expected 'instances' or 'columns', got {got}", ())
    kind = present[0]
    for key in document:
        if key != kind:
            detail = f"expected nothing beside {kind!r}"
            _refuse("invalid_parameter", detail, (_shortened(key),))
    if not isinstance(document[kind], list if kind == "instances" else dict):
        noun = "a list of rows" if kind == "instances" else "an object of columns"
        _refuse("wrong_type", f"expected {noun} under {kind!r}", (kind,))
    return kind, document[kind]


def _check_count(n_rows: int, max_rows: int, kind: str) -> None:
    if not n_rows:
        _refuse("empty_batch", "expected at least one row, got none", (kind,))
    if n_rows > max_rows:
        msg = f"expected at most {max_rows} rows, got {n_rows}"
        raise ContentTooLargeError(msg)


def _refuse(code: str, detail: str, location: Location) -> NoReturn:
    raise InputError([Fault(code=code, detail=detail, location=location)])


def _shortened(part: str | int) -> str | int:
    """Bound a key, which is the client's own text and becomes part of a pointer."""
    return part if isinstance(part, int) else part[:128]
