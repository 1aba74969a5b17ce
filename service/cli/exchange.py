"""`softmax models import` and `softmax models export`."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.cli.files import write_whole
from service.cli.report import print_json
from service.errors import ServiceError

if TYPE_CHECKING:
    from service.training.exchange.foreign import Foreign
    from service.training.exchange.importing import Imported

WARNING = (
    "WARNING: {path} is a pickle, and opening a pickle runs whatever code is in it. It is opened"
    " now, in a process of its own, with all the rights you have."
)


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--name", required=True, help="Model name.")
@click.option("--trust-pickle", is_flag=True, help="Open a pickle, and so run its code.")
@click.option("--features", metavar="A,B,…", help="Names of the features, in order.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The rows of the fit: ranges, shares and a sample are learned from them.",
)
@click.option("--target", metavar="COL", help="Column of labels in --data.")
@click.option(
    "--range",
    "ranges",
    multiple=True,
    metavar="COL=LOW:HIGH",
    help="Training range of a number, where there is no --data.",
)
@click.option("--no-sample", "sample", is_flag=True, flag_value=False, default=True)
@click.option("--activate/--no-activate", default=True, help="Let the new version answer at once.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def import_model(
    file: Path,
    name: str,
    features: str | None,
    data: Path | None,
    target: str | None,
    ranges: tuple[str, ...],
    *,
    trust_pickle: bool,
    sample: bool,
    activate: bool,
    as_json: bool,
) -> None:
    """Make a model of FILE, a fitted scikit-learn pipeline saved by skops, joblib or pickle.

    It may hold scalers, imputers, one-hot encoders and a LogisticRegression.
    """
    if target is not None and data is None:
        msg = "--target names a column of --data"
        raise click.UsageError(msg)
    given = dict(map(_range, ranges))
    _need_packages()
    from service.training.exchange.importing import imported, unplaced
    from service.training.exchange.learning import learned, placed
    from service.training.exchange.process import is_skops, open_foreign, read_foreign

    content = read_foreign(file)
    if not is_skops(content):
        _trust(file, trust_pickle=trust_pickle)
    foreign = open_foreign(content, file.name, features.split(",") if features else ())
    foreign = placed(foreign, given)
    if data is None and (names := unplaced(foreign)):
        msg = (
            f"{file.name} does not tell where {names[0]!r} lay in training: --data FILE with the"
            f" rows of the fit does, or --range '{names[0]}=LOW:HIGH'"
        )
        raise ServiceError(msg)
    found = imported(foreign, {"format": "skops" if is_skops(content) else "pickle"})
    if data is not None:
        found = learned(found, _table(data, found, target), target, keep_sample=sample)
    published = _publish(name, file.name, found, activate=activate)
    if as_json:
        print_json({"model": published, "difference": found.difference})
        return
    click.echo(_summary(foreign, found))
    click.echo(f"published {published['name']}@{published['version']} {published['digest']}")


@click.command(name="export")
@click.argument("model")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def export_model(model: str, file: Path, *, as_json: bool) -> None:
    """Write MODEL for other programs into FILE.

    A .joblib or .skops file is a scikit-learn pipeline, an .onnx file a graph in double
    precision, a .json file the coefficients in raw units.
    """
    suffixes = (".joblib", ".skops", ".onnx", ".json")
    suffix = file.suffix.lower()
    if suffix not in suffixes:
        msg = f"FILE must end in {', '.join(suffixes)}"
        raise click.UsageError(msg)
    _need_packages()
    from service.artifacts.loading import load_version
    from service.artifacts.opening import open_store
    from service.cli.reference import parse_reference
    from service.settings import Settings
    from service.training.exchange.exporting import WRITERS

    found = load_version(open_store(Settings.read()), *parse_reference(model))
    origin = {
        "name": found.name,
        "version": str(found.version),
        "digest": found.artifact.digest,
    }
    content = WRITERS[suffix](found.artifact.model, found.artifact.contract, origin)
    write_whole(file, content)
    if as_json:
        print_json({**origin, "version": found.version, "file": str(file)})
        return
    click.echo(f"{found.name}@{found.version} is written in {file}")


def _need_packages() -> None:
    for package in ("sklearn", "skops", "onnx"):
        if find_spec(package) is None:
            msg = f"exchange needs {package}: pip install 'softmax-service[train,exchange]'"
            raise ServiceError(msg)


def _trust(file: Path, *, trust_pickle: bool) -> None:
    if not trust_pickle:
        msg = (
            f"{file.name} is no skops file, and opening a pickle runs whatever code is in it: say"
            " --trust-pickle if you know who made it, or save the pipeline with skops"
        )
        raise ServiceError(msg)
    click.secho(WARNING.format(path=file.name), err=True, fg="red", bold=True)


def _range(text: str) -> tuple[str, tuple[float, float]]:
    """Read a range.

    Examples
    --------
    >>> _range("age=0:99.5")
    ('age', (0.0, 99.5))
    """
    name, _, ends = text.rpartition("=")
    try:
        low, high = map(float, ends.split(":"))
    except ValueError:
        msg = f"expected --range COL=LOW:HIGH, got {text!r}"
        raise click.UsageError(msg) from None
    return name, (low, high)


def _table(path: Path, found: "Imported", target: str | None) -> Any:
    from service.tables.files import ReadOptions, read_table

    numbers = [f.name for f in found.contract.features if not f.levels]
    categories = [f.name for f in found.contract.features if f.levels]
    if target is not None:
        categories.append(target)
    return read_table(str(path), ReadOptions(numeric=tuple(numbers), categorical=tuple(categories)))


def _publish(name: str, source: str, found: "Imported", *, activate: bool) -> dict[str, str | int]:
    from service.artifacts.artifact import MANIFEST_FILE, pack
    from service.artifacts.manifest import sha256
    from service.artifacts.opening import open_store
    from service.settings import Settings
    from service.training.libraries import library_versions

    files = pack(
        model=found.model,
        contract=found.contract,
        sample=found.sample,
        source=source,
        recipe=found.recipe,
        certificate=None,
        selection=None,
        train_metrics=found.metrics,
        test_metrics=None,
        regions_pair=found.regions_pair,
        golden_rows=found.golden_rows,
        libraries=library_versions(),
    )
    version = open_store(Settings.read()).publish(name, files, activate=activate)
    digest = f"sha256:{sha256(files[MANIFEST_FILE])}"
    return {"name": name, "version": version, "digest": digest}


def _summary(foreign: "Foreign", found: "Imported") -> str:
    steps, n_features = " → ".join(foreign.steps), len(found.contract.features)
    n_rows, n_classes = len(foreign.rows), found.model.n_classes
    lines = [
        f"{steps}: {n_features} features, {n_classes} classes",
        f"its probabilities are reproduced to {found.difference:.1e} on {n_rows} made-up rows",
    ]
    if found.metrics is not None:
        lines.append(
            f"on {found.metrics.n_samples} rows: accuracy {found.metrics.accuracy:.3f},"
            f" log loss {found.metrics.log_loss:.4f}"
        )
    else:
        lines.append(
            "not in the file, taken for equal: the shares of the classes (--data, --target)"
        )
    return "\n".join(lines)
