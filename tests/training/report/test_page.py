"""The page as a whole: sound, self-contained, whatever the table calls its columns."""

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from service.softmax.certificate import Certificate, Separation
from service.tables.table import CategoryColumn, NumberColumn, Table, TableColumn
from service.training.embedded import embedded_table
from service.training.inference.statistics import StatisticsOptions
from service.training.inference.values import (
    ChiSquareTest,
    Coefficient,
    FeatureTest,
    Inference,
    MarginalEffect,
)
from service.training.recipe import Recipe
from service.training.report import ReportInputs, write_report
from service.training.report import Table as ReportTable
from service.training.report.proof import certificate_table
from service.training.train import Trained, train

HOSTILE = (
    "<script>alert(1)</script>",
    "</svg><img src=x onerror=alert(2)>",
    '" onmouseover="alert(3)',
    "&lt;b&gt;",
    "\x00\x1b[31m\ud800\ufffe",
    "\u202egnissim\u2066",
    "عدد",
    "体重",
    "a" * 300,
)
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """What a page holds; tags that do not nest are a failure."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(content.decode())
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes |= {name for name, _ in attrs}
        self.ids.update(value or "" for name, value in attrs if name == "id")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


@pytest.fixture(scope="module")
def iris() -> Trained:
    return train(embedded_table("iris"), Recipe(target="target"))


@pytest.fixture(scope="module")
def hostile() -> Trained:
    """A model whose features, categories and classes all have names that want out."""
    random = np.random.default_rng(0)
    y = np.arange(180) % len(HOSTILE)
    columns: dict[str, TableColumn] = {
        name: NumberColumn(values=y * (1.0 + j) + random.normal(size=180))
        for j, name in enumerate(HOSTILE)
    }
    codes = random.integers(len(HOSTILE), size=180)
    columns["category"] = CategoryColumn(levels=HOSTILE, codes=codes)
    columns["target"] = CategoryColumn(levels=HOSTILE, codes=y)
    return train(Table(name="t", columns=columns), Recipe(target="target", C=0.1))


def report(trained: Trained, name: str = "mine", **more: object) -> bytes:
    return write_report(
        ReportInputs(
            name=name,
            source=f"{name}.csv",
            digest="sha256:0",
            trained=trained,
            libraries={"numpy": "2"},
            **more,  # type: ignore[arg-type]  # by name
        )
    )


def pictures(content: bytes) -> list[ET.Element]:
    return [
        ET.fromstring(svg)  # noqa: S314 - our own page
        for svg in re.findall(r"<svg.*?</svg>", content.decode(), re.DOTALL)
    ]


def test_the_page_has_every_part(iris: Trained) -> None:
    page = Page(report(iris))

    for title in (
        *("Figures", "Confusion matrix of held-out rows", "Classes, held-out rows", "Coefficients"),
        *("Reliability of held-out rows", "Class balance", "Decision regions", "Certificate"),
        *("Features", "Recipe", "Identity"),
    ):
        assert title in page.words, title
    assert iris.test_metrics is not None
    assert f"{iris.test_metrics.log_loss:.4f}" in page.text
    assert page.tags["svg"] == 5


def test_one_training_gives_one_page(iris: Trained) -> None:
    assert report(iris) == report(iris)


def test_nothing_is_fetched_and_nothing_is_run(iris: Trained, hostile: Trained) -> None:
    for trained in (iris, hostile):
        content = report(trained, name=HOSTILE[0])

        page = Page(content)

        outside = re.findall(rb"(?:https?:)?//[^\s\"'<>)]+", content)
        assert set(outside) <= {b"http://www.w3.org/2000/svg"}
        assert not {"script", "img", "link", "iframe", "b onmouseover", "use"} & (
            page.tags.keys() - {"use"}
        )
        assert not {name for name in page.attributes if name.startswith("on")}
        assert not page.attributes & {"src", "action", "srcset"}
        assert b"url(http" not in content
        assert b"Content-Security-Policy" in content


def test_names_are_shown_as_they_are_and_do_nothing_else(hostile: Trained) -> None:
    content = report(hostile)

    page = Page(content)

    for name in (*HOSTILE[:4], "عدد", "体重"):
        assert name in page.text
    assert b"\x00" not in content
    assert b"\x1b" not in content
    for svg in pictures(content):
        assert svg.get("role") == "img"


def test_pictures_have_a_title_and_a_description_and_no_name_twice(iris: Trained) -> None:
    content = report(iris)

    for svg in pictures(content):
        ids = (svg.get("aria-labelledby") or "").split()
        named = {element.get("id"): element for element in svg.iter() if element.get("id")}
        assert [bool(named[key].text) for key in ids] == [True, True]
    assert max(Page(content).ids.values()) == 1


def test_tables_have_captions_and_heads(iris: Trained) -> None:
    content = report(iris).decode()

    for table in re.findall(r"<table.*?</table>", content, re.DOTALL):
        assert "<caption" in table
        rows = table.count("<tr>")
        assert table.count('<th scope="row">') == rows - 1
        assert '<th scope="col">' in table


def test_the_path_of_c_and_further_tables_are_shown_where_there_are_some(iris: Trained) -> None:
    recipe = Recipe(target="target", auto=("C",))
    chosen = train(embedded_table("iris"), recipe)
    assert chosen.selection is not None
    odds = ReportTable(title="Relative risks", head=("column", "ratio"), rows=(("x", "1.5"),))

    page = Page(report(chosen, tables=(odds,)))

    assert "Path of C" in page.words
    assert f"{chosen.selection.choice.log_loss:.4f}" in page.text
    assert page.words.count("Relative risks") == 2  # the heading and the caption
    assert "Path of C" not in Page(report(iris)).words


def test_a_table_without_two_numbers_has_no_regions() -> None:
    y = np.arange(60) % 2
    columns: dict[str, TableColumn] = {
        "colour": CategoryColumn(levels=("blue", "red"), codes=np.arange(60) // 30),
        "target": CategoryColumn(levels=(False, True), codes=y),
    }

    page = Page(report(train(Table(name="t", columns=columns), Recipe(target="target"))))

    assert "Decision regions" not in page.words
    assert "colour=red" in page.text
    assert "true against false" in page.text


def test_many_classes_and_columns_are_cut_and_said_to_be() -> None:
    random = np.random.default_rng(1)
    y = np.arange(400) % 100
    columns: dict[str, TableColumn] = {
        f"x{j}": NumberColumn(values=random.normal(size=400) + (y == j)) for j in range(90)
    }
    columns["target"] = CategoryColumn(levels=tuple(range(100)), codes=y)
    recipe = Recipe(target="target", test_size=0.0, C=0.01, sample=False)

    content = report(train(Table(name="t", columns=columns), recipe))

    page = Page(content)
    assert "Shown: 30 of 100 classes, those with the most mistakes." in page.text
    assert "Shown: 40 of 100 classes, the largest." in page.text
    assert "Shown: 80 of 90 columns, those with the largest effects." in page.text
    assert "Fewer than 10 training rows of each of these classes: 0, 1, 2, 3, 4 and 95 more" in (
        page.text
    )
    assert len(content) < 1_500_000


def test_calibration_is_shown_before_and_after() -> None:
    recipe = Recipe(target="target", C=1000.0, calibration_size=0.2, calibrate="temperature")
    trained = train(embedded_table("digits"), recipe)
    assert trained.calibration is not None

    page = Page(report(trained))

    assert "Calibration" in page.words
    assert f"{trained.model.temperature_:.4f}" in page.text
    assert f"{trained.calibration.before.log_loss:.4f}" in page.text
    assert f"{trained.calibration.after.log_loss:.4f}" in page.text
    assert "180 calibration rows" in page.text


def inference() -> Inference:
    """Statistics of two classes and one column, as a fit without a penalty gives them."""
    numbers = {"standard_error": 0.25, "z": 2.0, "p_value": 0.0455, "low": 0.01, "high": 0.99}
    ratio = {"relative_risk_ratio_low": 1.01, "relative_risk_ratio_high": 2.7}
    return Inference(
        reference_class="no",
        confidence=0.95,
        coefficients=(
            Coefficient(
                label="yes", column="<x>", coef=0.5, relative_risk_ratio=1.65, **numbers, **ratio
            ),
        ),
        likelihood_ratio=ChiSquareTest(statistic=4.0, df=1, p_value=0.0455),
        aic=123.45678,
        bic=130.0,
        df_model=1,
        df_resid=98.0,
        feature_tests=(
            FeatureTest(feature="<x>", reference=None, statistic=4.0, df=1, p_value=0.0455),
        ),
        marginal_effects=tuple(
            MarginalEffect(label=label, column="<x>", kind="derivative", effect=0.1, **numbers)
            for label in ("no", "yes")
        ),
        distance=1e-9,
        notes=("a note",),
    )


def test_statistics_are_set_out_where_they_were_asked_for(iris: Trained) -> None:
    asked = train(embedded_table("iris"), Recipe(target="target"), statistics=StatisticsOptions())
    assert asked.statistics is not None
    exact = replace(asked.statistics, inference=inference(), reason=None)

    page = Page(report(replace(asked, statistics=exact)))

    titles = [word for word in page.words if word.startswith(("Coefficients of", "Average"))]
    # Each as the heading of its card and as the caption of its table.
    assert Counter(titles) == {
        "Coefficients of yes against no": 2,
        "Average marginal effects on the probability of no": 2,
        "Average marginal effects on the probability of yes": 2,
    }
    assert "123.4568" in page.text
    assert "1.01 to 2.7" in page.text
    assert "a note" in page.text
    refused = Page(report(asked))
    assert "No standard errors, tests or criteria: " in refused.text
    assert "criteria" not in Page(report(iris)).text


def test_a_certificate_without_a_penalty_tells_of_newton_s_decrement() -> None:
    separated = Certificate(
        engine="newton",
        iterations=7,
        tol=1e-10,
        objective=1e-6,
        converged=False,
        separation=Separation(kind="complete", classes=("a", "b"), columns=("x",)),
    )

    table = certificate_table(separated)

    assert ("converged", "<b>no</b>") in table.rows
    assert any(row[0].startswith("Newton decrement") and row[1] == "–" for row in table.rows)
    assert not any(row[0].startswith("bound") for row in table.rows)
