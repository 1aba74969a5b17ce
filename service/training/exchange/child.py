"""The process that opens a foreign file: bytes in, JSON out, nothing of ours within reach.

A pickle is a program, and opening one runs it. That happens here and nowhere else; what this
process answers is read as JSON and checked like any other input.
"""

import io
import json
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any, Literal

import joblib
import sklearn
import skops.io
from sklearn.exceptions import InconsistentVersionWarning  # type: ignore[attr-defined]  # not in the stubs
from skops.io.exceptions import UntrustedTypesFoundException

from service.errors import ExchangeError, ServiceError
from service.training.exchange.columns import Raw
from service.training.exchange.foreign import Foreign, describe
from service.training.exchange.rows import compared_rows, pipeline_matrix
from service.training.exchange.steps import flat_steps, renumbered, through

Kind = Literal["pickle", "skops"]

TRUSTED = ["numpy.dtype"]
"""Beside the estimators and arrays that skops knows: a SimpleImputer remembers one, and skops
makes it from the header of an empty array."""


def main() -> None:
    """Read a file from standard input and write what it holds to standard output."""
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the file's own code prints is no part of the answer
    kind: Any = sys.argv[1]
    channel.write(answer(sys.stdin.buffer.read(), kind, json.loads(sys.argv[2])))
    channel.close()


def answer(content: bytes, kind: Kind, features: Sequence[str]) -> bytes:
    """Read a file and say what it holds, or why that cannot be expressed.

    Parameters
    ----------
    content : bytes
        The whole file.
    kind : {"pickle", "skops"}
        How it is read.
    features : sequence of str
        Names of the features; empty to take those in the file.

    Returns
    -------
    bytes
        JSON: a `Foreign` under ``foreign``, or a line of text under ``refused``.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            estimator = _opened(content, kind)
            foreign = expressed(estimator, features, _written_by(caught))
        except ServiceError as error:
            return json.dumps({"refused": str(error)}).encode()
    return f'{{"foreign": {foreign.model_dump_json()}}}'.encode()


def _opened(content: bytes, kind: Kind) -> Any:
    try:
        if kind == "skops":
            return skops.io.loads(content, trusted=TRUSTED)
        return joblib.load(io.BytesIO(content))
    except UntrustedTypesFoundException as error:
        msg = f"it holds what skops does not know: {' '.join(str(error).split())}"
        raise ExchangeError(msg) from error
    except Exception as error:  # somebody else's code ran, and may raise anything
        raise ExchangeError(_told("it cannot be opened", error)) from error


def _written_by(caught: Sequence[warnings.WarningMessage]) -> str | None:
    for warning in caught:
        if isinstance(warning.message, InconsistentVersionWarning):
            return str(warning.message.original_sklearn_version)
    return None


def expressed(estimator: Any, features: Sequence[str], written_by: str | None) -> Foreign:
    """Say what a fitted pipeline computes, with rows and its own answers to them.

    Parameters
    ----------
    estimator : object
        What was in the file.
    features : sequence of str
        Names of the features; empty to take its own.
    written_by : str or None
        The version of scikit-learn that wrote it, if it is another than this one.

    Returns
    -------
    Foreign
        All of it.

    Raises
    ------
    ExchangeError
        If it cannot be expressed, or does not predict.
    """
    steps, classifier = flat_steps(estimator)
    n_columns = _n_features(estimator, steps, classifier)
    own = _own_names(estimator, steps, classifier)
    names = _names(own, features, n_columns)
    try:
        columns: Any = [Raw(feature=j) for j in range(n_columns)]
        for n, (name, step) in enumerate(steps):
            columns = through(name, step, columns, () if n else own)
        foreign = describe(columns, classifier, names)
        rows = compared_rows(foreign)
        renumbered(estimator, own, n_columns)
        proba = estimator.predict_proba(pipeline_matrix(foreign, rows, n_columns))
    except ServiceError as error:
        raise ExchangeError(str(error)) from error
    except Exception as error:  # attributes that another version has, or user code
        written = f", written by scikit-learn {written_by}," if written_by else ""
        what = f"the pipeline{written} does not predict under scikit-learn {sklearn.__version__}"
        raise ExchangeError(_told(what, error)) from error
    kinds = [type(step).__name__ for _, step in steps if step not in (None, "passthrough")]
    return foreign.model_copy(
        update={
            "steps": (*kinds, type(classifier).__name__),
            "written_by": written_by,
            "rows": tuple(map(tuple, rows)),
            "probabilities": tuple(map(tuple, proba.tolist())),
        }
    )


def _n_features(estimator: Any, steps: Sequence[tuple[str, Any]], classifier: Any) -> int:
    for one in (estimator, *(step for _, step in steps), classifier):
        count = getattr(one, "n_features_in_", None)
        if count is not None:
            return int(count)
    return int(classifier.coef_.shape[1])


def _own_names(estimator: Any, steps: Sequence[tuple[str, Any]], classifier: Any) -> list[str]:
    # A step that does nothing to the columns keeps no names of them; the next one may.
    for one in (estimator, *(step for _, step in steps), classifier):
        names = getattr(one, "feature_names_in_", None)
        if names is not None:
            return [str(name) for name in names]
        if one is not estimator and one not in (None, "passthrough"):
            break
    return []


def _names(own: Sequence[str], features: Sequence[str], n_columns: int) -> list[str]:
    names = list(features or own)
    if not names:
        msg = f"it does not name its {n_columns} features: --features NAME,NAME,… does"
        raise ExchangeError(msg)
    if len(names) != n_columns:
        msg = f"expected {n_columns} names of features, got {len(names)}"
        raise ExchangeError(msg)
    return names


def _told(what: str, error: Exception) -> str:
    return f"{what}: {type(error).__name__}: {' '.join(str(error).split())[:300]}"


if __name__ == "__main__":
    main()
