"""A small model of numbers and categories, and rows of it, some of them bad."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet

from service.artifacts.artifact import Artifact, pack, unpack
from service.softmax.contract import CategoricalFeature, FeatureContract, NumericFeature
from service.softmax.model import SoftmaxModel

Row = dict[str, Any]


@pytest.fixture(scope="session")
def artifact() -> Artifact:
    return small_artifact()


def small_artifact() -> Artifact:
    """Make a model of two numbers and three kinds of categories, with integer classes."""
    contract = FeatureContract(
        features=(
            NumericFeature(name="height", low=-3, high=3, median=0.0),
            CategoricalFeature(name="colour", categories=("blue", "réd"), mode="réd"),
            NumericFeature(name="width", low=-3, high=3, median=0.5, fill=0.5),
            CategoricalFeature(name="grade", categories=(1, 2, 3), mode=1, unknown="ignore"),
            CategoricalFeature(
                name="old", categories=(False, True, None), mode=True, unknown="error"
            ),
        )
    )
    random = np.random.default_rng(5)
    model = SoftmaxModel(
        classes_=(0, 1, 5),
        levels_=contract.levels,
        coef_=random.normal(size=(3, 10)),
        intercept_=random.normal(size=3),
        mean_=random.normal(size=10),
        class_prior_=np.full(3, 1 / 3),
        temperature_=1.5,
    )
    files = pack(
        model=model,
        contract=contract,
        sample=None,
        source="made",
        recipe={},
        certificate=None,
        selection=None,
        train_metrics=None,
        test_metrics=None,
        regions_pair=None,
        golden_rows=((0.5, "blue", None, 2, True),),
        libraries={},
    )
    return unpack(files)


BAD: dict[str, Row] = {
    "missing_value": {"height": None},
    "unknown_category": {"colour": "green"},
    "outside_domain": {"height": 1.7e308, "width": -1.7e308},
}
"""Codes, and values that earn them in every format."""


def made_rows(n_rows: int, *, bad_every: int = 0) -> list[Row]:
    """Make rows, every so many of them bad."""
    random = np.random.default_rng(11)
    rows: list[Row] = [
        {
            "id": number,
            "height": float(random.normal()),
            "colour": ("blue", "réd")[random.integers(2)],
            "width": None if random.random() < 0.1 else float(random.normal()),
            "grade": int(random.integers(1, 5)),
            "old": (True, False, None)[random.integers(3)],
        }
        for number in range(n_rows)
    ]
    for number, row in enumerate(rows):
        if bad_every and number % bad_every == bad_every - 1:
            row.update(list(BAD.values())[number % len(BAD)])
    return rows


def write_rows(path: Path, rows: list[Row]) -> Path:
    """Write rows as somebody else would, in the format of the suffix."""
    table = pa.Table.from_pylist(rows)
    if path.suffix == ".parquet":
        parquet.write_table(table, path, row_group_size=max(1, len(rows) // 7))
    elif path.suffix == ".arrow":
        with pa.ipc.new_stream(str(path), table.schema) as stream:
            stream.write_table(table, max_chunksize=max(1, len(rows) // 5))
    elif path.suffix == ".feather":
        feather.write_feather(table, str(path), chunksize=max(1, len(rows) // 5))
    elif path.suffix == ".ndjson":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        delimiter = "\t" if path.suffix == ".tsv" else ","
        csv.write_csv(table, path, csv.WriteOptions(delimiter=delimiter))
    return path


def read_answers(path: Path) -> list[Row]:
    """Read answers as somebody else would."""
    if path.suffix == ".parquet":
        table = parquet.read_table(path)
    elif path.suffix in {".arrow", ".feather"}:
        table = pa.ipc.open_file(str(path)).read_all()
    elif path.suffix == ".ndjson":
        return [json.loads(line) for line in path.read_text().splitlines()]
    else:
        table = csv.read_csv(
            path,
            parse_options=csv.ParseOptions(delimiter="\t" if path.suffix == ".tsv" else ","),
            convert_options=csv.ConvertOptions(
                strings_can_be_null=True, column_types={"error_code": pa.string()}
            ),
        )
    rows: list[Row] = table.to_pylist()
    return rows
