"""Files of rows to tables."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal
from pyarrow import parquet

from service.errors import TableError
from service.tables.files import read_table
from service.tables.table import CategoryColumn, NumberColumn


def write(tmp_path: Path, text: str, name: str = "rows.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def numbers(path: Path, column: str) -> NumberColumn:
    found = read_table(path).column(column)
    assert isinstance(found, NumberColumn)
    return found


def categories(path: Path, column: str) -> CategoryColumn:
    found = read_table(path).column(column)
    assert isinstance(found, CategoryColumn)
    return found


def test_types_are_inferred(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b,c,d\n1,1.5,x,true\n-2,,"y, z",false\n')

    assert numbers(path, "a").is_integer
    assert_array_equal(numbers(path, "b").values, [1.5, np.nan])
    assert categories(path, "c").levels == ("x", "y, z")
    assert categories(path, "d").levels == (False, True)
    assert_array_equal(categories(path, "d").codes, [1, 0])


def test_levels_are_sorted_by_code_point_and_missing_ones_are_marked(tmp_path: Path) -> None:
    column = categories(write(tmp_path, "c,n\nz,1\né,2\n,3\nZ,4\nz,5\n"), "c")

    assert column.levels == ("Z", "z", "é")
    assert_array_equal(column.codes, [1, 2, -1, 0, 1])


def test_tabs_and_byte_order_marks_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeffa\tb\n1\tx\n", "rows.tsv")

    assert list(read_table(path).columns) == ["a", "b"]


def test_a_line_break_inside_quotes_is_text(tmp_path: Path) -> None:
    assert categories(write(tmp_path, 'a,b\n"x\ny",1\n'), "a").levels == ("x\ny",)


def test_parquet_gives_what_csv_gives(tmp_path: Path) -> None:
    csv_path = write(tmp_path, "a,b,c\n1,x,0.5\n2,,0.25\n")
    table = pa.table(
        {"a": [1, 2], "b": pa.array(["x", None]).dictionary_encode(), "c": [0.5, 0.25]}
    )
    parquet.write_table(table, tmp_path / "rows.parquet")

    for name in ("a", "c"):
        assert_array_equal(
            numbers(tmp_path / "rows.parquet", name).values, numbers(csv_path, name).values
        )
    assert categories(tmp_path / "rows.parquet", "b").levels == categories(csv_path, "b").levels


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b\n1,2\n3\n", "expected 2 columns in row 3, got 1"),
        ("a,b\n1,2\n3,4,5\n", "expected 2 columns in row 3, got 3"),
        ("a,a\n1,2\n", "'a' more than once"),
        ("", "rows.csv: "),
        ("a,b\n", "at least one row"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(TableError) as refusal:
        read_table(write(tmp_path, text))

    assert reason in str(refusal.value)
    assert str(refusal.value).startswith("rows.csv: ")
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no such file"):
        read_table(tmp_path / "none.csv")


def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"\.csv, \.tsv, \.parquet"):
        read_table(write(tmp_path, "a\n1\n", "rows.xlsx"))


def test_something_else_in_a_parquet_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"^rows\.parquet: "):
        read_table(write(tmp_path, "a,b\n1,2\n", "rows.parquet"))


def test_a_column_of_dates_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"column 'day' holds date32"):
        read_table(write(tmp_path, "day,n\n2026-01-01,1\n"))


def test_a_column_that_is_not_there_is_named_with_its_near_miss(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "Size,size_cm\n1,2\n"))

    with pytest.raises(TableError, match=r"no column 'size'; did you mean 'Size'\?"):
        table.column("size")
