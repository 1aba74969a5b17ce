"""A client for Python programs, over httpx: rows and tables in, answers and tables out."""

from service.client.answers import (
    Decisions,
    Explanation,
    Explanations,
    Labels,
    ModelId,
    Probabilities,
    Remark,
)
from service.client.asynchronous import AsyncClient
from service.client.errors import (
    AccessRefusedError,
    AnswerError,
    BusyError,
    ClientError,
    InputRefusedError,
    NotFoundError,
    ServerFaultError,
    UnexpectedAnswerError,
    UnreachableError,
)
from service.client.retries import Retries
from service.client.synchronous import Client

__all__ = [
    "AccessRefusedError",
    "AnswerError",
    "AsyncClient",
    "BusyError",
    "Client",
    "ClientError",
    "Decisions",
    "Explanation",
    "Explanations",
    "InputRefusedError",
    "Labels",
    "ModelId",
    "NotFoundError",
    "Probabilities",
    "Remark",
    "Retries",
    "ServerFaultError",
    "UnexpectedAnswerError",
    "UnreachableError",
]
