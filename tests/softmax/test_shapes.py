"""Which columns a model has."""

from numpy.testing import assert_array_equal

from service.softmax.shapes import column_starts


def test_numbers_take_one_column_and_categories_one_each() -> None:
    assert_array_equal(column_starts((0, 3, 0, 2)), [0, 1, 4, 5, 7])
