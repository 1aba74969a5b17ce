"""The manifest: everything about a model that a person or a check wants to read."""

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.errors import ArtifactError, ValueRefusedError
from service.softmax.arrays import Label
from service.softmax.calibration import Calibration
from service.softmax.certificate import Certificate
from service.softmax.contract import Cell, FeatureContract
from service.softmax.metrics import Metrics
from service.softmax.selection import Selection

FORMAT: Literal[1] = 1

Hex = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Probability = Annotated[float, Field(ge=0, le=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class GoldenRows(_Frozen):
    """Made-up rows and the probabilities the model gave them when it was published."""

    rows: tuple[tuple[Cell, ...], ...]
    probabilities: tuple[tuple[Probability, ...], ...]


class Manifest(_Frozen):
    """The contents of ``manifest.json``; its SHA-256 is the model's digest."""

    format: Literal[1]
    files: dict[str, Hex]
    classes: tuple[Label, ...]
    contract: FeatureContract
    source: str
    recipe: dict[str, Any]
    certificate: Certificate | None
    selection: Selection | None
    train_metrics: Metrics | None
    test_metrics: Metrics | None
    calibration: Calibration | None
    regions_pair: tuple[str, str] | None
    golden: GoldenRows
    libraries: dict[str, str]

    def to_bytes(self) -> bytes:
        """Write the manifest as canonical JSON: sorted keys, two spaces, UTF-8."""
        fields = self.model_dump(mode="json")
        text = json.dumps(fields, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        return f"{text}\n".encode()


def parse_manifest(content: bytes) -> Manifest:
    """Read a manifest.

    Parameters
    ----------
    content : bytes
        The file ``manifest.json``.

    Returns
    -------
    Manifest
        The values in it, checked.

    Raises
    ------
    ArtifactError
        If it is not a manifest of a known format.
    """
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        if any(fault["loc"] == ("format",) for fault in faults):
            msg = f"manifest.json: expected format {FORMAT}: a newer service may read this one"
            raise ArtifactError(msg) from None
        first = faults[0]
        where = "/".join(map(str, first["loc"])) or "the whole file"
        msg = f"manifest.json: {first['msg']} at {where}"
        raise ArtifactError(msg) from None
    except ValueRefusedError as error:
        msg = f"manifest.json: {error}"
        raise ArtifactError(msg) from error


def sha256(content: bytes) -> str:
    """Give the SHA-256 of some bytes as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
