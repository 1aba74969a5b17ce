"""`softmax evaluate`, as a user types it, on a real table cut in two."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from click.testing import CliRunner, Result
from sklearn.datasets import load_breast_cancer

from service.cli.main import commands
from service.errors import ServiceError

Softmax = Callable[..., Result]

COSTS = {
    "type": "cost",
    "costs": {
        "malignant": {"malignant": 0, "benign": 20, "abstain": 1},
        "benign": {"malignant": 5, "benign": 0, "abstain": 1},
    },
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of half of the tumours, the other half, and policies."""
    folder = tmp_path_factory.mktemp("tumours")
    data = cast("Any", load_breast_cancer(as_frame=True))
    frame = data.frame.iloc[:, :10].rename(columns=lambda name: name.replace(" ", "_"))
    frame["diagnosis"] = data.target_names[data.target]
    order = np.random.default_rng(0).permutation(len(frame))
    frame.iloc[order[:300]].to_csv(folder / "fit.csv", index=False)
    frame.iloc[order[300:]].to_csv(folder / "rest.csv", index=False)
    policies = {
        "costs": COSTS,
        "set": {"type": "set", "coverage": 0.9},
        "threshold": {"type": "threshold", "threshold": 0.9},
    }
    for name, policy in policies.items():
        (folder / f"{name}.json").write_text(json.dumps(policy))
    options = ["--target", "diagnosis", "--name", "tumour", "--calibration-size", "0.3"]
    done = CliRunner().invoke(
        commands,
        ["train", str(folder / "fit.csv"), *options],
        env={"SOFTMAX_MODELS": str(folder / "models")},
    )
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def softmax(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Softmax:
    monkeypatch.chdir(trained)
    monkeypatch.setenv("SOFTMAX_MODELS", str(trained / "models"))

    def run(*arguments: str, refused: str | None = None) -> Result:
        done = CliRunner().invoke(commands, ["evaluate", *arguments])
        if refused is not None:
            assert isinstance(done.exception, ServiceError), done.output
            assert refused in str(done.exception)
        else:
            assert done.exit_code == 0, done.output
        return done

    return run


def evaluated(softmax: Softmax, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(softmax("tumour", "rest.csv", *options, "--json").stdout)
    return found


def test_without_a_policy_the_most_probable_class_is_judged(softmax: Softmax) -> None:
    found = evaluated(softmax)

    assert found["model"]["name"] == "tumour"
    assert found["policy"]["type"] == "argmax"
    assert found["metrics"]["n_samples"] == found["outcome"]["n_samples"] == 269
    assert found["outcome"]["accuracy"] == found["metrics"]["accuracy"] > 0.9
    assert found["rejected_rows"] == 0


def test_a_cost_policy_pays_less_than_its_alternatives(softmax: Softmax) -> None:
    cost = evaluated(softmax, "--policy", "costs.json")["outcome"]["cost"]

    assert cost["mean"] < cost["most_probable_mean"]
    assert cost["mean"] < cost["best_single_mean"]
    assert cost["best_single_action"] == "abstain"
    assert cost["total"] == pytest.approx(269 * cost["mean"])


def test_tuned_thresholds_are_a_policy_that_costs_what_it_says(
    softmax: Softmax, trained: Path
) -> None:
    tuning = evaluated(softmax, "--policy", "costs.json", "--tune")["tuning"]
    policy = {name: value for name, value in tuning["policy"].items() if value is not None}
    (trained / "tuned.json").write_text(json.dumps(policy))

    judged = evaluated(softmax, "--policy", "tuned.json", "--costs", "costs.json")["outcome"]

    assert judged["cost"]["mean"] == pytest.approx(tuning["mean_cost"])
    assert tuning["mean_cost"] <= tuning["cross_fitted_cost"]


def test_sets_hold_the_class_about_as_often_as_promised(softmax: Softmax) -> None:
    sets = evaluated(softmax, "--policy", "set.json")["outcome"]["sets"]

    # 45 calibration rows let the coverage of a model vary by about 0.04, and 269 rows by 0.02.
    assert sets["coverage"] > 0.9 - 3 * (0.04 + 0.02)
    assert "90 %" in sets["guarantee"]


def test_figures_are_printed_for_people(softmax: Softmax) -> None:
    printed = softmax("tumour", "rest.csv", "--policy", "costs.json", "--tune").stdout

    for words in ("tumour@1 on 269 rows", "total cost", "always abstain instead", "malignant"):
        assert words in printed
    assert "chosen on other rows" in printed
    assert "promised: at least 90 %" in softmax("tumour", "rest.csv", "--policy", "set.json").stdout


def test_a_published_policy_is_judged_by_its_name(softmax: Softmax, trained: Path) -> None:
    added = CliRunner().invoke(
        commands, ["models", "policy", "add", "tumour", "triage", str(trained / "costs.json")]
    )
    assert added.exit_code == 0, added.output

    by_name = evaluated(softmax, "--policy", "triage")

    assert by_name["outcome"] == evaluated(softmax, "--policy", "costs.json")["outcome"]


def test_rows_that_would_be_rejected_are_left_out_and_counted(
    softmax: Softmax, trained: Path
) -> None:
    lines = (trained / "rest.csv").read_text().splitlines()
    lines[2] = "," + lines[2].partition(",")[2]
    (trained / "gaps.csv").write_text("\n".join(lines) + "\n")

    done = softmax("tumour", "gaps.csv")

    assert "on 268 rows" in done.stdout
    assert "note: 1 rows left out: expected a value for 'mean_radius'" in done.stdout


def test_what_cannot_be_measured_is_refused_in_one_line(softmax: Softmax, trained: Path) -> None:
    header, *_ = (trained / "rest.csv").read_text().splitlines()
    (trained / "one.csv").write_text(f"{header}\n" + "1," * 10 + "cyst\n")
    (trained / "empty.csv").write_text(f"{header}\n" + "," * 10 + "benign\n" * 1)

    softmax("tumour", "nothere.csv", refused="no such file")
    softmax("tumour", "one.csv", refused="'cyst' in column 'diagnosis' is no class")
    softmax("tumour", "empty.csv", refused="can answer none of the rows")
    softmax("tumour", "rest.csv", "--target", "label", refused="no column 'label'")
    softmax("tumour", "rest.csv", "--policy", "triage@9", refused="no policy triage@9")
    softmax("tumour", "rest.csv", "--policy", "nothere.json", refused="No such file")
    softmax("tumour", "rest.csv", "--tune", refused="of 'abstain'")
    softmax("tumour", "rest.csv", "--costs", "set.json", refused="of type cost")
