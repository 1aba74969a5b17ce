"""Files judge a row as requests do: the same matrix, the same reason to reject."""

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from service.softmax.contract import CategoricalFeature, FeatureContract, NumericFeature
from service.tables.encoding import CODES, Flaw, encode_rows

CONTRACT = FeatureContract(
    features=(
        NumericFeature(name="plain", low=-1, high=1, median=0.0),
        NumericFeature(name="filled", low=-1, high=1, median=0.0, fill=0.25),
        CategoricalFeature(name="text", categories=("007", "é", "true"), mode="é"),
        CategoricalFeature(name="whole", categories=(-1, 0, 3), mode=0, fill=3),
        CategoricalFeature(name="truth", categories=(False, True), mode=True),
        CategoricalFeature(name="open", categories=("a", "b"), mode="a", unknown="ignore"),
        CategoricalFeature(name="gap", categories=("a", None), mode="a"),
    )
)
NUMBERS = st.one_of(st.none(), st.floats(width=64))
TEXTS = st.one_of(st.none(), st.sampled_from(["007", "é", "true", "a", "b", "x", "7"]))
ROWS = st.lists(
    st.tuples(
        NUMBERS,
        NUMBERS,
        TEXTS,
        st.one_of(st.none(), st.integers(-2, 4)),
        st.one_of(st.none(), st.booleans()),
        TEXTS,
        TEXTS,
    ),
    min_size=1,
    max_size=12,
)
TYPES = (pa.float64(), pa.float64(), pa.string(), pa.int64(), pa.bool_(), pa.string(), pa.string())


def judged(table: pa.Table) -> tuple[Any, list[tuple[str, str] | None]]:
    found = encode_rows(CONTRACT, table)
    reasons = [
        None if code < 0 else (CODES[code], CONTRACT.names[feature])
        for code, feature in zip(found.rejections, found.features, strict=True)
    ]
    return found.X, reasons


def judged_by_the_contract(columns: list[list[Any]]) -> tuple[Any, list[tuple[str, str] | None]]:
    encoded = CONTRACT.encode(columns)
    faults = {int(f.location[0]): f for f in encoded.faults(one_a_row=True)}
    reasons = [
        (faults[row].code, str(faults[row].location[1])) if row in faults else None
        for row in range(len(encoded.X))
    ]
    return encoded.X, reasons


def assert_alike(table: pa.Table, columns: list[list[Any]]) -> None:
    X, reasons = judged(table)
    sure_X, sure_reasons = judged_by_the_contract(columns)

    assert reasons == sure_reasons
    is_sound = [reason is None for reason in reasons]
    assert np.array_equal(X[is_sound], sure_X[is_sound])
    assert np.isfinite(X).all()


@given(rows=ROWS, in_chunks=st.booleans(), as_dictionaries=st.booleans())
def test_columns_of_arrow_are_judged_like_the_values_of_a_request(
    rows: list[tuple[Any, ...]], *, in_chunks: bool, as_dictionaries: bool
) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)]
    arrays: list[Any] = [pa.array(c, kind) for c, kind in zip(columns, TYPES, strict=True)]
    if as_dictionaries:
        arrays = [a.dictionary_encode() if a.type == pa.string() else a for a in arrays]
    table = pa.table(arrays, names=list(CONTRACT.names))
    if in_chunks:  # whose dictionaries differ
        table = pa.concat_tables([table.slice(0, 1), table.slice(1)])

    assert_alike(table, columns)


@given(rows=ROWS)
def test_text_is_judged_like_the_numbers_and_truth_values_it_stands_for(
    rows: list[tuple[Any, ...]],
) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)]
    texts = [
        [None if value is None else str(value).lower() for value in column]
        if position in {0, 1, 3, 4}
        else column
        for position, column in enumerate(columns)
    ]
    # What CSV calls missing is read as null, and NaN is among it.
    texts = [[None if text == "nan" else text for text in column] for column in texts]
    table = pa.table([pa.array(t, pa.string()) for t in texts], names=list(CONTRACT.names))

    assert_alike(table, columns)


def test_text_that_is_no_number_is_told_from_one_that_is_missing() -> None:
    texts = ["1", " 2.5 ", "1e3", "-.5", "abc", "1,5", "", "0x10", "inf", "1e999", None, "--1"]
    rows: dict[str, list[Any]] = {name: ["a"] * len(texts) for name in CONTRACT.names}
    rows |= {"plain": texts, "filled": ["0"] * len(texts)}
    rows |= {
        "text": ["é"] * len(texts),
        "whole": ["0"] * len(texts),
        "truth": ["TRUE"] * len(texts),
    }

    X, reasons = judged(pa.table(rows))

    assert [None if reason is None else reason[0] for reason in reasons] == [
        None,
        None,
        None,
        None,
        "wrong_type",
        "wrong_type",
        "missing_value",
        "wrong_type",
        "not_finite",
        "not_finite",
        "missing_value",
        "wrong_type",
    ]
    assert X[:4, 0].tolist() == [1.0, 2.5, 1000.0, -0.5]


def test_what_is_known_to_be_wrong_of_a_row_comes_first() -> None:
    columns = [[0.0, None], [0.0, 0.0], ["é", "é"], [0, 0], [True, True], ["a", "a"], ["a", "a"]]
    table = pa.table(dict(zip(CONTRACT.names, columns, strict=True)))

    found = encode_rows(CONTRACT, table, [Flaw(row=1, feature=None, code="wrong_width")])

    assert [CODES[code] if code >= 0 else None for code in found.rejections] == [
        None,
        "wrong_width",
    ]
