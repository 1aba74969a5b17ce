"""The feature contract."""

import math

import pytest
from numpy.testing import assert_array_equal

from service.errors import ValueRefusedError
from service.softmax.contract import CategoricalFeature, FeatureContract, NumericFeature

SIZE = NumericFeature(name="size", low=0.0, high=9.0, median=4.0)
COLOUR = CategoricalFeature(name="colour", categories=("blue", "red"), mode="red")


def encode(feature: NumericFeature | CategoricalFeature, values: list[object]) -> list[float]:
    encoded = FeatureContract(features=(feature,)).encode([values])  # type: ignore[list-item]  # wrong on purpose
    return [float(value) for value in encoded.X[:, 0]]


def codes(feature: NumericFeature | CategoricalFeature, values: list[object]) -> list[object]:
    encoded = FeatureContract(features=(feature,)).encode([values])  # type: ignore[list-item]  # wrong on purpose
    return [(fault.code, fault.location) for fault in encoded.faults()]


def test_numbers_stay_and_categories_become_their_index() -> None:
    contract = FeatureContract(features=(SIZE, COLOUR))

    encoded = contract.encode([[1.5, 2], ["red", "blue"]])

    assert_array_equal(encoded.X, [[1.5, 1.0], [2.0, 0.0]])
    assert encoded.is_sound


def test_a_missing_number_is_a_fault_or_filled() -> None:
    filled = NumericFeature(name="size", low=0.0, high=9.0, median=4.0, fill=4.5)

    assert codes(SIZE, [None, math.nan, 1.0]) == [
        ("missing_value", (0, "size")),
        ("missing_value", (1, "size")),
    ]
    assert encode(filled, [None, math.nan, 1.0]) == [4.5, 4.5, 1.0]


def test_an_infinite_number_is_a_fault_even_where_missing_ones_are_filled() -> None:
    filled = NumericFeature(name="size", low=0.0, high=9.0, median=4.0, fill=4.5)

    assert codes(filled, [math.inf]) == [("not_finite", (0, "size"))]


def test_a_missing_category_is_a_fault_or_filled_or_a_level() -> None:
    filled = CategoricalFeature(name="c", categories=("a", "b"), mode="b", fill="b")
    level = CategoricalFeature(name="c", categories=("a", None), mode="a")

    assert codes(COLOUR, ["red", None]) == [("missing_value", (1, "colour"))]
    assert encode(filled, [None]) == [1.0]
    assert encode(level, [None]) == [1.0]


def test_an_unknown_category_is_a_fault_or_ignored() -> None:
    lenient = CategoricalFeature(name="c", categories=("a", "b"), mode="b", unknown="ignore")

    assert codes(COLOUR, ["green"]) == [("unknown_category", (0, "colour"))]
    assert encode(lenient, ["green"]) == [2.0]


def test_a_fault_never_holds_the_value() -> None:
    contract = FeatureContract(features=(COLOUR,))

    (fault,) = contract.encode([["secret"]]).faults()

    assert "secret" not in fault.detail
    assert "'blue', 'red'" in fault.detail


def test_the_typical_row_holds_medians_and_modes() -> None:
    assert_array_equal(FeatureContract(features=(SIZE, COLOUR)).typical_row, [4.0, 1.0])


def test_two_features_cannot_have_one_name() -> None:
    with pytest.raises(ValueRefusedError):
        FeatureContract(features=(SIZE, SIZE))
