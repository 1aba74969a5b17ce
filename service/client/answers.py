"""The answers of a service, as its JSON has them."""

from typing import Any, NotRequired, TypedDict

from service.softmax.arrays import Label
from service.softmax.contract import Category


class ModelId(TypedDict):
    """Which model answered."""

    name: str
    version: int
    digest: str


class Remark(TypedDict):
    """What is wrong, or odd, with one row or one value; it never holds the value."""

    pointer: str
    code: str
    detail: str


class Answered(TypedDict):
    """What every answer has; rejected rows are None in its lists."""

    model: ModelId
    rejected: NotRequired[list[Remark]]
    warnings: NotRequired[list[Remark]]
    warnings_total: NotRequired[int]


class Labels(Answered):
    """The most probable class of each row."""

    labels: list[Label | None]


class Probabilities(Answered):
    """Class probabilities of each row, in the order of the classes.

    With `top_k`, classes are those of each row, the most probable first.
    """

    classes: list[Any]
    probabilities: list[list[float] | None]
    labels: list[Label | None]


class Decisions(Answered):
    """What to do with each row, and how clear it is."""

    classes: list[Any]
    policy: dict[str, Any]
    actions: list[Label]
    decisions: list[Label | None]
    margins: list[float | None]
    expected_costs: NotRequired[list[list[float] | None]]
    sets: NotRequired[list[list[Label] | None]]
    probabilities: list[list[float] | None]


class Flip(TypedDict):
    """The nearest value of one feature that changes the label."""

    value: Category | float
    delta: float | None
    label: Label


class Explanation(TypedDict):
    """Log-odds of the label against another class: baseline and contributions add up to it."""

    label: Label
    against: Label
    log_odds: float
    baseline: float
    contributions: dict[str, float]
    flips: dict[str, Flip | None]
    centred: NotRequired[dict[str, Any]]


class Explanations(Answered):
    """Why this class and not another, for each row."""

    explanations: list[Explanation | None]
