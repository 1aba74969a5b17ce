"""What `softmax train` says of a model it has made."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from service.cli.report import print_table, printable
from service.cli.statistics import print_statistics
from service.softmax.arrays import label_text
from service.training.remarks import remarks

if TYPE_CHECKING:
    from service.softmax.calibration import Calibration
    from service.softmax.certificate import Certificate
    from service.softmax.contract import FeatureContract
    from service.softmax.metrics import Metrics
    from service.softmax.selection import Selection
    from service.training.train import Trained

MOST_CLASSES = 20
"""Beyond it a confusion matrix is wider than a terminal, and the report draws it."""

_DASH = "\N{EN DASH}"

_FIGURES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "log_loss": "log loss",
    "prior_log_loss": "log loss of the class shares",
    "skill": "skill (share of that saved)",
    "brier_score": "Brier score (0 to 2)",
    "expected_calibration_error": "calibration error",
}


def training_json(trained: "Trained") -> dict[str, Any]:
    """Give what a training found as values for JSON.

    Parameters
    ----------
    trained : Trained
        The training.

    Returns
    -------
    dict
        All of it by name.
    """
    return {
        "metrics": {"train": trained.train_metrics, "test": trained.test_metrics},
        "certificate": trained.certificate,
        "selection": trained.selection,
        "statistics": trained.statistics,
        "calibration": trained.calibration,
        "remarks": remarks(trained),
    }


def print_training(trained: "Trained") -> None:
    """Print what a training found as tables.

    Parameters
    ----------
    trained : Trained
        The training.
    """
    test, classes = trained.test_metrics, [label_text(label) for label in trained.model.classes_]
    part, judged = ("held-out", test) if test else ("training", trained.train_metrics)
    head = ("training",) if test is None else ("held out", "95 % interval", "training")
    for line in _features(trained.contract):
        click.echo(printable(line))
    print_table("How it does", ("", *head), list(_figures(trained.train_metrics, test)))
    _print_certificate(trained.certificate)
    if trained.selection is not None:
        _print_selection(trained.selection)
    if trained.calibration is not None:
        _print_calibration(trained.calibration)
    if len(classes) <= MOST_CLASSES:
        print_table(
            f"Confusion matrix ({part} rows; true class down, predicted across)",
            ("", *classes),
            [(k, *row) for k, row in zip(classes, judged.confusion_matrix, strict=True)],
        )
        rows = [
            (k, _number(c.precision), _number(c.recall), _number(c.f1), c.n_samples)
            for k, c in zip(classes, judged.per_class, strict=True)
        ]
        title = f"Classes ({part} rows)"
        print_table(title, ("", "precision", "recall", "F1", "rows"), rows)
    if trained.statistics is not None:
        print_statistics(trained.statistics)
    for remark in remarks(trained):
        click.echo(f"note: {printable(remark)}")


def _features(contract: "FeatureContract", shown: int = 8) -> Iterator[str]:
    """Say how each column was read; --numeric, --categorical and --drop change it."""
    numbers = [feature.name for feature in contract.features if not feature.levels]
    categories = [f"{f.name} ({f.levels})" for f in contract.features if f.levels]
    for kind, names in (("numbers", numbers), ("categories", categories)):
        if names:
            more = f" and {len(names) - shown} more" if len(names) > shown else ""
            yield f"read as {kind}: {', '.join(names[:shown])}{more}"


def _figures(train: "Metrics", test: "Metrics | None") -> Iterator[tuple[object, ...]]:
    n_train = f"{train.n_samples:,}"
    yield ("rows", n_train) if test is None else ("rows", f"{test.n_samples:,}", "", n_train)
    for key, title in _FIGURES.items():
        places = 4 if "loss" in key else 3
        value = _number(getattr(train, key), places)
        if test is None:
            yield title, value
            continue
        ends = getattr(test.intervals, key, None)
        interval = " to ".join(_number(end, places) for end in ends) if ends else ""
        yield title, _number(getattr(test, key), places), interval, value
    judged = test or train
    for k, share in enumerate(judged.top_k_accuracy, start=1):
        if 1 < k < len(judged.per_class):
            shares = (share,) if test is None else (share, None, train.top_k_accuracy[k - 1])
            yield f"top-{k} accuracy", *("" if s is None else _number(s) for s in shares)


def _print_certificate(certificate: "Certificate") -> None:
    gap, proof = certificate.duality_gap, "duality gap"
    if gap is None:
        gap, proof = certificate.newton_decrement, "Newton decrement"
    shown = [
        ("objective (nats)", f"{certificate.objective:.10g}"),
        (f"{proof} (nats)", "unknown" if gap is None else f"{gap:.1e}"),
        ("converged", "yes" if certificate.converged else "NO"),
        ("engine", certificate.engine),
        ("iterations", certificate.iterations),
    ]
    print_table("The fit", ("certificate", ""), shown)


def _print_selection(selection: "Selection") -> None:
    marks = {selection.minimum: "least", selection.one_standard_error: "within one error"}
    rows = [
        (
            f"{point.C:.4g}",
            f"{point.l1_ratio:g}",
            f"{point.log_loss:.5f}",
            f"{point.standard_error:.5f}",
            marks.get(index, "") + (", used" if index == selection.chosen else ""),
        )
        for index, point in enumerate(selection.points)
    ]
    header = ("C", "l1 ratio", "log loss", "standard error", "")
    print_table(f"Penalties, by {selection.folds}-fold cross-validation", header, rows)


def _print_calibration(calibration: "Calibration") -> None:
    before, after = calibration.before, calibration.after
    where = "held-out" if calibration.measured_on == "test" else "prediction-set"
    rows = [("temperature", "1", _number(calibration.temperature.value, 4))]
    for key in ("log_loss", "brier_score", "expected_calibration_error"):
        pair = _number(getattr(before, key), 4), _number(getattr(after, key), 4)
        rows.append((_FIGURES[key], *pair))
    print_table(f"Calibration (on {after.n_samples:,} {where} rows)", ("", "before", "after"), rows)


def _number(value: float | None, places: int = 3) -> str:
    return _DASH if value is None else f"{value:.{places}f}"
