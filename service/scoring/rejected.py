"""Rejected rows, each as a line that says where and why and never holds a value."""

import json
from dataclasses import asdict, dataclass

import numpy as np

from service.errors import Fault
from service.scoring.answering import Answers
from service.softmax.contract import (
    CategoricalFeature,
    FeatureContract,
    NumericFeature,
    unknown_category,
)
from service.tables.encoding import CODES


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A row that is not answered.

    Parameters
    ----------
    row : int
        Its number in the file; the first row behind a header is 1.
    pointer : str
        The place in the row, as an RFC 6901 JSON pointer; empty for all of it.
    code, detail : str
        What is wrong.
    """

    row: int
    pointer: str
    code: str
    detail: str


def rejected_lines(contract: FeatureContract, answers: Answers, *, before: int) -> bytes:
    """Write a line of JSON for each rejected row.

    Parameters
    ----------
    contract : FeatureContract
        What the model expects of rows.
    answers : Answers
        What became of the rows of a block.
    before : int
        How many rows of the file stand before the block.

    Returns
    -------
    bytes
        Lines in the order of the rows; empty where none is rejected.
    """
    lines = []
    for row in map(int, np.flatnonzero(answers.rejections >= 0)):
        fault = _fault(contract, CODES[answers.rejections[row]], int(answers.features[row]))
        found = Rejected(
            row=before + row + 1, pointer=fault.pointer, code=fault.code, detail=fault.detail
        )
        lines.append(json.dumps(asdict(found), ensure_ascii=False) + "\n")
    return "".join(lines).encode()


def _fault(contract: FeatureContract, code: str, position: int) -> Fault:
    if position < 0 or code == "outside_domain":
        return Fault(code=code, detail=_OF_ROWS[code])
    feature = contract.features[position]
    is_number = not isinstance(feature, CategoricalFeature)
    details = {
        "missing_value": "expected a value for {name}, got none",
        "not_finite": "expected a finite number for {name}",
        "wrong_type": "expected " + ("a number" if is_number else "a category") + " for {name}",
    }
    if isinstance(feature, CategoricalFeature) and code == "unknown_category":
        detail = unknown_category(feature)
    elif isinstance(feature, NumericFeature) and code == "out_of_range":
        name, low, high = repr(feature.name), feature.low, feature.high
        detail = f"expected {name} from {low:g} to {high:g}, as in training"
    else:
        detail = details[code].format(name=repr(feature.name))
    return Fault(code=code, detail=detail, location=(feature.name,))


_OF_ROWS = {
    "malformed_json": "expected a JSON object on the line",
    "outside_domain": "the scores of the row are outside the numeric range",
    "wrong_width": "expected as many values as there are columns",
}
