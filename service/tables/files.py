"""Finding and reading files of rows."""

import glob
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import json as arrow_json
from pyarrow import parquet

from service.errors import TableError
from service.tables.columns import table_columns
from service.tables.delimited import read_delimited
from service.tables.table import Table, listed


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What a file does not say of itself.

    Parameters
    ----------
    numeric : collection of str
        Columns that are numbers, whatever they look like.
    categorical : collection of str
        Columns that are categories, the target among them.
    delimiter : str or None
        What separates the values of a CSV file; by default a comma, a tab for ``.tsv``.
    encoding : str
        The encoding of a CSV file; a byte order mark at its start is stronger.
    """

    numeric: Collection[str] = ()
    categorical: Collection[str] = ()
    delimiter: str | None = None
    encoding: str = "utf-8"


def read_table(source: str, options: ReadOptions | None = None) -> Table:
    """Read a file, or all files that a glob matches, whole.

    Parameters
    ----------
    source : str
        A path or a glob such as ``data/*.csv``; suffixes say the format: ``.csv``,
        ``.tsv``, ``.parquet``, ``.arrow``, ``.feather``, ``.ndjson``, ``.jsonl``.
    options : ReadOptions, optional
        What the files do not say.

    Returns
    -------
    Table
        Integer and decimal columns as numbers, text and booleans as categories; the rows of
        several files one after the other, in the order of their names.

    Raises
    ------
    TableError
        If a file is missing, is not of its format, or has a column that is neither number,
        text nor boolean; the message names file, row and column.
    """
    chosen = options if options is not None else ReadOptions()
    paths = _paths(source)
    read = [_read(path, chosen) for path in paths]
    name = paths[0].name if len(paths) == 1 else Path(source).name
    together = _joined(paths, read)
    waiting = dict(zip(together.column_names, together.columns, strict=True))
    del read, together  # each column is let go of as soon as it is converted
    columns = table_columns(name, waiting, numeric=chosen.numeric, categorical=chosen.categorical)
    release_memory()  # of the parser
    return Table(name=name, columns=columns)


def release_memory() -> None:
    """Give memory of tables that nobody holds any more back to the system.

    pyarrow keeps it for the next table; what follows a table here is a fit.
    """
    pa.default_memory_pool().release_unused()


def _paths(source: str) -> list[Path]:
    path = Path(source)
    if path.is_file() or not glob.has_magic(source):
        return [path]
    paths = sorted(map(Path, glob.glob(source, recursive=True)))  # noqa: PTH207 - Path.glob takes no absolute ones
    files = [match for match in paths if match.is_file()]
    if not files:
        msg = f"{source}: no file matches"
        raise TableError(msg)
    return files


def _read(path: Path, options: ReadOptions) -> pa.Table:
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        msg = f"{path.name}: expected a file that ends in one of {', '.join(_READERS)}"
        raise TableError(msg)
    with told(path):
        table = _READERS[suffix](path, options)
    repeated = [column for column, times in Counter(table.column_names).items() if times > 1]
    if repeated:
        msg = f"{path.name}: expected distinct column names, got {repeated[0]!r} more than once"
        raise TableError(msg)
    return table


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Let whatever fails while a file is read end in one line that names it.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    TableError
        If something failed.
    """
    try:
        yield
    except FileNotFoundError:
        msg = f"{path}: no such file"
        raise TableError(msg) from None
    except (pa.ArrowException, OSError, UnicodeError, LookupError) as error:
        reason = str(error).splitlines()[0].strip() if str(error) else type(error).__name__
        msg = f"{path.name}: {reason}"
        raise TableError(msg) from error


def _joined(paths: list[Path], tables: list[pa.Table]) -> pa.Table:
    first = tables[0]
    for path, table in zip(paths, tables, strict=True):
        if set(table.column_names) != set(first.column_names):
            odd = set(table.column_names) ^ set(first.column_names)
            msg = f"{path.name}: expected the columns of {paths[0].name}, differs in {listed(odd)}"
            raise TableError(msg)
    if len(tables) == 1:
        return first
    try:
        return pa.concat_tables(
            [table.select(first.column_names) for table in tables], promote_options="permissive"
        )
    except pa.ArrowException as error:
        msg = f"{paths[0].name} and {len(paths) - 1} more: {str(error).splitlines()[0]}"
        raise TableError(msg) from error


def _delimited(path: Path, options: ReadOptions) -> pa.Table:
    default = "\t" if path.suffix.lower() == ".tsv" else ","
    return read_delimited(
        path,
        delimiter=options.delimiter or default,
        encoding=options.encoding,
        text=options.categorical,
    )


def _arrow(path: Path, _: ReadOptions) -> pa.Table:
    with pa.memory_map(str(path)) as source:
        try:
            return pa.ipc.open_file(source).read_all()
        except pa.ArrowInvalid:  # not the file format: the stream format, then
            source.seek(0)
            return pa.ipc.open_stream(source).read_all()


_READERS: Mapping[str, Callable[[Path, ReadOptions], pa.Table]] = {
    ".csv": _delimited,
    ".tsv": _delimited,
    ".parquet": lambda path, _: parquet.read_table(path),
    ".arrow": _arrow,
    ".feather": _arrow,
    ".ndjson": lambda path, _: arrow_json.read_json(path),
    ".jsonl": lambda path, _: arrow_json.read_json(path),
}
