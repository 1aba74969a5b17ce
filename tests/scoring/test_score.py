"""Files of rows become files of answers, whatever the formats and whatever the rows."""

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.artifacts.artifact import Artifact
from service.errors import ScoringError, TableError
from service.scoring.score import Job, score
from service.softmax.conformal import CalibrationScores
from service.softmax.decisions import bind
from service.softmax.policies import CostPolicy, SetPolicy, ThresholdPolicy
from tests.scoring.conftest import BAD, Row, made_rows, read_answers, write_rows

INPUTS = ("csv", "tsv", "parquet", "arrow", "feather", "ndjson")
OUTPUTS = ("csv", "tsv", "parquet", "arrow", "ndjson")


def expected(artifact: Artifact, rows: list[Row]) -> list[Row]:
    """Answer rows one at a time, by way of the model's own contract."""
    answers: list[Row] = []
    for number, row in enumerate(rows):
        code = {bad % len(BAD): code for bad, code in enumerate(BAD)}[number % len(BAD)]
        if any(row[name] == value for name, value in BAD[code].items() if name != "width"):
            answers.append({"label": None, "error_code": code} | dict.fromkeys(NAMES))
            continue
        encoded = artifact.contract.encode([[row[name]] for name in artifact.contract.names])
        assert encoded.is_sound
        proba = artifact.model.predict_proba(encoded.X)
        answers.append(
            {"label": artifact.model.labels(proba)[0], "error_code": None}
            | dict(zip(NAMES, proba[0].tolist(), strict=True))
        )
    return answers


NAMES = ("proba_0", "proba_1", "proba_5")


@pytest.mark.parametrize(
    ("source", "output"),
    [pair for n, pair in enumerate(itertools.product(INPUTS, OUTPUTS)) if n % 2 == 0],
)
def test_any_format_is_answered_in_any_format(
    artifact: Artifact, tmp_path: Path, source: str, output: str
) -> None:
    rows = made_rows(700, bad_every=50)
    path = write_rows(tmp_path / f"rows.{source}", rows)

    scored = score(
        Job(artifact=artifact, source=path, output=tmp_path / f"answers.{output}", block_rows=64)
    )

    answers = read_answers(scored.output)
    wanted = expected(artifact, rows)
    assert scored.rows == len(answers) == 700
    assert scored.rejected_rows == 14
    for answer, want in zip(answers, wanted, strict=True):
        assert answer["label"] == want["label"]
        assert answer["error_code"] == want["error_code"]
        if want["label"] is not None:
            # Another order of the same sums, in blocks.
            got, sure = ([row[name] for name in NAMES] for row in (answer, want))
            assert np.allclose(got, sure, rtol=1e-12, atol=0)
        else:
            assert [answer[name] for name in NAMES] == [None] * 3


def test_a_rejected_row_is_listed_with_its_number_and_without_its_value(
    artifact: Artifact, tmp_path: Path
) -> None:
    lines = [
        "height,colour,width,grade,old",
        "0.5,blue,1,2,true",
        "tall,blue,1,2,true",
        "0.5,secret,1,2,true",
        "0.5,blue",
        "inf,blue,1,2,true",
        "-1,blue,,9,",
        "1,blue,,7,perhaps",
    ]
    source = tmp_path / "rows.csv"
    source.write_text("\n".join(lines) + "\n")

    scored = score(Job(artifact=artifact, source=source, output=tmp_path / "out.csv"))

    assert scored.rejected is not None
    text = scored.rejected.read_text()
    rejected = [json.loads(line) for line in text.splitlines()]
    assert [(one["row"], one["pointer"], one["code"]) for one in rejected] == [
        (2, "/height", "wrong_type"),
        (3, "/colour", "unknown_category"),
        (4, "", "wrong_width"),
        (5, "/height", "not_finite"),
        (7, "/old", "unknown_category"),
    ]
    assert all(word not in text for word in ("tall", "secret", "perhaps"))
    assert [bool(row["error_code"]) for row in read_answers(scored.output)] == [
        one in {2, 3, 4, 5, 7} for one in range(1, 8)
    ]


def test_a_line_that_is_no_row_is_rejected_alone(artifact: Artifact, tmp_path: Path) -> None:
    good = json.dumps(made_rows(1)[0])
    lines = [
        good,
        "{",
        "[1, 2]",
        good.replace('"blue"', "1").replace('"r\\u00e9d"', "1"),
        '{"height": "1"}',
        '{"height": 1e400, "colour": "blue", "grade": 1}',
        '{"height": NaN}',
        good + good,
        '{"height": 1, "colour": "\\ud800"}',
        '{"height": 1, "colour": "blue", "grade": 99999999999999999999}',
        good,
    ]
    source = tmp_path / "rows.ndjson"
    source.write_text("\n\n".join(lines))

    scored = score(Job(artifact=artifact, source=source, output=tmp_path / "out.ndjson"))

    assert [row["error_code"] for row in read_answers(scored.output)] == [
        None,
        "malformed_json",
        "malformed_json",
        "wrong_type",
        "wrong_type",
        "not_finite",
        "malformed_json",
        "malformed_json",
        "unknown_category",
        "unknown_category",
        None,
    ]


def test_rows_of_another_width_keep_their_places_across_blocks_of_text(
    artifact: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.tables.text_rows.BLOCK_BYTES", 200)
    ragged = {0, 1, 30, 31, 32, 100, 199}
    lines = [
        "0.5,blue" if number in ragged else f"0.5,blue,{number},2,true" for number in range(200)
    ]
    source = tmp_path / "rows.csv"
    source.write_text("height,colour,width,grade,old\n" + "\n".join(lines))

    scored = score(Job(artifact=artifact, source=source, output=tmp_path / "out.ndjson"))

    answers = read_answers(scored.output)
    found = {n for n, row in enumerate(answers) if row["error_code"] == "wrong_width"}
    assert len(answers) == 200
    assert found == ragged


def test_decisions_and_expected_costs_are_those_of_the_policy(
    artifact: Artifact, tmp_path: Path
) -> None:
    rows = made_rows(300)
    costs = {
        "0": {"0": 0.0, "5": 2.0, "review": 0.3},
        "1": {"0": 1.0, "5": 1.0, "review": 0.3},
        "5": {"0": 4.0, "5": 0.0, "review": 0.3},
    }
    decider = bind(CostPolicy(costs=costs), artifact.model, None)
    job = Job(
        artifact=artifact,
        source=write_rows(tmp_path / "rows.parquet", rows),
        output=tmp_path / "out.parquet",
        decider=decider,
    )

    answers = read_answers(score(job).output)

    table = np.array([[costs[k][a] for a in ("0", "5", "review")] for k in ("0", "1", "5")])
    for row in answers:
        sure = np.array([row[name] for name in NAMES]) @ table
        got = [row[f"expected_cost_{action}"] for action in ("0", "5", "review")]
        assert np.allclose(got, sure, rtol=1e-12)
        assert row["decision"] == ("0", "5", "review")[int(sure.argmin())]


def test_an_abstention_makes_texts_of_the_decisions_but_not_of_the_labels(
    artifact: Artifact, tmp_path: Path
) -> None:
    decider = bind(ThresholdPolicy(threshold=0.6), artifact.model, None)
    job = Job(
        artifact=artifact,
        source=write_rows(tmp_path / "rows.parquet", made_rows(300)),
        output=tmp_path / "out.parquet",
        decider=decider,
    )

    answers = read_answers(score(job).output)

    assert {row["decision"] for row in answers} == {"0", "1", "5", "abstain"}
    for row in answers:
        top = max(row[name] for name in NAMES)
        assert row["decision"] == (str(row["label"]) if top >= 0.6 else "abstain")


@pytest.mark.parametrize("output", ["csv", "parquet", "ndjson"])
def test_sets_are_columns_and_those_of_a_rejected_row_are_empty(
    artifact: Artifact, tmp_path: Path, output: str
) -> None:
    rows = made_rows(300, bad_every=50)
    lac = np.sort(np.random.default_rng(3).random(99))
    found = CalibrationScores(lac=lac, aps=lac, y=np.zeros(99, dtype=np.intp))
    decider = bind(SetPolicy(coverage=0.8), artifact.model, found)
    job = Job(
        artifact=artifact,
        source=write_rows(tmp_path / "rows.csv", rows),
        output=tmp_path / f"out.{output}",
        decider=decider,
    )

    answers = read_answers(score(job).output)

    texts, sizes = ("0", "1", "5"), set()
    for row in answers:
        got = [row[f"in_set_{text}"] for text in texts]
        if row["error_code"]:
            assert got == [None] * 3
            continue
        sure = [1.0 - row[name] <= lac[79] for name in NAMES]  # the 80th of 99
        assert got == sure
        sizes.add(sum(sure))
        only = texts[sure.index(True)] if sum(sure) == 1 else "abstain"
        assert row["decision"] == only
    assert sizes >= {1, 2}


def test_odd_values_of_a_row_that_is_rejected_in_the_end_are_no_warnings(
    artifact: Artifact, tmp_path: Path
) -> None:
    source = tmp_path / "rows.csv"
    odd, beyond = "9,blue,1,2,true", "1.7e308,blue,-1.7e308,2,true"
    source.write_text(f"height,colour,width,grade,old\n{odd}\n{beyond}\n")

    scored = score(Job(artifact=artifact, source=source, output=tmp_path / "out.csv"))

    assert [row["error_code"] or None for row in read_answers(scored.output)] == [
        None,
        "outside_domain",
    ]
    assert (scored.warnings_total, scored.rejected_rows) == (1, 1)


def test_numbers_outside_the_training_range_are_counted_or_refused_as_the_model_says(
    artifact: Artifact, tmp_path: Path
) -> None:
    source = tmp_path / "rows.csv"
    source.write_text("height,colour,width,grade,old\n9,blue,9,2,true\n1,blue,1,9,true\n")
    contract = replace(artifact.contract, out_of_range="error")
    manifest = artifact.manifest.model_copy(update={"contract": contract})
    strict = replace(artifact, manifest=manifest)

    lenient = score(Job(artifact=artifact, source=source, output=tmp_path / "a.ndjson"))
    refusing = score(Job(artifact=strict, source=source, output=tmp_path / "b.ndjson"))

    assert (lenient.warnings_total, lenient.rejected_rows) == (3, 0)
    assert (refusing.warnings_total, refusing.rejected_rows) == (1, 1)
    assert refusing.rejected is not None
    told = json.loads(refusing.rejected.read_text())
    assert (told["row"], told["pointer"], told["code"]) == (1, "/height", "out_of_range")


def test_a_file_without_rows_gets_a_file_without_answers(
    artifact: Artifact, tmp_path: Path
) -> None:
    source = tmp_path / "rows.csv"
    source.write_text("height,colour,width,grade,old\n")

    for suffix in OUTPUTS:
        scored = score(Job(artifact=artifact, source=source, output=tmp_path / f"out.{suffix}"))

        assert read_answers(scored.output) == []
        assert scored.rejected is None


def test_a_list_of_rejected_rows_does_not_outlive_the_answers_it_belongs_to(
    artifact: Artifact, tmp_path: Path
) -> None:
    source = write_rows(tmp_path / "rows.ndjson", made_rows(20, bad_every=4))
    first = score(Job(artifact=artifact, source=source, output=tmp_path / "out.csv"))
    assert first.rejected is not None
    assert first.rejected.exists()
    write_rows(source, made_rows(20))

    score(Job(artifact=artifact, source=source, output=tmp_path / "out.csv"))

    assert not first.rejected.exists()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("rows.csv", "height,colour\n1,blue\n", "not there: width, grade, old"),
        ("rows.csv", "height,colour,width,grade,old,old\n", "'old' more than once"),
        ("rows.parquet", "no such thing", "rows.parquet: "),
        ("rows.xlsx", "", "ends in one of .csv"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_name(
    artifact: Artifact, tmp_path: Path, name: str, content: str, reason: str
) -> None:
    source = tmp_path / name
    source.write_text(content)

    with pytest.raises(TableError, match=reason):
        score(Job(artifact=artifact, source=source, output=tmp_path / "out.csv"))

    assert not (tmp_path / "out.csv").exists()


def test_answers_never_take_the_place_of_the_rows(artifact: Artifact, tmp_path: Path) -> None:
    source = write_rows(tmp_path / "rows.csv", made_rows(3))

    with pytest.raises(ScoringError, match="would take the place of the rows"):
        Job(artifact=artifact, source=source, output=source)


def test_a_column_of_another_kind_refuses_the_file(artifact: Artifact, tmp_path: Path) -> None:
    rows = [row | {"height": [1.0]} for row in made_rows(3)]
    source = write_rows(tmp_path / "rows.parquet", rows)

    with pytest.raises(TableError, match="'height' holds list"):
        score(Job(artifact=artifact, source=source, output=tmp_path / "out.csv"))


def test_a_folder_that_is_not_there_is_one_line(artifact: Artifact, tmp_path: Path) -> None:
    source = write_rows(tmp_path / "rows.csv", made_rows(3))

    with pytest.raises(ScoringError, match="cannot be written: No such file or directory"):
        score(Job(artifact=artifact, source=source, output=tmp_path / "nowhere" / "out.csv"))
