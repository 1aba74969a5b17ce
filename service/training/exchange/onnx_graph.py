"""A model as an ONNX graph in double precision."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from service.errors import ExchangeError
from service.softmax.arrays import Floats
from service.softmax.contract import CategoricalFeature, FeatureContract, NumericFeature
from service.softmax.model import SoftmaxModel
from service.softmax.shapes import column_starts

OPSET = 17
ML_OPSET = 3
IR_VERSION = 8
"""Old enough for runtimes of 2022, new enough for all that the graph needs."""

NUMBERS = "X"
OUTPUTS = ("label", "probabilities")

_TENSORS = {str: TensorProto.STRING, int: TensorProto.INT64, bool: TensorProto.BOOL}


def to_onnx(model: SoftmaxModel, contract: FeatureContract, origin: dict[str, str]) -> bytes:
    """Write a model as ONNX.

    The numbers go in together, as doubles of shape (n_rows, n_numbers) under the name ``X``;
    each category under the name of its feature, shape (n_rows, 1), as text, 64-bit integers
    or booleans. Out come ``label``, shape (n_rows,), and ``probabilities``, doubles of shape
    (n_rows, n_classes). NaN, and empty text, is a missing value. A graph can refuse nothing:
    where the service refuses a value, the probabilities are NaN.

    Parameters
    ----------
    model : SoftmaxModel
        The model.
    contract : FeatureContract
        Its features.
    origin : dict of str to str
        Name, version and digest, for the metadata.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    ExchangeError
        If a category has the name of another input or output.
    """
    for feature in contract.features:
        if feature.levels and feature.name in {NUMBERS, *OUTPUTS}:
            msg = f"the category {feature.name!r} has the name of another input or output in ONNX"
            raise ExchangeError(msg)
    graph = _Graph(model, contract)
    made = helper.make_model(
        graph.build(),
        opset_imports=[
            helper.make_opsetid("", OPSET),
            helper.make_opsetid("ai.onnx.ml", ML_OPSET),
        ],
        ir_version=IR_VERSION,
        producer_name="softmax-service",
    )
    helper.set_model_props(made, {**origin, "features": "\n".join(contract.names)})
    onnx.checker.check_model(made, full_check=True)
    return bytes(made.SerializeToString(deterministic=True))


class _Graph:
    """The nodes of one graph, as they are added."""

    def __init__(self, model: SoftmaxModel, contract: FeatureContract) -> None:
        self.model, self.contract = model, contract
        self.starts = column_starts(model.levels_)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: list[Any] = []

    def build(self) -> Any:
        scores = self.constant("intercept", self.model.intercept_)
        for n, term in enumerate(self.terms()):
            scores = self.node("Add", [scores, term], f"scores_{n}")
        scaled = self.node("Div", [scores, self.constant("T", self.model.temperature_)], "scaled")
        self.node("Softmax", [scaled], OUTPUTS[1], axis=1)
        winner = self.node("ArgMax", [OUTPUTS[1]], "winner_", axis=1, keepdims=0)
        self.node("Gather", [self.constant("classes", self.labels()), winner], OUTPUTS[0])
        kind = _TENSORS[type(self.model.classes_[0])]
        outputs = [
            helper.make_tensor_value_info(OUTPUTS[0], kind, ["n_rows"]),
            helper.make_tensor_value_info(
                OUTPUTS[1], TensorProto.DOUBLE, ["n_rows", self.model.n_classes]
            ),
        ]
        return helper.make_graph(self.nodes, "softmax", self.inputs, outputs, self.constants)

    def terms(self) -> Iterator[str]:
        numbers = [
            (j, feature)
            for j, feature in enumerate(self.contract.features)
            if isinstance(feature, NumericFeature)
        ]
        if numbers:
            yield self.numbers([j for j, _ in numbers], [feature for _, feature in numbers])
        for j, feature in enumerate(self.contract.features):
            if isinstance(feature, CategoricalFeature):
                yield self.category(j, feature)

    def numbers(self, positions: list[int], features: list[NumericFeature]) -> str:
        self.input(NUMBERS, TensorProto.DOUBLE, len(features))
        filled, columns = NUMBERS, self.starts[positions]
        if any(feature.fill is not None for feature in features):
            fills = [np.nan if feature.fill is None else feature.fill for feature in features]
            missing = self.node("IsNaN", [NUMBERS], "missing_")
            filled = self.node(
                "Where", [missing, self.constant("fills", np.array(fills)), NUMBERS], "filled_"
            )
        mean = self.constant("mean", self.model.mean_[columns])
        coef = self.constant("coef", np.ascontiguousarray(self.model.coef_[:, columns].T))
        return self.node("MatMul", [self.node("Sub", [filled, mean], "centred_"), coef], "lines_")

    def category(self, j: int, feature: CategoricalFeature) -> str:
        """Look up the code of a level, and what that code adds to the scores."""
        kind = feature.level_type
        self.input(feature.name, _TENSORS[kind], 1)
        flat = self.node("Reshape", [feature.name, self.constant("flat", np.array([-1]))], f"v_{j}")
        codes = {level: int(code) for level, code in feature.codes.items()}
        missing = codes.pop(None, None)
        if feature.fill is not None:
            missing = int(feature.codes[feature.fill])
        unknown, refused = feature.levels, feature.levels + 1
        other = unknown if feature.unknown == "ignore" else refused
        if kind is str:
            codes.setdefault("", refused if missing is None else missing)
        else:
            flat = self.node("Cast", [flat], f"i_{j}", to=TensorProto.INT64)
        keys = "keys_strings" if kind is str else "keys_int64s"
        code = self.node(
            "LabelEncoder",
            [flat],
            f"code_{j}",
            domain="ai.onnx.ml",
            **{keys: [key if kind is str else int(key or 0) for key in codes]},
            values_int64s=list(codes.values()),
            default_int64=other,
        )
        table = self.constant(f"table_{j}", self.table(j))
        return self.node("Gather", [table, code], f"term_{j}")

    def table(self, j: int) -> Floats:
        columns = slice(self.starts[j], self.starts[j + 1])
        coef, n_classes = self.model.coef_[:, columns], self.model.n_classes
        seen: Floats = np.vstack([coef.T, np.zeros(n_classes)]) - coef @ self.model.mean_[columns]
        return np.vstack([seen, np.full(n_classes, np.nan)])

    def labels(self) -> Any:
        kind = type(self.model.classes_[0])
        return np.array(self.model.classes_, dtype=object if kind is str else kind)

    def input(self, name: str, kind: int, width: int) -> None:
        self.inputs.append(helper.make_tensor_value_info(name, kind, ["n_rows", width]))

    def constant(self, name: str, value: Any) -> str:
        name = f"{name}_constant"
        if all(known.name != name for known in self.constants):
            self.constants.append(numpy_helper.from_array(np.asarray(value), name=name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **options: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], **options))
        return output
