"""Files to an artifact and back: what is refused, and when."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from service.artifacts.artifact import MANIFEST_FILE, MODEL_FILE, SUMS_FILE, pack, unpack
from service.artifacts.codec import decode_payload, encode_payload
from service.artifacts.manifest import sha256
from service.errors import ArtifactError
from service.softmax.conformal import CalibrationScores, ScoredRows, calibration_scores
from service.softmax.contract import CategoricalFeature, FeatureContract, NumericFeature
from service.softmax.metrics import evaluate
from service.softmax.model import SoftmaxModel
from service.softmax.sample import Sample

CONTRACT = FeatureContract(
    features=(
        NumericFeature(name="größe", low=0.0, high=9.0, median=4.0),
        CategoricalFeature(name="colour", categories=("blue", "red"), mode="red"),
    )
)
MODEL = SoftmaxModel(
    classes_=("a", "b"),
    levels_=CONTRACT.levels,
    coef_=np.array([[0.0, 0.0, 0.0], [1.0, -0.5, 0.5]]),
    intercept_=np.array([0.0, 0.3]),
    mean_=np.array([4.0, 0.5, 0.5]),
    class_prior_=np.array([0.5, 0.5]),
)
METRICS = evaluate(
    np.log([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.3, 0.7]]),
    np.array([0, 0, 1, 1]),
    np.ones(4),
    np.array([0.5, 0.5]),
)


SET_SCORES = replace(
    calibration_scores(np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]), np.array([1, 0, 1])),
    rows=ScoredRows(scores=np.array([[0.5, -0.5], [-2.0, 1.0]]), y=np.array([0, 1])),
)


def files(
    *, sample: Sample | None = None, set_scores: CalibrationScores | None = SET_SCORES
) -> dict[str, bytes]:
    return pack(
        model=MODEL,
        contract=CONTRACT,
        sample=sample,
        source="mine",
        recipe={"C": 1.0},
        certificate=None,
        selection=None,
        train_metrics=METRICS,
        test_metrics=None,
        regions_pair=None,
        golden_rows=((1.0, "red"), (9.0, "blue")),
        libraries={"numpy": "0"},
        set_scores=set_scores,
    )


def resummed(changed: dict[str, bytes]) -> dict[str, bytes]:
    """The files with sums that fit again, as somebody would make who can write the store."""
    manifest = json.loads(changed[MANIFEST_FILE])
    manifest["files"] = {MODEL_FILE: sha256(changed[MODEL_FILE])}
    content = json.dumps(manifest, indent=2, sort_keys=True).encode()
    sums = f"{sha256(content)}  {MANIFEST_FILE}\n{sha256(changed[MODEL_FILE])}  {MODEL_FILE}\n"
    return {**changed, MANIFEST_FILE: content, SUMS_FILE: sums.encode()}


def with_payload(**changes: object) -> dict[str, bytes]:
    payload = decode_payload(files()[MODEL_FILE])
    changed = {**payload, **changes}
    return resummed({**files(), MODEL_FILE: encode_payload(changed)})  # type: ignore[arg-type]  # wrong on purpose


def test_what_is_packed_is_unpacked() -> None:
    sample = Sample(X=np.array([[1.0, 0.0], [2.0, 1.0]]), y=np.array([1, 0]))

    artifact = unpack(files(sample=sample))

    assert artifact.contract == CONTRACT
    assert_array_equal(artifact.model.coef_, MODEL.coef_)
    assert artifact.sample is not None
    assert_array_equal(artifact.sample.y, [1, 0])
    assert artifact.set_scores is not None
    assert_array_equal(artifact.set_scores.lac, SET_SCORES.lac)
    assert_array_equal(artifact.set_scores.aps, SET_SCORES.aps)
    assert_array_equal(artifact.set_scores.y, [0, 1, 1])
    assert artifact.set_scores.rows is not None
    assert_array_equal(artifact.set_scores.rows.scores, [[0.5, -0.5], [-2.0, 1.0]])
    assert_array_equal(artifact.set_scores.rows.y, [0, 1])
    assert artifact.digest == "sha256:" + sha256(files(sample=sample)[MANIFEST_FILE])


def test_equal_models_give_equal_bytes() -> None:
    assert files() == files()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda: with_payload(coef=np.zeros((2, 2))), "shape"),
        (lambda: with_payload(intercept=np.array([0.0, np.nan])), "finite"),
        (lambda: with_payload(intercept=np.array([0.0, 0.4])), "golden"),
        (lambda: with_payload(coef="text"), "array"),
        (lambda: with_payload(temperature=-1.0), "temperature"),
        (lambda: with_payload(sample_X=np.zeros((1, 3)), sample_y=np.zeros(1)), "sample"),
        (lambda: with_payload(sample_X=np.zeros((1, 2)), sample_y=np.array([2.0])), "class"),
        (lambda: with_payload(set_class=np.array([0.0, 1.0, 1.5])), "classes in 'set_class'"),
        (lambda: with_payload(set_class=np.zeros(2)), "as many scores"),
        (lambda: with_payload(set_scores_lac=np.array([0.4, 0.2, 1.2])), "from 0 to 1"),
        (lambda: with_payload(set_rows_scores=np.zeros((2, 3))), "one score per class"),
        (lambda: with_payload(set_rows_scores=np.full((2, 2), np.nan)), "finite scores"),
        (lambda: with_payload(set_rows_class=np.array([0.0, 2.0])), "classes in 'set_rows_class'"),
    ],
    ids=[
        *("shape", "not-finite", "other-numbers", "text", "temperature", "width", "no-class"),
        *("no-set-class", "set-length", "no-share"),
        *("rows-width", "rows-not-finite", "rows-no-class"),
    ],
)
def test_sums_that_fit_do_not_make_a_wrong_model_right(
    change: Callable[[], dict[str, bytes]], reason: str
) -> None:
    with pytest.raises(ArtifactError, match=reason):
        unpack(change())


def test_another_format_is_refused_by_name() -> None:
    manifest = json.loads(files()[MANIFEST_FILE]) | {"format": 2}

    with pytest.raises(ArtifactError, match="format"):
        unpack(resummed({**files(), MANIFEST_FILE: json.dumps(manifest).encode()}))


def test_nothing_in_the_files_tells_when_or_where_they_were_made() -> None:
    text = files()[MANIFEST_FILE].decode()

    assert not {"time", "date", "host", "path", "user"} & set(json.loads(text))
