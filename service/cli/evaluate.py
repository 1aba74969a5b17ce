"""`softmax evaluate`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.report import print_json, print_table, printable
from service.errors import InputError, ServiceError

if TYPE_CHECKING:
    from service.artifacts.catalogue import Published
    from service.scoring.evaluation import Evaluation
    from service.softmax.decisions import Decider
    from service.softmax.outcomes import Outcome
    from service.softmax.policies import CostPolicy
    from service.softmax.tuning import Tuning

_DASH = "\N{EN DASH}"


@click.command()
@click.argument("model")
@click.argument("data")
@click.option("--policy", metavar="P", help="A policy of the model by name, or a JSON file.")
@click.option(
    "--costs", metavar="FILE", help="A cost policy to judge a policy by that has no costs."
)
@click.option("--target", metavar="COL", help="Column of labels; else that of the training.")
@click.option("--tune", is_flag=True, help="Choose thresholds by the costs of the policy.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(
    model: str,
    data: str,
    policy: str | None,
    costs: str | None,
    target: str | None,
    *,
    tune: bool,
    as_json: bool,
) -> None:
    """Measure MODEL and a policy on DATA, a file or glob of labelled rows.

    With --tune, the policy's costs of every class and of abstain choose a threshold for each
    class; measure the result on rows that had no say in it.
    """
    from service.artifacts.loading import load_version
    from service.artifacts.opening import open_store
    from service.cli.policies import asked_decider, placed
    from service.cli.reference import parse_reference
    from service.scoring.evaluation import evaluate_rows, read_labelled
    from service.settings import Settings

    store = open_store(Settings.read())
    published = load_version(store, *parse_reference(model))
    decider = asked_decider(store.root, published, policy)
    prices = None if costs is None else _costs(costs)
    rows = read_labelled(data, published.artifact, target)
    try:
        found = evaluate_rows(published.artifact, rows, decider, costs=prices, tune=tune)
    except InputError as error:
        raise placed(error, costs or policy or "argmax") from None
    if as_json:
        identity = {"name": published.name, "version": published.version}
        identity |= {"digest": published.artifact.digest}
        print_json(
            {
                "model": identity,
                "policy": decider.policy,
                "metrics": found.metrics,
                "outcome": found.outcome,
                "tuning": found.tuning,
                "rejected_rows": found.n_rejected,
            }
        )
        return
    _print(published, decider, found)


def _costs(file: str) -> "CostPolicy":
    from service.cli.policies import placed, read_policy
    from service.softmax.policies import CostPolicy

    try:
        policy = read_policy(Path(file))
    except InputError as error:
        raise placed(error, file) from None
    if not isinstance(policy, CostPolicy):
        msg = f"{file}: expected a policy of type cost"
        raise ServiceError(msg)
    return policy


def _print(published: "Published", decider: "Decider", found: "Evaluation") -> None:
    metrics, outcome = found.metrics, found.outcome
    title = f"{published.name}@{published.version} on {metrics.n_samples:,} rows"
    shown = [
        ("accuracy", _number(metrics.accuracy)),
        ("log loss", _number(metrics.log_loss, 4)),
        ("calibration error", _number(metrics.expected_calibration_error)),
    ]
    print_table(title, ("probabilities", ""), shown)
    print_table(f"Decisions by {decider.policy.type}", ("", ""), list(_overall(outcome)))
    header, rows = _by_class(outcome)
    print_table("By true class", header, rows)
    if outcome.sets is not None:
        click.echo(f"promised: {printable(outcome.sets.guarantee)}")
    if found.tuning is not None:
        _print_tuning(found.tuning)
    if found.first_rejection is not None:
        click.echo(f"note: {found.n_rejected} rows left out: {printable(found.first_rejection)}")


def _overall(outcome: "Outcome") -> Iterator[tuple[str, str]]:
    from service.softmax.arrays import label_text

    yield "decided for a class", _number(outcome.decided_rate)
    yield "left undecided", _number(outcome.undecided_rate)
    yield "right among the decided", _number(outcome.accuracy)
    yield "decided wrongly", _number(outcome.error_rate)
    if outcome.cost is not None:
        cost = outcome.cost
        yield "total cost", f"{cost.total:,.6g}"
        yield "cost of a row", f"{cost.mean:.4g}"
        yield "the model expected", f"{cost.expected_mean:.4g}"
        if cost.most_probable_mean is not None:
            yield "most probable class instead", f"{cost.most_probable_mean:.4g}"
        always = label_text(cost.best_single_action)
        yield f"always {always} instead", f"{cost.best_single_mean:.4g}"
    if outcome.sets is not None:
        sets = outcome.sets
        share = f"{sets.coverage:.3f} ± {sets.coverage_error:.3f}"
        yield "sets that hold the class", share
        yield "classes in a set", f"{sets.mean_size:.2f}"
        yield "sets of one class", _number(sets.singleton_rate)
        yield "empty sets", _number(sets.empty_rate)


def _by_class(outcome: "Outcome") -> tuple[list[str], list[tuple[object, ...]]]:
    from service.softmax.arrays import label_text

    header = ["", "rows", "wrong", "undecided"]
    if outcome.cost is not None:
        header.append("cost")
    if outcome.sets is not None:
        header.append("in its set")
    rows = []
    for one in outcome.per_class:
        row: list[object] = [label_text(one.label), one.n_samples]
        row += [_number(one.error_rate), _number(one.undecided_rate)]
        if outcome.cost is not None:
            row.append(_DASH if one.mean_cost is None else f"{one.mean_cost:.4g}")
        if outcome.sets is not None:
            row.append(_number(one.set_coverage))
        rows.append(tuple(row))
    return header, rows


def _print_tuning(tuning: "Tuning") -> None:
    thresholds = tuning.policy.thresholds or {}
    rows = [(text, f"{threshold:g}") for text, threshold in thresholds.items()]
    print_table("Thresholds of least cost", ("class", "threshold"), rows)
    click.echo(f"cost of a row, on the rows that chose them: {tuning.mean_cost:.4g}")
    if tuning.cross_fitted_cost is not None:
        click.echo(f"cost of a row, chosen on other rows: {tuning.cross_fitted_cost:.4g}")


def _number(value: float | None, places: int = 3) -> str:
    return _DASH if value is None else f"{value:.{places}f}"
