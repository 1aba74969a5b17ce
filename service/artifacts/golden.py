"""Golden rows: made-up rows whose probabilities were written down when a model was published."""

import numpy as np

from service.artifacts.manifest import Manifest
from service.errors import ArtifactError, InputError
from service.softmax.model import SoftmaxModel


def check_golden(model: SoftmaxModel, manifest: Manifest) -> None:
    """Let a model answer its golden rows again.

    Parameters
    ----------
    model : SoftmaxModel
        The mathematics.
    manifest : Manifest
        The rows, what they are made of, and their probabilities.

    Raises
    ------
    ArtifactError
        If a probability differs by more than rounding, or the rows do not fit.
    """
    golden = manifest.golden
    try:
        encoded = manifest.contract.encode(list(zip(*golden.rows, strict=True)))
        proba = model.predict_proba(encoded.X)
        stored = np.array(golden.probabilities, dtype=np.float64)
        close = proba.shape == stored.shape and bool(
            (np.abs(proba - stored) <= model.tolerance(encoded.X)[:, None]).all()
        )
    except (InputError, ValueError, IndexError) as error:
        msg = "the golden rows do not fit the model's own contract"
        raise ArtifactError(msg) from error
    if not encoded.is_sound or not close:
        msg = "the golden rows do not get the probabilities they were published with"
        raise ArtifactError(msg)
