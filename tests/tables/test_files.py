"""Files of rows to tables."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal
from pyarrow import feather, parquet

from service.errors import TableError
from service.softmax.arrays import Label
from service.tables.files import ReadOptions, read_table
from service.tables.table import CategoryColumn, NumberColumn, Table


def write(folder: Path, text: str, name: str = "rows.csv", encoding: str = "utf-8") -> str:
    (folder / name).write_bytes(text.encode(encoding))
    return str(folder / name)


def numbers(table: Table, column: str) -> list[float]:
    found = table.column(column)
    assert isinstance(found, NumberColumn)
    return [float(value) for value in found.values]


def labels(table: Table, column: str) -> list[Label | None]:
    """The value of each row, None for a missing one."""
    found = table.column(column)
    assert isinstance(found, CategoryColumn)
    return [found.levels[code] if code >= 0 else None for code in found.codes]


def test_types_are_inferred(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, 'a,b,c,d\n1,1.5,x,true\n-2,,"y, z",false\n'))

    assert numbers(table, "a") == [1.0, -2.0]
    assert_array_equal(numbers(table, "b"), [1.5, np.nan])
    assert labels(table, "c") == ["x", "y, z"]
    assert labels(table, "d") == [True, False]


def test_the_user_s_word_is_stronger_than_the_look_of_a_column(tmp_path: Path) -> None:
    path = write(tmp_path, "zip,size,year\n02139,1,2007\n10115,2.5,2008\n")
    options = ReadOptions(categorical=("zip", "year"), numeric=("size",))

    table = read_table(path, options)

    assert labels(table, "zip") == ["02139", "10115"]  # not all are whole numbers as written
    assert labels(table, "year") == [2007, 2008]
    assert numbers(table, "size") == [1.0, 2.5]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ("3 -1 0", [3, -1, 0]),
        ("9007199254740993 9007199254740992", [9007199254740993, 9007199254740992]),
        ("true False TRUE", ["true", "False", "TRUE"]),
        ("true false true", [True, False, True]),
        ("01 1 2", ["01", "1", "2"]),
        ("1.5 2 3", ["1.5", "2", "3"]),
        ("ja nein é", ["ja", "nein", "é"]),
    ],
)
def test_labels_have_the_type_that_all_of_them_have(
    tmp_path: Path, texts: str, expected: list[Label]
) -> None:
    path = write(tmp_path, "y\n" + "\n".join(texts.split()) + "\n")

    assert labels(read_table(path, ReadOptions(categorical=("y",))), "y") == expected


def test_levels_are_sorted_by_code_point_and_missing_ones_are_marked(tmp_path: Path) -> None:
    column = read_table(write(tmp_path, "c,n\nz,1\né,2\n,3\nZ,4\nz,5\n")).column("c")

    assert isinstance(column, CategoryColumn)
    assert column.levels == ("Z", "z", "é")
    assert_array_equal(column.codes, [1, 2, -1, 0, 1])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_says_the_encoding(tmp_path: Path, encoding: str) -> None:
    table = read_table(write(tmp_path, "größe\tb\n1\té\n", "rows.tsv", encoding))

    assert list(table.columns) == ["größe", "b"]
    assert labels(table, "b") == ["é"]


def test_another_encoding_or_delimiter_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path, "a;b\né;1\n", encoding="latin-1")

    table = read_table(path, ReadOptions(encoding="latin-1", delimiter=";"))

    assert labels(table, "a") == ["é"]
    assert numbers(table, "b") == [1.0]


def test_a_line_break_inside_quotes_is_text(tmp_path: Path) -> None:
    assert labels(read_table(write(tmp_path, 'a,b\n"x\ny",1\n')), "a") == ["x\ny"]


def test_columns_may_differ_only_in_case(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "size,Size,SIZE\n1,2,3\n"))

    assert [numbers(table, name) for name in ("size", "Size", "SIZE")] == [[1], [2], [3]]


def test_a_table_may_have_thousands_of_columns(tmp_path: Path) -> None:
    header, row = (",".join(f"{p}{i}" for i in range(5000)) for p in ("x", ""))

    assert len(read_table(write(tmp_path, f"{header}\n{row}\n")).columns) == 5000


ROWS = pa.table(
    {
        "a": [1, None, 3],
        "b": pa.array(["x", None, "x"]).dictionary_encode(),
        "c": pa.array([0.5, 0.25, 1.0], pa.float32()),
        "d": [True, False, None],
    }
)


def as_stream(table: pa.Table, path: str) -> None:
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)


def as_lines(table: pa.Table, path: str) -> None:
    import json  # noqa: PLC0415 - pyarrow.json is another one

    Path(path).write_text("".join(f"{json.dumps(row)}\n" for row in table.to_pylist()))


@pytest.mark.parametrize(
    ("name", "write_rows"),
    [
        ("rows.parquet", parquet.write_table),
        ("rows.feather", feather.write_feather),
        ("rows.arrow", as_stream),
        ("rows.ndjson", as_lines),
        ("rows.jsonl", as_lines),
    ],
)
def test_every_format_gives_the_same_table(
    tmp_path: Path, name: str, write_rows: Callable[[Any, str], None]
) -> None:
    write_rows(ROWS, str(tmp_path / name))

    table = read_table(str(tmp_path / name))

    assert_array_equal(numbers(table, "a"), [1.0, np.nan, 3.0])
    assert labels(table, "b") == ["x", None, "x"]
    assert numbers(table, "c") == [0.5, 0.25, 1.0]
    assert labels(table, "d") == [True, False, None]


def test_a_glob_reads_every_file_in_the_order_of_names(tmp_path: Path) -> None:
    write(tmp_path, "a,b\n1,x\n", "part-1.csv")
    write(tmp_path, "b,a\ny,2.5\n", "part-2.csv")
    write(tmp_path, "other\n", "rest.csv")

    table = read_table(str(tmp_path / "part-*.csv"))

    assert table.name == "part-*.csv"
    assert numbers(table, "a") == [1.0, 2.5]
    assert labels(table, "b") == ["x", "y"]


def test_files_of_one_glob_have_the_same_columns(tmp_path: Path) -> None:
    write(tmp_path, "a,b\n1,x\n", "part-1.csv")
    write(tmp_path, "a,c\n1,x\n", "part-2.csv")

    with pytest.raises(TableError, match=r"^part-2\.csv: expected the columns of part-1\.csv"):
        read_table(str(tmp_path / "part-*.csv"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b\n1,2\n3\n", "expected 2 values in row 2, got 1"),
        ("a,b\n1,2\n3,4,5\n", "expected 2 values in row 2, got 3"),
        ('a,b\n1,2\n"3,4\n', "expected 2 values in row 2, got 1"),
        ("a,a\n1,2\n", "'a' more than once"),
        ("", "rows.csv: "),
        ("a,b\n", "at least one row"),
        ("a,day\n1,2026-01-01\n", "column 'day' holds date32"),
        ("a,n\n1,1\n2,2\n3,oops\n4,4\n", "column 'n': expected a number in row 3 as in most"),
        ("y,n\na,1\n1.5,2\n", "column 'y': expected a number in row 1, got text"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, text: str, reason: str) -> None:
    options = ReadOptions(numeric=("y",))

    with pytest.raises(TableError) as refusal:
        read_table(write(tmp_path, text), options)

    assert reason in str(refusal.value)
    assert str(refusal.value).startswith("rows.csv: ")
    assert "\n" not in str(refusal.value)


def test_text_in_a_column_that_is_to_be_numbers_is_named_in_any_format(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"n": ["1", None, "oops"]}), tmp_path / "rows.parquet")

    with pytest.raises(TableError, match="column 'n': expected a number in row 3, got text"):
        read_table(str(tmp_path / "rows.parquet"), ReadOptions(numeric=("n",)))


def test_decimals_are_no_labels(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"y": [1.0, 2.5]}), tmp_path / "rows.parquet")

    with pytest.raises(TableError, match="got decimals"):
        read_table(str(tmp_path / "rows.parquet"), ReadOptions(categorical=("y",)))


def test_bytes_that_are_no_text_are_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"column 'a' is not text in utf-8 \(--encoding"):
        read_table(write(tmp_path, "a,b\né,1\n", encoding="latin-1"))


def test_an_unknown_encoding_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"unknown encoding: utf-99"):
        read_table(write(tmp_path, "a\n1\n"), ReadOptions(encoding="utf-99"))


@pytest.mark.parametrize("source", ["none.csv", "none-*.csv"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, source: str) -> None:
    with pytest.raises(TableError, match=r"no such file|no file matches"):
        read_table(str(tmp_path / source))


def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"\.csv, \.tsv, \.parquet"):
        read_table(write(tmp_path, "a\n1\n", "rows.xlsx"))


def test_something_else_in_a_parquet_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"^rows\.parquet: "):
        read_table(write(tmp_path, "a,b\n1,2\n", "rows.parquet"))


def test_a_column_that_is_not_there_is_named_with_its_near_miss(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "Size,size_cm\n1,2\n"))

    with pytest.raises(TableError, match=r"no column 'size'; did you mean 'Size'\?"):
        table.column("size")
