"""The formats that a model is written in for others, by suffix."""

from collections.abc import Callable, Mapping

from service.softmax.contract import FeatureContract
from service.softmax.model import SoftmaxModel
from service.training.exchange.coefficients import to_json
from service.training.exchange.onnx_graph import to_onnx
from service.training.exchange.pipeline import to_joblib, to_skops

Writer = Callable[[SoftmaxModel, FeatureContract, dict[str, str]], bytes]

WRITERS: Mapping[str, Writer] = {
    ".joblib": lambda model, contract, _: to_joblib(model, contract),
    ".skops": lambda model, contract, _: to_skops(model, contract),
    ".onnx": to_onnx,
    ".json": to_json,
}
