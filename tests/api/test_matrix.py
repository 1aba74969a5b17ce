"""The quick reader of many rows accepts nothing that Pydantic would not, and reads the same."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from pydantic import ValidationError

from service.api.matrix import BLOCK_BYTES, matrix_of
from service.api.rows import RowReader
from service.softmax.contract import FeatureContract, NumericFeature

READER = RowReader(
    FeatureContract(
        features=tuple(NumericFeature(name=n, low=0, high=1, median=0.5) for n in ("a", "b"))
    )
)

NUMBER_TEXTS = st.one_of(
    st.floats().map(repr),
    st.integers().map(str),
    st.integers(-(2**80), 2**80).map(str),
    st.sampled_from(["-0", "1e400", "1E5", "1e-400", "01", "1.", ".5", "+1", "NaN", "-Infinity"]),
    st.sampled_from(['"1"', "null", "true", "[]", "[1]", "{}", '{"a":1}', "", " 2 "]),
)
ROW_TEXTS = st.lists(NUMBER_TEXTS, max_size=3).map(lambda row: f"[{','.join(row)}]")
LIST_TEXTS = st.lists(st.one_of(ROW_TEXTS, NUMBER_TEXTS), max_size=4).map(
    lambda rows: f"[{','.join(rows)}]"
)
SIZES = st.sampled_from([0, 1, 30, BLOCK_BYTES])
"""Text to a block, so that bodies are cut everywhere that they may be."""
SEPARATORS = [(",", ":"), (", ", ": "), (" \n,\t\r ", "\n: ")]
BODIES = st.one_of(
    st.builds('{{"instances":{}}}'.format, LIST_TEXTS),
    st.builds('{{"instances":{},"instances":{}}}'.format, LIST_TEXTS, LIST_TEXTS),
    st.builds('{{"instances":{},"on_error":"fail"}}'.format, LIST_TEXTS),
    st.builds('{{"instances":{}}}{}'.format, LIST_TEXTS, st.sampled_from(["}", "1", "\n", "\x00"])),
    st.builds('\ufeff{{"instances":{}}}'.format, LIST_TEXTS),
    LIST_TEXTS,
)


@given(BODIES, SIZES)
def test_what_the_quick_reader_accepts_pydantic_reads_as_the_same_numbers(
    text: str, block_bytes: int
) -> None:
    matrix = matrix_of(text.encode(), 2, block_bytes)

    if matrix is not None:
        expected = np.array(READER.lists(text.encode()), dtype=np.float64).reshape(-1, 2)
        assert_array_equal(matrix, expected)


@given(
    st.lists(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 2)),
    SIZES,
    st.sampled_from(SEPARATORS),
)
def test_rows_of_finite_numbers_are_read_quickly(
    rows: list[tuple[float, float]], block_bytes: int, separators: tuple[str, str]
) -> None:
    text = json.dumps({"instances": rows}, separators=separators)

    matrix = matrix_of(text.encode(), 2, block_bytes)

    assert matrix is not None
    assert_array_equal(matrix, np.array(rows, dtype=np.float64).reshape(-1, 2))


@pytest.mark.parametrize("block_bytes", [0, BLOCK_BYTES])
@pytest.mark.parametrize(
    "text",
    [
        '{"instances":[[1,2],[3]]}',
        '{"instances":[[1,[2]],[3,4]]}',
        '{"instances":[[1,2,3,4]]}',
        '{"instances":[1,2]}',
        '{"instances":[[1,2]],"instances":[[3,4]]}',
        '{"instances":[[1,2]]',
        '{"instances":[[1,2]]} 1',
        '{"instances":[[1,2],]}',
        '{"instances":[[1,2],[[3,4],[5,6]]]}',
        '{"instances":[[[1,2],[3,4]],[5,6]]}',
        '{"instances":[{},{}]}',
        '{"instances":[[1,2],"],[",[3,4]]}',
        '{"instances":[[1,2]]]}',
    ],
)
def test_what_is_no_matrix_is_left_to_pydantic(text: str, block_bytes: int) -> None:
    assert matrix_of(text.encode(), 2, block_bytes) is None


def test_a_key_that_stands_twice_is_read_by_pydantic_alone() -> None:
    body = b'{"instances":[[1,2]],"instances":[[3,4]]}'

    assert READER.lists(body) == [(3.0, 4.0)]
    with pytest.raises(ValidationError):
        READER.lists(b'{"instances":[[1,2]],"other":1}')
