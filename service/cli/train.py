"""`softmax train`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.cli.progress import progress_shown
from service.cli.report import print_json
from service.errors import ServiceError, TrainingError

if TYPE_CHECKING:
    from service.training.inference.statistics import StatisticsOptions
    from service.training.train import Trained

DEMO_RECIPE: Mapping[str, Any] = {"standardize": False, "test_size": 0.0, "C": 1.0}
"""The demo is fitted as in the experiment it comes from; options override."""

REPORT_FILE = "report.html"

_DEMO_OPTIONS = {
    "n_samples": (int, "300"),
    "n_features": (int, "2"),
    "n_informative": (int, "2"),
    "n_redundant": (int, "0"),
    "n_repeated": (int, "0"),
    "n_classes": (int, "3"),
    "n_clusters_per_class": (int, "1"),
    "flip_y": (float, "0.01"),
    "class_sep": (float, "1.0"),
    "hypercube": (bool, "true"),
    "shift": (float, "0.0"),
    "scale": (float, "1.0"),
    "shuffle": (bool, "true"),
}


def _demo_options(command: click.Command) -> click.Command:
    for name, (kind, default) in _DEMO_OPTIONS.items():
        flag = f"--{name.replace('_', '-')}"
        text = f"demo only: as in make_classification.  [default: {default}]"
        command.params.append(click.Option([flag, name], type=kind, default=None, help=text))
    return command


class _NumberOrAuto(click.ParamType[float | str]):
    name = "number|auto"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | str:
        return AUTO if value == AUTO else click.FLOAT.convert(value, param, ctx)


AUTO = "auto"
NUMBER = _NumberOrAuto()


@click.command()
@click.argument("source")
@click.option(
    "--recipe",
    "recipe_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A recipe or a manifest to repeat; other options win.",
)
@click.option("--target", help="Column of labels (a file needs it).")
@click.option("--name", help="Model name.  [default: the set's name or the file's stem]")
@click.option(
    "--C", "C", type=NUMBER, help="Inverse penalty strength, inf or auto.  [default: 1.0]"
)
@click.option("--l1-ratio", type=NUMBER, help="Share of L1, 0 to 1, or auto.  [default: 0]")
@click.option("--folds", type=int, help="With auto, folds of the cross-validation.  [default: 5]")
@click.option(
    "--choice",
    type=click.Choice(["min", "1se"]),
    help="With auto, least log loss or the one-standard-error rule.  [default: min]",
)
@click.option(
    "--standardize/--no-standardize",
    default=None,
    help="Penalise columns in units of their standard deviation.  [default: standardize]",
)
@click.option(
    "--fit-intercept/--no-fit-intercept",
    default=None,
    help="Give the scores a free constant.  [default: fit-intercept]",
)
@click.option(
    "--class-weight",
    type=click.Choice(["none", "balanced"]),
    help="Let every class weigh the same.  [default: none]",
)
@click.option("--sample-weight", metavar="COL", help="Column of row weights.")
@click.option("--numeric", multiple=True, metavar="COL", help="Read this column as numbers.")
@click.option("--categorical", multiple=True, metavar="COL", help="Read it as categories.")
@click.option("--drop", multiple=True, metavar="COL", help="Leave this column out.")
@click.option(
    "--impute",
    type=click.Choice(["error", "mean", "median"]),
    help="What stands in for a missing number.  [default: error]",
)
@click.option(
    "--impute-categorical",
    type=click.Choice(["error", "category", "most_frequent"]),
    help="What stands in for a missing category.  [default: error]",
)
@click.option(
    "--unknown",
    type=click.Choice(["error", "ignore"]),
    help="What the service does with a category training never saw.  [default: error]",
)
@click.option(
    "--out-of-range",
    type=click.Choice(["warn", "error"]),
    help="What the service does with a number outside the training range.  [default: warn]",
)
@click.option(
    "--min-frequency",
    type=int,
    help="Rows below which a category counts as unknown.  [default: 1]",
)
@click.option("--delimiter", metavar="CHAR", help="What separates values of a CSV file.")
@click.option("--encoding", metavar="NAME", help="Encoding of a CSV file.  [default: utf-8]")
@click.option("--test-size", type=float, help="Share of rows held out, 0 to 1.  [default: 0.2]")
@click.option(
    "--calibration-size",
    type=float,
    help="Share of rows, of those for training, kept for calibration.  [default: 0]",
)
@click.option(
    "--calibrate",
    type=click.Choice(["none", "temperature"]),
    help="Divide scores by a temperature found on half of them.  [default: none]",
)
@click.option("--random-state", type=int, help="Seed of everything random.  [default: 42]")
@click.option("--tol", type=float, help="Bound on the relative duality gap.  [default: 1e-10]")
@click.option("--max-iter", type=int, help="Bound on the iterations.  [default: 10000]")
@click.option(
    "--allow-unconverged",
    is_flag=True,
    default=None,
    help="Publish the point reached, marked, where there is no optimum or it was missed.",
)
@click.option(
    "--reference",
    multiple=True,
    metavar="COL=LEVEL",
    help="With --C inf, the level the others are compared with.  [default: first in order]",
)
@click.option("--no-sample", "sample", flag_value=False, default=None, help="Keep no rows.")
@click.option(
    "--exact-ranges",
    is_flag=True,
    default=None,
    help="Publish minimum and maximum as training range.",
)
@click.option(
    "--statistics",
    is_flag=True,
    help="Print standard errors, tests and marginal effects (needs --C inf).",
)
@click.option(
    "--reference-class",
    metavar="LABEL",
    help="With --statistics, the class others are compared with.  [default: first in order]",
)
@click.option("--activate/--no-activate", default=True, help="Let the new version answer at once.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def train(
    source: str,
    target: str | None,
    name: str | None,
    recipe_file: Path | None,
    *,
    statistics: bool,
    reference_class: str | None,
    activate: bool,
    as_json: bool,
    **options: Any,  # one per field of Recipe and DemoOptions
) -> None:
    """Fit softmax regression to SOURCE and publish it in the store.

    SOURCE is a CSV, TSV, Parquet, Arrow or NDJSON file, a glob of such files, or one of
    demo, iris, wine, digits, breast_cancer.
    """
    try:
        from service.cli.figures import print_training, training_json
        from service.training.embedded import EMBEDDED, TARGET
        from service.training.recipe_file import make_recipe, read_recipe
        from service.training.source import source_table
        from service.training.train import train as fit
    except ModuleNotFoundError as error:
        msg = f"training needs {error.name}: pip install 'softmax-service[train]'"
        raise ServiceError(msg) from None
    wanted = _statistics_options(reference_class, statistics=statistics)
    given = {key: value for key, value in options.items() if value not in (None, ())}
    if auto := [key for key in ("C", "l1_ratio") if given.get(key) == AUTO]:
        given = {key: value for key, value in given.items() if key not in auto} | {"auto": auto}
    demo = {key: given.pop(key) for key in _DEMO_OPTIONS if key in given}
    if demo and source != "demo":
        flag = f"--{next(iter(demo)).replace('_', '-')}"
        msg = f"{flag} is for the demo set only"
        raise click.UsageError(msg)
    if source in EMBEDDED and target is not None:
        msg = f"{source} has its own target: leave --target out"
        raise click.UsageError(msg)
    fields = {} if recipe_file is None else read_recipe(recipe_file)
    if source == "demo":
        fields = {**DEMO_RECIPE, **fields, "demo": (fields.get("demo") or {}) | demo}
    fields |= given
    if source in EMBEDDED:
        fields["target"] = TARGET
    elif target is not None:
        fields["target"] = target
    if "target" not in fields:
        msg = "a file needs --target COL"
        raise click.UsageError(msg)
    recipe = make_recipe(fields)
    # Handed over, not kept: training lets go of the table when it has what it needs of it.
    with progress_shown("cross-validation") as progress:
        trained = fit(source_table(source, recipe), recipe, statistics=wanted, progress=progress)
    published = _publish(
        name or _default_name(source), Path(source).name, trained, activate=activate
    )
    report = published.pop("report")
    if as_json:
        print_json({"model": published, **training_json(trained), "report": report})
        return
    print_training(trained)
    click.echo(f"published {published['name']}@{published['version']} {published['digest']}")
    click.echo(f"report    {report}")


def _statistics_options(
    reference_class: str | None, *, statistics: bool
) -> "StatisticsOptions | None":
    from service.training.inference.statistics import StatisticsOptions

    if statistics:
        return StatisticsOptions(reference_class=reference_class)
    if reference_class is not None:
        msg = "--reference-class is for --statistics"
        raise click.UsageError(msg)
    return None


def _default_name(source: str) -> str:
    """Give the file's stem as a model name.

    Examples
    --------
    >>> _default_name("data/Fault Types 2026.csv")
    'fault-types-2026'
    """
    name = re.sub(r"[^a-z0-9_.-]", "-", Path(source).stem.lower()).lstrip("_.-")[:63]
    if not name:
        msg = f"no model name can be made of {source!r}: --name gives one"
        raise TrainingError(msg)
    return name


def _publish(name: str, source: str, trained: "Trained", *, activate: bool) -> dict[str, str | int]:
    from service.artifacts.artifact import MANIFEST_FILE, pack
    from service.artifacts.manifest import sha256
    from service.artifacts.opening import open_store
    from service.settings import Settings
    from service.training.libraries import library_versions
    from service.training.recipe_file import recipe_to_json
    from service.training.report import ReportInputs, write_report

    files = pack(
        model=trained.model,
        contract=trained.contract,
        sample=trained.sample,
        source=source,
        recipe=recipe_to_json(trained.recipe),
        certificate=trained.certificate,
        selection=trained.selection,
        train_metrics=trained.train_metrics,
        test_metrics=trained.test_metrics,
        calibration=trained.calibration,
        set_scores=trained.set_scores,
        regions_pair=trained.regions_pair,
        golden_rows=trained.golden_rows,
        libraries=library_versions(),
    )
    digest = f"sha256:{sha256(files[MANIFEST_FILE])}"
    report = write_report(
        ReportInputs(
            name=name, source=source, digest=digest, trained=trained, libraries=library_versions()
        )
    )
    store = open_store(Settings.read())
    version = store.publish(name, files, beside={REPORT_FILE: report}, activate=activate)
    where = store.place(name, version, REPORT_FILE)
    return {"name": name, "version": version, "digest": digest, "report": where}


_demo_options(train)
