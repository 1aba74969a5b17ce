"""Cells of JSON rows: their types as Pydantic takes them, and what it finds in our words."""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError
from pydantic_core import CoreSchema, ErrorDetails, core_schema

from service.api.documents import shortened
from service.api.places import Location, in_words
from service.api.problems import MAX_ERRORS
from service.errors import Fault
from service.softmax.contract import Feature, NumericFeature

_JSON_TYPES = {str: "a string", bool: "a boolean", list: "a list", dict: "an object"}


def cell_type(feature: Feature) -> CoreSchema:
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


def closed_object(fields: Mapping[str, CoreSchema]) -> CoreSchema:
    """Give the type of an object that has these fields, all of them and no others."""
    return core_schema.typed_dict_schema(
        {name: core_schema.typed_dict_field(field) for name, field in fields.items()},
        extra_behavior="forbid",
        strict=True,
    )


def cell_faults(
    error: ValidationError, where: Location, features: Mapping[str, Feature]
) -> Sequence[Fault]:
    """Translate what Pydantic found into the public vocabulary, without the values.

    Parameters
    ----------
    error : ValidationError
        What it found in a row, in columns or in one cell.
    where : tuple
        The location of that in the request.
    features : mapping of str to Feature
        The features by name, in order.

    Returns
    -------
    sequence of Fault
        The first ten.
    """
    details = error.errors(include_url=False, include_context=False)
    return [_fault(one, where, features) for one in details[:MAX_ERRORS]]


def _fault(details: ErrorDetails, where: Location, features: Mapping[str, Feature]) -> Fault:
    location = (*where, *map(shortened, details["loc"]))
    if details["type"] == "extra_forbidden":
        detail = "expected only the features of the model"
        return Fault(code="unknown_feature", detail=detail, location=location)
    key = (details["loc"] or where[1:])[0]  # of one cell it is told where that is
    feature = list(features.values())[key] if isinstance(key, int) else features[key]
    value, subject = details["input"], f"{feature.name!r} in {in_words(location)}"
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


def _noun(feature: Feature) -> str:
    if isinstance(feature, NumericFeature):
        return "a number"
    return {str: "a string", int: "an integer", bool: "true or false"}[feature.level_type]
