"""`softmax score`, as a user calls it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROWS = "id,sepal_length,sepal_width,petal_length,petal_width\n7,5.1,3.5,1.4,0.2\n8,6.3,,5.6,1.8\n"


def softmax(
    store: Path, environment: dict[str, str], folder: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service", *arguments],
        env=environment | {"SOFTMAX_MODELS": str(store)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_a_file_is_scored_and_what_became_of_it_is_told(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text(ROWS)

    done = softmax(store, environment, tmp_path, "score", "iris", "rows.csv", "out.csv")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "2 rows are scored by iris@1 in out.csv",
        "1 row is rejected: see out.csv.rejected.ndjson",
    ]
    assert "scoring rows.csv: 100 % (100 of 100)" in done.stderr
    answers = (tmp_path / "out.csv").read_text().splitlines()
    assert answers[1].endswith(',"setosa",')
    assert answers[2] == ',,,,"missing_value"'


def test_the_report_is_json_when_asked_for(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text(ROWS)
    (tmp_path / "strict.json").write_text('{"type": "threshold", "threshold": 0.9}')

    done = softmax(
        *(store, environment, tmp_path, "score", "iris@1", "rows.csv", "out.parquet"),
        *("--json", "--policy", "strict.json"),
    )

    report = json.loads(done.stdout)
    assert report.pop("digest").startswith("sha256:")
    policy = report.pop("policy")
    assert (policy["type"], policy["threshold"]) == ("threshold", 0.9)
    assert report.pop("guarantee") is None
    assert report == {
        "model": "iris@1",
        "output": "out.parquet",
        "rows": 2,
        "rejected_rows": 1,
        "warnings_total": 0,
        "resumed_rows": 0,
        "rejected": "out.parquet.rejected.ndjson",
    }


def test_a_policy_comes_from_a_file_or_from_the_store(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    models = shutil.copytree(store, tmp_path / "models")
    (tmp_path / "rows.csv").write_text(ROWS)
    policy = {"type": "threshold", "threshold": 0.99}
    (tmp_path / "careful.json").write_text(json.dumps(policy))
    adding = ["models", "policy", "add", "iris", "careful", "careful.json"]
    added = softmax(models, environment, tmp_path, *adding)
    assert added.returncode == 0, added.stderr

    for asked, output in (("careful.json", "file.csv"), ("careful@1", "store.csv")):
        done = softmax(
            models, environment, tmp_path, "score", "iris", "rows.csv", output, "--policy", asked
        )

        assert done.returncode == 0, done.stderr
        header, first, second = (tmp_path / output).read_text().splitlines()
        assert header.endswith('"label","decision","error_code"')
        assert first.endswith('"setosa","abstain",')  # 0.98 is not enough
        assert second == ',,,,,"missing_value"'


def test_what_a_policy_of_sets_promises_is_told(
    environment: dict[str, str], tmp_path: Path
) -> None:
    models = tmp_path / "models"
    (tmp_path / "rows.csv").write_text(ROWS)
    (tmp_path / "sets.json").write_text('{"type": "set", "coverage": 0.99}')
    trained = softmax(models, environment, tmp_path, "train", "iris", "--calibration-size", "0.3")
    assert trained.returncode == 0, trained.stderr

    done = softmax(
        models,
        environment,
        tmp_path,
        "score",
        "iris",
        "rows.csv",
        "out.csv",
        "--policy",
        "sets.json",
    )

    # 36 rows are too few for 99 %, which nobody would know from the answers alone.
    assert "promised: every set holds all classes: 99 % takes at least 99" in done.stdout
    header, first, _ = (tmp_path / "out.csv").read_text().splitlines()
    assert header.endswith('"in_set_setosa","in_set_versicolor","in_set_virginica","error_code"')
    assert first.endswith('"setosa","abstain",true,true,true,')


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("no_such", "rows.csv", "out.csv"), "softmax: no model 'no_such'"),
        (("iris", "nothing.csv", "out.csv"), "softmax: nothing.csv: no such file"),
        (("iris", "rows.csv", "out.xlsx"), "softmax: out.xlsx: expected a file that ends in"),
        (
            ("iris", "rows.csv", "out.csv", "--policy", "x"),
            "softmax: no policy 'x' of model 'iris'",
        ),
        (("demo", "rows.csv", "out.csv"), "softmax: rows.csv: expected the columns feature_1"),
    ],
)
def test_what_cannot_be_scored_is_refused_in_one_line(
    store: Path,
    environment: dict[str, str],
    tmp_path: Path,
    arguments: tuple[str, ...],
    reason: str,
) -> None:
    (tmp_path / "rows.csv").write_text(ROWS)

    done = softmax(store, environment, tmp_path, "score", *arguments)

    assert done.returncode == 1
    assert done.stderr.startswith(reason)
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]
