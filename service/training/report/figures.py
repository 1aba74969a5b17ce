"""The figures of a model as tables."""

from collections.abc import Sequence

from service.softmax.calibration import Calibration
from service.softmax.metrics import Metrics
from service.training.report.markup import DASH, name, number
from service.training.report.tables import Table

_FIGURES = (
    ("accuracy", "accuracy", "share of rows predicted right"),
    ("balanced_accuracy", "balanced accuracy", "mean of the classes’ recalls"),
    ("macro_f1", "macro F1", "mean of the classes’ F1"),
    ("log_loss", "log loss", "mean of −log p of the true class, in nats"),
    ("prior_log_loss", "log loss of the shares", "of always answering the class shares"),
    ("skill", "skill", "share of that log loss which the model saves"),
    ("brier_score", "Brier score", "squared distance from the truth, summed over classes, 0 to 2"),
    (
        "expected_calibration_error",
        "calibration error",
        "mean distance of confidence from accuracy",
    ),
)


def figures_table(train: Metrics, test: Metrics | None) -> Table:
    """Set the figures of training and of held-out rows side by side.

    Parameters
    ----------
    train : Metrics
        Figures on the training rows.
    test : Metrics or None
        Figures on the rows held out.

    Returns
    -------
    Table
        One row a figure.
    """
    parts = [train] if test is None else [test, train]
    rows = [("rows", *(f"{part.n_samples:,}" for part in parts))]
    for key, title, meaning in _FIGURES:
        values = [number(getattr(part, key), _places(key)) for part in parts]
        if ends := interval(test, key):
            values[0] += f"<small>{ends}</small>"
        rows.append((f"{title}<small>{meaning}</small>", *values))
        if key == "macro_f1":
            rows.extend(_top_k(parts))
    columns = ("training rows",) if test is None else ("held-out rows", "training rows")
    has_intervals = test is not None and test.intervals is not None
    note = "Small: 95 % intervals, of what another draw of held-out rows could give."
    return Table(
        title="Figures",
        head=("figure", *columns),
        rows=tuple(rows),
        note=note if has_intervals else "",
        is_numeric=True,
    )


def _top_k(parts: Sequence[Metrics]) -> list[tuple[str, ...]]:
    n_classes = len(parts[0].per_class)
    meaning = "<small>true class among the k most probable</small>"
    return [
        (
            f"top-{k} accuracy{meaning if k == 2 else ''}",  # noqa: PLR2004 - the first of them
            *(number(part.top_k_accuracy[k - 1]) for part in parts),
        )
        for k in range(2, len(parts[0].top_k_accuracy) + 1)
        if k < n_classes
    ]


def _places(key: str) -> int:
    return 4 if "loss" in key else 3


def interval(metrics: Metrics | None, key: str) -> str:
    """Write the interval of a figure.

    Parameters
    ----------
    metrics : Metrics or None
        The figures.
    key : str
        The figure.

    Returns
    -------
    str
        Both ends, or nothing.
    """
    ends = getattr(getattr(metrics, "intervals", None), key, None)
    if ends is None:
        return ""
    return f"{number(ends[0], _places(key))} to {number(ends[1], _places(key))}"


def classes_table(classes: Sequence[str], metrics: Metrics) -> Table:
    """Give precision, recall and F1 of each class.

    Parameters
    ----------
    classes : sequence of str
        Names of the classes.
    metrics : Metrics
        Figures on some rows.

    Returns
    -------
    Table
        One row a class.
    """
    return Table(
        title="Classes",
        head=("class", "precision", "recall", "F1", "rows"),
        rows=tuple(
            (
                name(label),
                number(found.precision),
                number(found.recall),
                number(found.f1),
                f"{found.n_samples:,}",
            )
            for label, found in zip(classes, metrics.per_class, strict=True)
        ),
        note="Precision: of the rows predicted to be of the class, the share that is. Recall: of"
        f" the rows of the class, the share that is found. {DASH}: there is no such row.",
        is_numeric=True,
    )


def calibration_table(calibration: Calibration) -> Table:
    """Set figures before and after the temperature side by side.

    Parameters
    ----------
    calibration : Calibration
        What the temperature did.

    Returns
    -------
    Table
        One row a figure.
    """
    before, after = calibration.before, calibration.after
    found = calibration.temperature
    judges = "held-out rows" if calibration.measured_on == "test" else "rows kept for sets"
    return Table(
        title="Calibration",
        head=("figure", "before", "after"),
        rows=(
            ("temperature", "1", number(found.value, 4)),
            ("log loss", number(before.log_loss, 4), number(after.log_loss, 4)),
            ("Brier score", number(before.brier_score), number(after.brier_score)),
            (
                "calibration error",
                number(before.expected_calibration_error),
                number(after.expected_calibration_error),
            ),
        ),
        note=f"The temperature comes from {found.n_samples:,} calibration rows; these figures from"
        f" {after.n_samples:,} {judges}, which had no say in it.",
        is_numeric=True,
    )
