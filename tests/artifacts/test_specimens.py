"""What was published in any released format is read, and answers as it did."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from service.artifacts.artifact import FILES, unpack
from service.artifacts.manifest import FORMAT
from service.artifacts.policies import fit_policy
from service.errors import InputError
from service.softmax.policies import SetPolicy

SPECIMENS = Path(__file__).parent / "specimens"
FORMATS = [int(path.name.removeprefix("format-")) for path in SPECIMENS.glob("format-*")]


def test_there_is_a_specimen_of_every_format() -> None:
    assert sorted(FORMATS) == list(range(1, FORMAT + 1))


@pytest.mark.parametrize("number", FORMATS)
def test_a_specimen_is_read_and_answers_as_it_did(number: int) -> None:
    folder = SPECIMENS / f"format-{number}"
    answers = json.loads((folder / "answers.json").read_bytes())

    artifact = unpack({file: (folder / file).read_bytes() for file in FILES})
    encoded = artifact.contract.encode(list(zip(*answers["rows"], strict=True)))

    assert artifact.digest == answers["digest"]
    assert artifact.sample is not None
    assert len(artifact.sample.y) == answers["n_sample"]
    assert artifact.set_scores is not None
    assert len(artifact.set_scores.y) == answers["n_set_scores"]
    # Another processor may add in another order: eps times some dozens of terms.
    assert_allclose(
        artifact.model.predict_proba(encoded.X), np.array(answers["probabilities"]), atol=1e-13
    )


def test_the_specimen_from_before_sets_knew_other_mixes_answers_sets_for_its_own_alone() -> None:
    folder = SPECIMENS / "format-1"
    artifact = unpack({file: (folder / file).read_bytes() for file in FILES})
    policy = SetPolicy(coverage=0.8, per_class=True)
    priors = dict.fromkeys(("Adelie", "Chinstrap", "Gentoo"), 1.0)

    assert fit_policy(policy, artifact).sets is not None
    with pytest.raises(InputError, match="train it anew"):
        fit_policy(replace(policy, priors=priors), artifact)


@pytest.mark.parametrize("number", FORMATS)
def test_a_specimen_is_what_it_was(number: int) -> None:
    done = subprocess.run(
        ["sha256sum", "--check", "--status", "manifest.sha256"],
        cwd=SPECIMENS / f"format-{number}",
        check=False,
    )

    assert done.returncode == 0
