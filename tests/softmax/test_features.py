"""A feature on its own: what cannot exist, and what is said of it."""

import math

import pytest

from service.errors import ValueRefusedError
from service.softmax.features import (
    CategoricalFeature,
    Category,
    NumericFeature,
    unknown_category,
)

COLOUR = CategoricalFeature(name="colour", categories=("blue", "red"), mode="red")


def test_an_unknown_category_is_told_what_there_is_and_whether_nothing_is_too() -> None:
    level = CategoricalFeature(name="c", categories=("a", "b", None), mode="a")

    assert unknown_category(COLOUR) == "expected one of 'blue', 'red' for 'colour'"
    assert unknown_category(level) == "expected one of 'a', 'b' or no value for 'c'"
    assert unknown_category(level, shown=1) == "expected one of 'a' and 1 more or no value for 'c'"


@pytest.mark.parametrize(
    "categories",
    [(), ("a", "a"), ("a", 1), (None, "a"), (True, 2)],
    ids=str,
)
def test_categories_are_distinct_and_of_one_type(categories: tuple[Category, ...]) -> None:
    with pytest.raises(ValueRefusedError):
        CategoricalFeature(name="c", categories=categories, mode="a")


@pytest.mark.parametrize("bounds", [(1.0, 0.0), (math.nan, 1.0), (0.0, math.inf)])
def test_a_range_runs_upwards_between_finite_numbers(bounds: tuple[float, float]) -> None:
    with pytest.raises(ValueRefusedError):
        NumericFeature(name="n", low=bounds[0], high=bounds[1], median=0.5)
