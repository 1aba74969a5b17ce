"""The page: everything about a training that somebody may want to see, print or send."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from service.errors import PlaneError
from service.regions import PictureOptions, draw
from service.softmax.arrays import label_text
from service.training.design import column_names
from service.training.remarks import remarks
from service.training.report.balance import MOST as MOST_BARS
from service.training.report.balance import class_balance
from service.training.report.confusion import MOST as MOST_CONFUSED
from service.training.report.confusion import confusion_matrix
from service.training.report.figures import (
    calibration_table,
    classes_table,
    figures_table,
    interval,
)
from service.training.report.heatmap import (
    MOST_CLASSES,
    MOST_COLUMNS,
    coefficient_map,
)
from service.training.report.inference import statistics_tables
from service.training.report.inputs import features_table, recipe_list
from service.training.report.markup import count, name, number, text
from service.training.report.path_of_c import path_picture
from service.training.report.proof import certificate_table
from service.training.report.reliability import reliability_diagram
from service.training.report.style import STYLE
from service.training.report.tables import Table, table_html

if TYPE_CHECKING:
    from service.training.train import Trained

# Whatever a name in the table may say: nothing is run, and nothing is fetched.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True, kw_only=True, eq=False)
class ReportInputs:
    """What a report tells of.

    Parameters
    ----------
    name : str
        The model's name.
    source : str
        What the table is called.
    digest : str
        The model's digest.
    trained : Trained
        The training.
    libraries : mapping of str to str
        Versions of the libraries that made the fit.
    tables : tuple of Table
        Further tables, in the order in which they are shown.
    """

    name: str
    source: str
    digest: str
    trained: "Trained"
    libraries: Mapping[str, str]
    tables: tuple[Table, ...] = ()


def write_report(inputs: ReportInputs) -> bytes:
    """Write the report.

    Parameters
    ----------
    inputs : ReportInputs
        What it tells of.

    Returns
    -------
    bytes
        One HTML file in UTF-8 that loads nothing; the same bytes every time.
    """
    title = f"{text(inputs.name)} · training report"
    page = "\n".join(
        (
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{STYLE}</style></head><body><main>",
            *_head(inputs),
            '<div class="cards">',
            *_cards(inputs),
            "</div>",
            *_long_cards(inputs),
            "</main></body></html>\n",
        )
    )
    return page.encode()


def _head(inputs: ReportInputs) -> Iterator[str]:
    trained = inputs.trained
    judged = trained.test_metrics or trained.train_metrics
    rows = "held-out" if trained.test_metrics else "training"
    n_classes, n_features = len(trained.model.classes_), len(trained.contract.features)
    classes = f"{n_classes:,} classes, {count(n_features, 'feature')}"
    yield (
        f"<header><h1>{name(inputs.name)}</h1><p>Softmax regression of {name(inputs.source)}:"
        f" {classes}, fitted on {count(trained.train_metrics.n_samples, 'row')}.</p></header>"
    )
    yield '<dl class="tiles">'
    for key, title, places in (
        ("accuracy", "Accuracy", 3),
        ("log_loss", "Log loss", 4),
        ("skill", "Skill", 3),
        ("expected_calibration_error", "Calibration error", 3),
    ):
        ends = interval(trained.test_metrics, key)
        note = f"{rows} rows" + (f"; {ends}" if ends else "")
        value = number(getattr(judged, key), places)
        yield f"<div><dt>{title}</dt><dd>{value}<small>{note}</small></dd></div>"
    yield "</dl>"
    if found := remarks(trained):
        listed = "".join(f"<li>{text(remark)}</li>" for remark in found)
        yield f'<section class="card remarks"><h2>Worth knowing</h2><ul>{listed}</ul></section>'


def _cards(inputs: ReportInputs) -> Iterator[str]:
    trained = inputs.trained
    judged = trained.test_metrics or trained.train_metrics
    rows = "held-out" if trained.test_metrics else "training"
    classes = [label_text(label) for label in trained.model.classes_]
    yield _card("Figures", table_html(figures_table(trained.train_metrics, trained.test_metrics)))
    note = _most(MOST_CONFUSED, len(classes), "classes, those with the most mistakes")
    words = "True class down, predicted class across; blue is right, orange is wrong."
    picture = confusion_matrix(classes, judged.confusion_matrix, rows)
    yield _card(f"Confusion matrix of {rows} rows", picture, f"{words} {note}")
    yield _card(f"Classes, {rows} rows", table_html(classes_table(classes, judged)))
    yield from _reliability(trained, rows)
    train_counts, test_counts = (
        [found.n_samples for found in part.per_class] if part else [0] * len(classes)
        for part in (trained.train_metrics, trained.test_metrics)
    )
    note = _most(MOST_BARS, len(classes), "classes, the largest")
    words = "Training rows, and paler the held-out ones." if any(test_counts) else ""
    bars = class_balance(classes, train_counts, test_counts)
    yield _card("Class balance", bars, f"{words} {note}")
    yield from _regions(inputs)
    yield from _coefficients(trained, classes)
    if trained.selection is not None:
        words = (
            f"Mean log loss of {trained.selection.folds} folds on rows that their fits did not see,"
            " with its standard error; a curve for each l1 ratio, the chosen one strong."
        )
        yield _card("Path of C", path_picture(trained.selection), words)
    yield _card("Certificate", table_html(certificate_table(trained.certificate)))


def _reliability(trained: "Trained", rows: str) -> Iterator[str]:
    judged = trained.test_metrics or trained.train_metrics
    calibration = trained.calibration
    if calibration is None:
        diagram = reliability_diagram(judged.reliability)
        words = "On the dashed line the model is as often right as it says; the lines are 95 %"
        yield _card(f"Reliability of {rows} rows", diagram, f"{words} intervals.")
        return
    diagram = reliability_diagram(calibration.after.reliability, calibration.before.reliability)
    words = "On the dashed line the model is as often right as it says. Filled: with the"
    table = table_html(calibration_table(calibration))
    yield _card("Calibration", diagram + table, f"{words} temperature; hollow: without it.")


def _regions(inputs: ReportInputs) -> Iterator[str]:
    trained = inputs.trained
    options = PictureOptions(width=520, height=440, title="", theme="auto")
    try:
        drawn = draw(
            trained.model,
            trained.contract,
            trained.sample,
            options,
            name=inputs.name,
            default_pair=trained.regions_pair,
        )
    except PlaneError:
        return
    svg = drawn.svg().decode()
    x, y = trained.regions_pair or trained.contract.names[:2]
    words = (
        f"Each colour is where its class is the most probable one, in the plane of {name(x)} and"
        f" {name(y)}, the two numeric features that separate the classes best."
    )
    yield _card("Decision regions", f'<div class="scroll">{svg}</div>', words)


def _coefficients(trained: "Trained", classes: list[str]) -> Iterator[str]:
    columns = column_names(trained.contract)
    effects = trained.model.coef_ * trained.column_spread / trained.model.temperature_
    words = (
        "Change of a class’s score, in nats: for one standard deviation of a number, or for being"
        " of a category. Scores matter by their differences."
    )
    notes = (
        _most(MOST_COLUMNS, len(columns), "columns, those with the largest effects"),
        _most(MOST_CLASSES, len(classes), "classes, those with the largest effects"),
    )
    picture = coefficient_map(classes, columns, effects)
    yield _card("Coefficients", picture, " ".join((words, *notes)))


def _long_cards(inputs: ReportInputs) -> Iterator[str]:
    found = inputs.trained.statistics
    statistics = () if found is None else statistics_tables(found)
    for table in (*statistics, *inputs.tables, features_table(inputs.trained.contract)):
        yield _card(table.title, table_html(table), is_long=True)
    yield _card("Recipe", recipe_list(inputs.trained.recipe), is_long=True)
    versions = ", ".join(f"{text(key)} {text(value)}" for key, value in inputs.libraries.items())
    rows = (
        ("digest", f"<code>{text(inputs.digest)}</code>"),
        ("libraries", versions),
    )
    yield _card("Identity", table_html(Table(title="Identity", head=("what", "value"), rows=rows)))


def _card(title: str, content: str, note: str = "", *, is_long: bool = False) -> str:
    css = "card long" if is_long else "card"
    told = f'<p class="note">{note.strip()}</p>' if note.strip() else ""
    return f'<section class="{css}"><h2>{text(title)}</h2>{content}{told}</section>'


def _most(most: int, of: int, what: str) -> str:
    return f"Shown: {most} of {of:,} {what}." if of > most else ""
