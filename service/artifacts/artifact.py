"""A model and its surroundings, to files and back: bytes in, bytes out."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from service.artifacts.codec import Payload, decode_payload, encode_payload
from service.artifacts.golden import check_golden
from service.artifacts.manifest import FORMAT, GoldenRows, Manifest, parse_manifest, sha256
from service.artifacts.signing import SIGNATURE_FILE, TrustedKeys
from service.errors import ArtifactError, ValueRefusedError
from service.softmax.arrays import Floats, Integers
from service.softmax.calibration import Calibration
from service.softmax.certificate import Certificate
from service.softmax.conformal import CalibrationScores, ScoredRows
from service.softmax.contract import Cell, FeatureContract
from service.softmax.metrics import Metrics
from service.softmax.model import SoftmaxModel
from service.softmax.sample import Sample
from service.softmax.selection import Selection

MODEL_FILE = "model.joblib"
MANIFEST_FILE = "manifest.json"
SUMS_FILE = "manifest.sha256"
FILES = (MODEL_FILE, MANIFEST_FILE, SUMS_FILE)

Files = Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True, eq=False)
class Artifact:
    """A verified model, as it was published.

    Parameters
    ----------
    model : SoftmaxModel
        The mathematics.
    sample : Sample or None
        Training rows for pictures, if it carries any.
    set_scores : CalibrationScores or None
        What prediction sets stand on, if it carries any.
    manifest : Manifest
        Everything else.
    digest : str
        ``sha256:`` and the hexadecimal SHA-256 of the manifest's bytes.
    """

    model: SoftmaxModel
    sample: Sample | None
    set_scores: CalibrationScores | None
    manifest: Manifest
    digest: str

    @property
    def contract(self) -> FeatureContract:
        """What the model expects of rows."""
        return self.manifest.contract


def pack(
    *,
    model: SoftmaxModel,
    contract: FeatureContract,
    sample: Sample | None,
    source: str,
    recipe: Mapping[str, object],
    certificate: Certificate | None,
    selection: Selection | None,
    train_metrics: Metrics | None,
    test_metrics: Metrics | None,
    regions_pair: tuple[str, str] | None,
    golden_rows: tuple[tuple[Cell, ...], ...],
    libraries: Mapping[str, str],
    calibration: Calibration | None = None,
    set_scores: CalibrationScores | None = None,
) -> dict[str, bytes]:
    """Turn a fitted model into the files of an artifact.

    Parameters
    ----------
    model : SoftmaxModel
        The fit.
    contract : FeatureContract
        What it expects of rows.
    sample : Sample or None
        Training rows for pictures.
    source : str
        What the training table is called; no path.
    recipe : mapping
        What the fit was made by, as JSON values.
    certificate : Certificate or None
        How far from the optimum the fit can be, where that is known.
    selection : Selection or None
        How the penalty was chosen, if it was.
    train_metrics : Metrics or None
        Figures on the training rows; None where a fit of others came without them.
    test_metrics : Metrics or None
        Figures on the rows held out.
    regions_pair : tuple of two str, or None
        Default axes of pictures.
    golden_rows : tuple of tuples
        Made-up rows as a client would send them.
    libraries : mapping of str to str
        Versions of the libraries that made the fit.
    calibration : Calibration or None
        What the temperature did.
    set_scores : CalibrationScores or None
        What prediction sets stand on.

    Returns
    -------
    dict of str to bytes
        Files by name. Equal arguments give equal bytes: no clock, host or path is in them.
    """
    payload: dict[str, Floats | float | str] = {
        "coef": model.coef_,
        "intercept": model.intercept_,
        "mean": model.mean_,
        "class_prior": model.class_prior_,
        "temperature": model.temperature_,
    }
    if sample is not None:
        payload |= {"sample_X": sample.X, "sample_y": sample.y.astype(np.float64)}
    if set_scores is not None:
        payload |= {
            "set_scores_lac": set_scores.lac,
            "set_scores_aps": set_scores.aps,
            "set_class": set_scores.y.astype(np.float64),
        }
        if set_scores.rows is not None:
            payload |= {
                "set_rows_scores": set_scores.rows.scores,
                "set_rows_class": set_scores.rows.y.astype(np.float64),
            }
    content = encode_payload(payload)
    golden = contract.encode(list(zip(*golden_rows, strict=True)))
    manifest = Manifest(
        format=FORMAT,
        files={MODEL_FILE: sha256(content)},
        classes=model.classes_,
        contract=contract,
        source=source,
        recipe=dict(recipe),
        certificate=certificate,
        selection=selection,
        train_metrics=train_metrics,
        test_metrics=test_metrics,
        calibration=calibration,
        regions_pair=regions_pair,
        golden=GoldenRows(
            rows=golden_rows,
            probabilities=tuple(map(tuple, model.predict_proba(golden.X).tolist())),
        ),
        libraries=dict(libraries),
    ).to_bytes()
    sums = f"{sha256(manifest)}  {MANIFEST_FILE}\n{sha256(content)}  {MODEL_FILE}\n"
    return {MODEL_FILE: content, MANIFEST_FILE: manifest, SUMS_FILE: sums.encode()}


def unpack(files: Files, name: str = "", trusted: TrustedKeys | None = None) -> Artifact:
    """Verify the files of an artifact and decode those same bytes.

    In this order, each before the next: the manifest against its sum and its signature, the
    model file against the manifest, the arrays out of the model file, their shapes and
    values, and at last the golden rows, which must get the probabilities they got when it
    was published.

    Parameters
    ----------
    files : mapping of str to bytes
        Files by name.
    name : str
        The model's name, which a signature covers.
    trusted : TrustedKeys, optional
        Who has to vouch for the manifest; by default nobody.

    Returns
    -------
    Artifact
        Ready to answer.

    Raises
    ------
    ArtifactError
        At the first thing that does not hold.
    """
    content, manifest_bytes = files[MODEL_FILE], files[MANIFEST_FILE]
    digest = sha256(manifest_bytes)
    sums = f"{digest}  {MANIFEST_FILE}\n{sha256(content)}  {MODEL_FILE}\n"
    if files[SUMS_FILE] != sums.encode():
        msg = f"the files differ from what {SUMS_FILE} says of them"
        raise ArtifactError(msg)
    if trusted is not None:
        trusted.verify(name, manifest_bytes, files.get(SIGNATURE_FILE))
    manifest = parse_manifest(manifest_bytes)
    if manifest.files != {MODEL_FILE: sha256(content)}:
        msg = f"{MODEL_FILE} differs from what {MANIFEST_FILE} says of it"
        raise ArtifactError(msg)
    payload = decode_payload(content)
    try:
        model = _model(payload, manifest)
        sample = _sample(payload, model)
        set_scores = _set_scores(payload, model)
    except (KeyError, TypeError, ValueRefusedError) as error:
        msg = f"{MODEL_FILE}: {error}"
        raise ArtifactError(msg) from error
    check_golden(model, manifest)
    return Artifact(
        model=model,
        sample=sample,
        set_scores=set_scores,
        manifest=manifest,
        digest=f"sha256:{digest}",
    )


def _array(payload: Payload, name: str) -> Floats:
    value = payload[name]
    if not isinstance(value, np.ndarray):
        msg = f"expected an array {name!r}"
        raise ValueRefusedError(msg)
    return value


def _model(payload: Payload, manifest: Manifest) -> SoftmaxModel:
    return SoftmaxModel(
        classes_=manifest.classes,
        levels_=manifest.contract.levels,
        coef_=_array(payload, "coef"),
        intercept_=_array(payload, "intercept"),
        mean_=_array(payload, "mean"),
        class_prior_=_array(payload, "class_prior"),
        temperature_=float(payload["temperature"]),
    )


def _classes(payload: Payload, name: str, model: SoftmaxModel) -> Integers:
    codes = _array(payload, name)
    if not np.isin(codes, np.arange(model.n_classes)).all():
        msg = f"expected indices of classes in {name!r}"
        raise ValueRefusedError(msg)
    return codes.astype(np.intp)


def _sample(payload: Payload, model: SoftmaxModel) -> Sample | None:
    if "sample_X" not in payload:
        return None
    y = _classes(payload, "sample_y", model)
    X = _array(payload, "sample_X")
    if X.shape != (len(y), model.n_features):
        msg = "expected one class and one value per feature in each row of the sample"
        raise ValueRefusedError(msg)
    return Sample(X=X, y=y)


def _set_scores(payload: Payload, model: SoftmaxModel) -> CalibrationScores | None:
    if "set_class" not in payload:
        return None
    return CalibrationScores(
        lac=_array(payload, "set_scores_lac"),
        aps=_array(payload, "set_scores_aps"),
        y=_classes(payload, "set_class", model),
        rows=_set_rows(payload, model),
    )


def _set_rows(payload: Payload, model: SoftmaxModel) -> ScoredRows | None:
    if "set_rows_class" not in payload:
        return None
    y = _classes(payload, "set_rows_class", model)
    scores = _array(payload, "set_rows_scores")
    if scores.shape != (len(y), model.n_classes):
        msg = "expected one class and one score per class in each row for prediction sets"
        raise ValueRefusedError(msg)
    return ScoredRows(scores=scores, y=y)
