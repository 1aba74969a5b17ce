"""`softmax score`."""

from pathlib import Path

import click


@click.command()
@click.argument("model")
@click.argument("source", metavar="INPUT", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("output", metavar="OUTPUT", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--policy", help="Decide too, by a policy of MODEL's or one in a JSON file.")
@click.option("--delimiter", help="What separates the values of a CSV file.  [default: , or tab]")
@click.option("--encoding", default="utf-8", help="The encoding of a CSV file.")
@click.option(
    "--checkpoint",
    "checkpoint_s",
    type=click.FloatRange(0, 3600),
    default=2.0,
    help="Seconds of work that a kill may cost.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def score(
    model: str,
    source: Path,
    output: Path,
    *,
    policy: str | None,
    delimiter: str | None,
    encoding: str,
    checkpoint_s: float,
    as_json: bool,
) -> None:
    """Answer every row of INPUT with MODEL into OUTPUT, in constant memory.

    Suffixes say the formats: .csv, .tsv, .parquet, .arrow, .feather, .ndjson, .jsonl. Columns
    that are no features are left alone. OUTPUT has a row for each row of INPUT; those that
    cannot be answered are empty there but for their error_code, and are listed in
    OUTPUT.rejected.ndjson. The same command again goes on with what a kill left undone.
    """
    from dataclasses import asdict

    from service.artifacts.loading import load_version
    from service.artifacts.opening import open_store
    from service.cli.policies import asked_decider
    from service.cli.progress import progress_shown
    from service.cli.reference import parse_reference
    from service.cli.report import print_json, printable
    from service.scoring.score import Job
    from service.scoring.score import score as score_file
    from service.settings import Settings
    from service.tables.files import ReadOptions

    store = open_store(Settings.read())
    published = load_version(store, *parse_reference(model))
    job = Job(
        artifact=published.artifact,
        source=source,
        output=output,
        decider=None if policy is None else asked_decider(store.root, published, policy),
        reading=ReadOptions(delimiter=delimiter, encoding=encoding),
        checkpoint_s=checkpoint_s,
    )
    # The length of a file is known in bytes at best: percents are what can be told.
    with progress_shown(f"scoring {source.name}") as tell:
        scored = score_file(job, lambda share: tell(int(100 * min(share, 1.0)), 100))
    who = f"{published.name}@{published.version}"
    promise = None if job.decider is None else job.decider.guarantee
    if as_json:
        told = {
            "model": who,
            "digest": published.artifact.digest,
            "policy": None if job.decider is None else job.decider.policy,
            "guarantee": promise,
        }
        print_json(told | _texts(asdict(scored)))
        return
    resumed = f", {scored.resumed_rows} of them before" if scored.resumed_rows else ""
    click.echo(f"{_counted(scored.rows)} scored by {who} in {output}{resumed}")
    if promise is not None:
        click.echo(f"promised: {printable(promise)}")
    if scored.rejected is not None:
        click.echo(f"{_counted(scored.rejected_rows)} rejected: see {scored.rejected}")


def _counted(n_rows: int) -> str:
    return "1 row is" if n_rows == 1 else f"{n_rows} rows are"


def _texts(report: dict[str, object]) -> dict[str, object]:
    return {
        name: str(value) if isinstance(value, Path) else value for name, value in report.items()
    }
