"""Measure `softmax score` against a bare loop: `python benchmarks/scoring.py [--quick]`.

Five million rows of twenty columns in a Parquet file, row groups of 131,072 rows, ten classes.
The bare loop reads with the same options, multiplies, takes softmax and writes the same columns
with pyarrow, compressed alike, in row groups as long; it checks no value, and after a kill it
begins again. Both run in processes of their own, on one BLAS thread, in turns, and each begins
without a file in its place and without another's writes to wait for; the answers are compared.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

from service.artifacts.artifact import Artifact, pack, unpack
from service.scoring.score import Job, score
from service.softmax.contract import FeatureContract, NumericFeature
from service.softmax.model import SoftmaxModel
from service.tables.binary_rows import BATCH_ROWS, BUFFER_BYTES

N_FEATURES, N_CLASSES, GROUP_ROWS = 20, 10, 2**17
TEXT_ROWS = 500_000
CLASSES = tuple("abcdefghij")

Runs = list[tuple[float, float, float]]
"""Seconds, CPU seconds and peak memory in MB of each run."""


def artifact() -> Artifact:
    """Make a model; which one does not matter."""
    contract = FeatureContract(
        features=tuple(
            NumericFeature(name=f"x{j}", low=-5.0, high=5.0, median=0.0) for j in range(N_FEATURES)
        )
    )
    random = np.random.default_rng(0)
    model = SoftmaxModel(
        classes_=CLASSES,
        levels_=contract.levels,
        coef_=random.normal(size=(N_CLASSES, N_FEATURES)),
        intercept_=random.normal(size=N_CLASSES),
        mean_=np.zeros(N_FEATURES),
        class_prior_=np.full(N_CLASSES, 1 / N_CLASSES),
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
        golden_rows=(tuple([0.5] * N_FEATURES),),
        libraries={},
    )
    return unpack(files)


def make_rows(path: Path, n_rows: int) -> None:
    """Write the rows."""
    random = np.random.default_rng(1)
    names = [f"x{j}" for j in range(N_FEATURES)]
    schema = pa.schema([(name, pa.float64()) for name in names])
    with parquet.ParquetWriter(path, schema) as writer:
        for start in range(0, n_rows, GROUP_ROWS):
            X = random.normal(size=(min(GROUP_ROWS, n_rows - start), N_FEATURES))
            writer.write_table(pa.table(dict(zip(names, X.T, strict=True)), schema=schema))


def make_texts(source: Path, texts: Path) -> None:
    """Write the first of the rows as text."""
    batches = parquet.ParquetFile(source).iter_batches(TEXT_ROWS // 10)
    with texts.open("wb") as file:
        for number, batch in enumerate(islice(batches, 10)):
            csv.write_csv(batch, file, csv.WriteOptions(include_header=not number))


def ours(source: Path, output: Path) -> None:
    """Score as the command does."""
    score(Job(artifact=artifact(), source=source, output=output))


def bare(source: Path, output: Path) -> None:
    """Score with nothing but numpy and pyarrow."""
    model = artifact().model
    names = [f"x{j}" for j in range(N_FEATURES)]
    levels, texts = pa.array(CLASSES), pa.dictionary(pa.int32(), pa.string())
    kinds = [(f"proba_{name}", pa.float64()) for name in CLASSES]
    schema = pa.schema([*kinds, ("label", texts), ("error_code", texts)])
    file = parquet.ParquetFile(source, pre_buffer=False, buffer_size=BUFFER_BYTES)
    writer = parquet.ParquetWriter(output, schema, use_dictionary=["label", "error_code"])
    waiting: list[pa.Table] = []
    for group in range(file.metadata.num_row_groups):
        for batch in file.iter_batches(
            BATCH_ROWS, row_groups=[group], columns=names, use_threads=False
        ):
            X = np.column_stack([column.to_numpy() for column in batch.columns])
            proba = X @ model.coef_.T + model.intercept_
            proba -= proba.max(axis=1, keepdims=True)
            np.exp(proba, out=proba)
            proba /= proba.sum(axis=1, keepdims=True)
            winners = pa.array(proba.argmax(axis=1).astype(np.int32))
            labels = pa.DictionaryArray.from_arrays(winners, levels)
            columns = [*proba.T, labels, pa.nulls(len(X), texts)]
            waiting.append(pa.table(columns, schema=schema))
            if len(waiting) == GROUP_ROWS // BATCH_ROWS // 2:
                writer.write_table(pa.concat_tables(waiting))
                waiting = []
    if waiting:
        writer.write_table(pa.concat_tables(waiting))
    writer.close()


def measured(how: str, source: Path, output: Path) -> tuple[float, float, float]:
    """Run one of them in a process of its own; give seconds, CPU seconds, peak memory in MB."""
    output.unlink(missing_ok=True)  # to write over a file is cheaper than to write a new one
    os.sync()
    done = subprocess.run(
        [sys.executable, __file__, "--child", how, str(source), str(output)],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, cpu_seconds, peak = json.loads(done.stdout)
    return seconds, cpu_seconds, peak


def child(how: str, source: str, output: str) -> None:
    """Run one of them here."""
    start, cpu_start = time.perf_counter(), time.process_time()
    {"ours": ours, "bare": bare}[how](Path(source), Path(output))
    spent = [time.perf_counter() - start, time.process_time() - cpu_start]
    print(json.dumps([*spent, peak_memory()]))


def peak_memory() -> float:
    """Give the most memory that this process held, in MB."""
    # Not by getrusage: there the process that started this one counts too.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def check_answers(first: Path, second: Path) -> None:
    """Compare the answers of both, a row group at a time."""
    one, other = parquet.ParquetFile(first), parquet.ParquetFile(second)
    assert _shape(one) == _shape(other)  # noqa: S101 - a measurement of other work is none
    names = [f"proba_{name}" for name in CLASSES]
    for batch, sure in zip(
        one.iter_batches(columns=[*names, "label"]),
        other.iter_batches(columns=[*names, "label"]),
        strict=True,
    ):
        for name in names:
            np.testing.assert_allclose(batch[name], sure[name], rtol=1e-11, atol=1e-300)
        assert batch["label"].cast("string").equals(sure["label"].cast("string"))  # noqa: S101 - a measurement of wrong answers is none


def _shape(file: parquet.ParquetFile) -> list[tuple[str, str, int]]:
    """Give the name, compression and length of every column chunk."""
    groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
    chunks = [group.column(number) for group in groups for number in range(group.num_columns)]
    return [(chunk.path_in_schema, chunk.compression, chunk.num_values) for chunk in chunks]


def main() -> None:
    """Print one line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    n_rows, repeats = (500_000, 2) if options.quick else (5_000_000, 3)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "rows.parquet"
        make_rows(source, n_rows)
        found: dict[str, Runs] = {"bare": [], "ours": []}
        for _ in range(repeats):
            for how, runs in found.items():
                runs.append(measured(how, source, Path(folder) / f"{how}.parquet"))
        check_answers(Path(folder) / "ours.parquet", Path(folder) / "bare.parquet")
        texts = Path(folder) / "rows.csv"
        make_texts(source, texts)
        text_seconds, _, text_peak = measured("ours", texts, Path(folder) / "ours.ndjson")
    best, cpu, peak = (
        {how: of(runs) for how, runs in found.items()} for of in (_best, _cpu, _peak)
    )
    print(
        f"score {n_rows}x{N_FEATURES}x{N_CLASSES} Parquet: {best['bare'] / best['ours']:.2f}x the"
        f" speed of a bare loop, {cpu['bare'] / cpu['ours']:.2f}x by processor time"
        f" ({n_rows / best['ours'] / 1e6:.2f} M rows/s;"
        f" {best['ours']:.1f} s, bare {best['bare']:.1f} s;"
        f" CPU {cpu['ours']:.1f} s, bare {cpu['bare']:.1f} s),"
        f" peak memory {peak['ours']:.0f} MB (bare {peak['bare']:.0f} MB)"
    )
    print(
        f"score {TEXT_ROWS}x{N_FEATURES}x{N_CLASSES} CSV to NDJSON:"
        f" {TEXT_ROWS / text_seconds / 1e6:.2f} M rows/s, peak memory {text_peak:.0f} MB"
    )


def _best(runs: Runs) -> float:
    return min(seconds for seconds, _, _ in runs)


def _cpu(runs: Runs) -> float:
    return min(seconds for _, seconds, _ in runs)


def _peak(runs: Runs) -> float:
    return max(memory for _, _, memory in runs)


if __name__ == "__main__":
    main()
