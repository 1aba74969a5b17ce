"""What OpenAPI says of answers: their parts in JSON, and their headers."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field

from service.api.tasks import Task
from service.softmax.arrays import Label


class ModelId(BaseModel):
    """Which model answered."""

    name: str
    version: int
    digest: Annotated[str, Field(description="sha256: and the SHA-256 of its manifest")]


class Remark(BaseModel):
    """What is wrong, or odd, with one row or one value; it never holds the value."""

    pointer: Annotated[str, Field(description="where in the request, by RFC 6901")]
    code: str
    detail: str


class Problem(BaseModel):
    """Why a request is refused, by RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[Remark] = []


class Answered(BaseModel):
    """What every answer has; rejected rows are null in its lists."""

    model: ModelId
    rejected: Annotated[list[Remark], Field(description="with on_error=reject_rows")] = []
    warnings: Annotated[
        list[Remark], Field(description="values that training did not see the like of")
    ] = []
    warnings_total: int = 0


class Labels(Answered):
    """The most probable class of each row; ties go to the first in class order."""

    labels: list[Label | None]


class Probabilities(Answered):
    """Class probabilities of each row, in the order of `classes`; each row sums to one."""

    classes: Annotated[
        list[Label | list[Label] | None],
        Field(description="the classes; with top_k those of each row, the most probable first"),
    ]
    probabilities: list[list[float] | None]
    labels: list[Label | None]


class Decisions(Answered):
    """What to do with each row, and how clear it is."""

    classes: list[Label | list[Label] | None]
    policy: Annotated[dict[str, Any], Field(description="the policy that decided")]
    actions: list[Label]
    decisions: list[Label | None]
    margins: list[float | None]
    expected_costs: list[list[float] | None] = []
    sets: list[list[Label] | None] = []
    probabilities: list[list[float] | None]


class Flip(BaseModel):
    """The nearest value of one feature that changes the label."""

    value: float | str | bool | None
    delta: float | None
    label: Label


class Explanation(BaseModel):
    """Log-odds of the label against another class: baseline and contributions add up to it."""

    label: Label
    against: Label
    log_odds: float
    baseline: float
    contributions: dict[str, float]
    flips: dict[str, Flip | None]
    centred: dict[str, Any] = {}


class Explanations(Answered):
    """Why this class and not another, for each row."""

    explanations: list[Explanation | None]


ANSWERS: Mapping[str, type[BaseModel]] = {
    "predict_proba": Probabilities,
    "predict": Labels,
    "decide": Decisions,
    "explain": Explanations,
}
"""The answer of each task."""


def answer_headers(task: Task) -> dict[str, Any]:
    """Describe what the headers of an answer tell, which is all that a table tells besides."""
    told = {
        "X-Model-Name": "the model that answered",
        "X-Model-Version": "its version",
        "X-Model-Digest": "its digest",
        "X-Rejected-Rows": "how many rows are not answered; not where JSON lines are streamed",
        "X-Warnings-Total": "how many values are unlike those of training; nor there",
    }
    if "policy" in task.options.model_fields:
        told |= {
            "X-Policy-Name": "the published policy that decided; absent if it came in the request",
            "X-Policy-Version": "its number",
            "X-Policy-Digest": "its digest",
        }
    return {
        name: {"description": detail, "schema": {"type": "string"}} for name, detail in told.items()
    }
