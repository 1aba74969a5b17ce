"""Models of ours in the formats of others, compared by what those compute."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import joblib
import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import skops.io
from numpy.testing import assert_allclose

from service.errors import ExchangeError
from service.softmax.contract import (
    CategoricalFeature,
    Cell,
    FeatureContract,
    NumericFeature,
)
from service.softmax.model import SoftmaxModel
from service.softmax.shapes import column_starts
from service.training.exchange.coefficients import to_json
from service.training.exchange.exporting import WRITERS
from service.training.exchange.importing import AGREEMENT, imported
from service.training.exchange.onnx_graph import to_onnx
from service.training.exchange.pipeline import to_joblib, to_pipeline, to_skops
from tests.training.exchange.conftest import Read

ORIGIN = {"name": "some", "version": "1", "digest": "sha256:0"}
N_ROWS = 60

CONTRACT = FeatureContract(
    features=(
        NumericFeature(name="age", low=0, high=90, median=40, fill=41.5),
        CategoricalFeature(name="colour", categories=("blue", "red", None), mode="red"),
        NumericFeature(name="seconds", low=1.7e9, high=1.9e9, median=1.8e9),
        CategoricalFeature(
            name="shape", categories=("flat", "round"), mode="flat", fill="flat", unknown="ignore"
        ),
        CategoricalFeature(name="grade", categories=(1, 2, 3), mode=1, unknown="ignore"),
        CategoricalFeature(name="member", categories=(False, True), mode=True),
    )
)
NUMBERS = FeatureContract(features=tuple(f for f in CONTRACT.features if not f.levels))


def model(contract: FeatureContract, classes: tuple[Any, ...]) -> SoftmaxModel:
    """Make a model with numbers of every size and a temperature."""
    random = np.random.default_rng(3)
    starts, n_classes = column_starts(contract.levels), len(classes)
    coef = random.normal(size=(n_classes, int(starts[-1])))
    mean = np.full(int(starts[-1]), 0.3)
    for feature, start in zip(contract.features, starts, strict=False):
        if isinstance(feature, NumericFeature):
            mean[start] = feature.median
            coef[:, start] /= feature.high - feature.low
    return SoftmaxModel(
        classes_=classes,
        levels_=contract.levels,
        coef_=coef,
        intercept_=random.normal(size=n_classes),
        mean_=mean,
        class_prior_=np.full(n_classes, 1 / n_classes),
        temperature_=1.7,
    )


def columns(contract: FeatureContract) -> dict[str, list[Cell]]:
    """Make rows with missing values and unknown categories where they are allowed."""
    random = np.random.default_rng(4)
    made: dict[str, list[Cell]] = {}
    for feature in contract.features:
        if isinstance(feature, NumericFeature):
            values: list[Cell] = list(map(float, random.uniform(feature.low, feature.high, N_ROWS)))
            other: list[Cell] = [] if feature.fill is None else [None]
        else:
            values = [feature.categories[i % feature.levels] for i in range(N_ROWS)]
            other = [] if feature.fill is None else [None]
            if feature.unknown == "ignore":
                other.append(99 if feature.level_type is int else "none of them")
        made[feature.name] = [*other, *values[len(other) :]]
    return made


def frame(contract: FeatureContract, cells: dict[str, list[Cell]]) -> Any:
    """Lay rows out as a data frame; its columns are in another order than the contract's."""
    made = pd.DataFrame({name: pd.Series(cells[name]) for name in contract.names})
    return made[sorted(contract.names)]


def feed(contract: FeatureContract, cells: dict[str, list[Cell]]) -> dict[str, Any]:
    """Lay rows out as the inputs of a graph."""
    numbers = [f.name for f in contract.features if isinstance(f, NumericFeature)]
    fed: dict[str, Any] = {"X": np.array([cells[n] for n in numbers], dtype=np.float64).T}
    for feature in contract.features:
        if isinstance(feature, CategoricalFeature):
            kind: Any = object if feature.level_type is str else feature.level_type
            values = ["" if value is None else value for value in cells[feature.name]]
            fed[feature.name] = np.array(values, dtype=kind)[:, None]
    return fed


def session(content: bytes) -> Any:
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("classes", [(0, 1), (False, True), ("a", "b", "ç")])
@pytest.mark.parametrize("contract", [NUMBERS, CONTRACT], ids=["numbers", "categories"])
@pytest.mark.parametrize(
    ("write", "load"),
    [(to_joblib, lambda b: joblib.load(io.BytesIO(b))), (to_skops, None)],
    ids=["joblib", "skops"],
)
def test_a_scikit_learn_pipeline_gives_the_same_probabilities(
    contract: FeatureContract,
    classes: tuple[Any, ...],
    write: Callable[[SoftmaxModel, FeatureContract], bytes],
    load: Callable[[bytes], Any] | None,
) -> None:
    ours, cells = model(contract, classes), columns(contract)
    expected = ours.predict_proba(contract.encode(list(cells.values())).X)

    content = write(ours, contract)
    loaded = load(content) if load else skops.io.loads(content, trusted=["numpy.dtype"])

    rows = frame(contract, cells)
    assert np.abs(loaded.predict_proba(rows) - expected).max() <= AGREEMENT
    assert loaded.predict(rows).tolist() == ours.labels(expected)


def test_what_the_service_refuses_the_pipeline_refuses() -> None:
    pipeline = to_pipeline(model(CONTRACT, ("a", "b")), CONTRACT)
    for name, value in (("colour", "green"), ("member", 2), ("seconds", None)):
        cells = columns(CONTRACT)
        cells[name][0] = value

        with pytest.raises(ValueError, match=r"unknown categories|contains NaN"):
            pipeline.predict_proba(frame(CONTRACT, cells))


@pytest.mark.parametrize("classes", [(0, 1), (False, True), ("a", "b", "ç")])
@pytest.mark.parametrize("contract", [NUMBERS, CONTRACT], ids=["numbers", "categories"])
def test_an_onnx_graph_gives_the_same_probabilities(
    contract: FeatureContract, classes: tuple[Any, ...]
) -> None:
    ours, cells = model(contract, classes), columns(contract)
    expected = ours.predict_proba(contract.encode(list(cells.values())).X)

    label, proba = session(to_onnx(ours, contract, ORIGIN)).run(None, feed(contract, cells))

    assert proba.dtype == np.float64
    assert np.abs(proba - expected).max() <= AGREEMENT
    assert label.tolist() == ours.labels(expected)


def test_an_onnx_graph_says_nan_where_the_service_refuses() -> None:
    running = session(to_onnx(model(CONTRACT, ("a", "b")), CONTRACT, ORIGIN))
    cells = columns(CONTRACT)
    cells["colour"][0] = "green"
    cells["seconds"][1] = None

    _, proba = running.run(None, feed(CONTRACT, cells))

    assert np.isnan(proba).all(axis=1).nonzero()[0].tolist() == [0, 1]


def test_an_onnx_graph_states_its_opsets_and_its_origin() -> None:
    graph = onnx.load_from_string(to_onnx(model(NUMBERS, ("a", "b")), NUMBERS, ORIGIN))

    assert {(o.domain, o.version) for o in graph.opset_import} == {("", 17), ("ai.onnx.ml", 3)}
    told = {prop.key: prop.value for prop in graph.metadata_props}
    assert told == ORIGIN | {"features": "age\nseconds"}


def test_a_category_called_as_an_output_is_refused_in_onnx() -> None:
    feature = CategoricalFeature(name="label", categories=("a", "b"), mode="a")
    contract = FeatureContract(features=(feature,))

    with pytest.raises(ExchangeError, match="'label' has the name of another input or output"):
        to_onnx(model(contract, (0, 1)), contract, ORIGIN)


def test_the_json_holds_all_that_the_formula_needs() -> None:
    ours, cells = model(CONTRACT, ("a", "b", "c")), columns(CONTRACT)
    expected = ours.predict_proba(CONTRACT.encode(list(cells.values())).X)

    document = json.loads(to_json(ours, CONTRACT, ORIGIN))

    scores = np.tile(document["intercept"], (N_ROWS, 1))
    for feature in document["features"]:
        for i, value in enumerate(cells[feature["name"]]):
            known = feature["fill"] if value is None else value
            if feature["kind"] == "number":
                scores[i] += np.array(feature["coef"]) * (known - feature["mean"])
                continue
            for level in feature["levels"]:
                hot = level["value"] == known
                scores[i] += np.array(level["coef"]) * (hot - level["mean"])
    proba = np.exp(scores / document["temperature"])
    assert_allclose(proba / proba.sum(axis=1, keepdims=True), expected, rtol=1e-12)
    assert document["model"] == ORIGIN


@pytest.mark.parametrize("classes", [(0, 1), ("a", "b", "ç")])
@pytest.mark.parametrize("contract", [NUMBERS, CONTRACT], ids=["numbers", "categories"])
def test_out_and_in_again_gives_the_same_probabilities(
    read: Read, contract: FeatureContract, classes: tuple[Any, ...]
) -> None:
    ours, cells = model(contract, classes), columns(contract)
    expected = ours.predict_proba(contract.encode(list(cells.values())).X)

    again = imported(read(to_pipeline(ours, contract)), {})

    assert again.contract.names == contract.names
    encoded = again.contract.encode(list(cells.values()))
    assert encoded.is_sound
    assert np.abs(again.model.predict_proba(encoded.X) - expected).max() <= AGREEMENT


@pytest.mark.parametrize("suffix", WRITERS)
def test_equal_models_give_equal_files(suffix: str) -> None:
    once, again = model(CONTRACT, ("a", "b")), model(CONTRACT, ("a", "b"))

    if suffix != ".skops":  # its zip archive holds the time
        assert WRITERS[suffix](once, CONTRACT, ORIGIN) == WRITERS[suffix](again, CONTRACT, ORIGIN)
    cooler = replace(once, temperature_=1.0)
    assert WRITERS[suffix](once, CONTRACT, ORIGIN) != WRITERS[suffix](cooler, CONTRACT, ORIGIN)
