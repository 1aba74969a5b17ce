"""NDJSON, a run of lines at a time; a line that is no row is rejected, not the file."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import pyarrow as pa
from pyarrow import json as arrow_json

from service.softmax.contract import Feature, FeatureContract
from service.tables.encoding import Flaw
from service.tables.files import ReadOptions
from service.tables.pieces import Piece, RowFile

LINES_BYTES = 2**22
"""Text parsed at a time, and the end of its last line."""

_LARGEST = 2**63 - 1

_TYPES: Mapping[type, pa.DataType] = {str: pa.string(), int: pa.int64(), bool: pa.bool_()}


@contextmanager
def json_rows(path: Path, contract: FeatureContract, _: ReadOptions) -> Iterator[RowFile]:
    """Open a file of JSON objects, one a line; blank lines are no rows.

    Parameters
    ----------
    path : Path
        The file.
    contract : FeatureContract
        The features, which are what is read of each object.

    Yields
    ------
    RowFile
        Its rows.
    """
    with path.open("rb") as file:
        yield _JsonRows(file=file, contract=contract, n_bytes=max(1, path.stat().st_size))


@dataclass(kw_only=True)
class _JsonRows:
    file: BinaryIO
    contract: FeatureContract
    n_bytes: int
    names: Sequence[str] | None = None

    @property
    def share_read(self) -> float:
        return self.file.tell() / self.n_bytes

    def pieces(self, columns: Sequence[str], after: int) -> Iterator[Piece | int]:
        features = [f for f in self.contract.features if f.name in columns]
        schema = pa.schema([(feature.name, _type(feature)) for feature in features])
        row = 0
        while lines := [line for line in self.file.readlines(LINES_BYTES) if line.strip()]:
            row += len(lines)
            yield len(lines) if row <= after else _piece(lines, features, schema)


def _piece(lines: list[bytes], features: Sequence[Feature], schema: pa.Schema) -> Piece:
    parsing = arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    text = b"".join(lines)
    reading = arrow_json.ReadOptions(use_threads=False, block_size=len(text) + 1)
    source: Any = pa.BufferReader(text)
    try:
        table = arrow_json.read_json(source, read_options=reading, parse_options=parsing)
    except pa.ArrowInvalid:
        return _line_by_line(lines, features, schema)
    # Two objects on a line would be two rows.
    return (
        Piece(table=table)
        if table.num_rows == len(lines)
        else _line_by_line(lines, features, schema)
    )


def _line_by_line(lines: list[bytes], features: Sequence[Feature], schema: pa.Schema) -> Piece:
    columns: dict[str, list[Any]] = {feature.name: [] for feature in features}
    flaws: list[Flaw] = []
    for row, line in enumerate(lines):
        try:
            record: Any = json.loads(line, parse_constant=_refuse)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            flaws.append(Flaw(row=row, feature=None, code="malformed_json"))
            record = {}
        for feature in features:
            value = record.get(feature.name)
            code = None if value is None else _fault(value, feature)
            if code is not None:
                flaws.append(Flaw(row=row, feature=feature.name, code=code))
            columns[feature.name].append(value if code is None else None)
    return Piece(table=pa.table(columns, schema=schema), flaws=tuple(flaws))


def _type(feature: Feature) -> pa.DataType:
    return pa.float64() if feature.kind == "number" else _TYPES[feature.level_type]


def _fault(value: object, feature: Feature) -> str | None:
    if feature.kind == "number":
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "wrong_type"
        return None if abs(value) <= sys.float_info.max else "not_finite"
    if type(value) is not feature.level_type:
        return "wrong_type"
    if isinstance(value, str):  # half of a surrogate pair is no text
        return None if value.isascii() or _is_text(value) else "unknown_category"
    return None if abs(value) <= _LARGEST else "unknown_category"


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse(token: str) -> NoReturn:
    msg = f"{token} is no JSON"
    raise ValueError(msg)
