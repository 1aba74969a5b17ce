"""`predict_proba` and `predict`."""

import functools
from time import perf_counter
from typing import Annotated, Any

import numpy as np
import orjson
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from service.api.bodies import json_body, refuse_query
from service.api.metrics.note import Note, note_of
from service.api.rows import RowReader
from service.api.served import asked_model, served
from service.artifacts.catalogue import Published
from service.errors import InputError
from service.softmax.arrays import Label, label_text

THREAD_BYTES = 64 * 2**10
"""A body above this is worked on beside the event loop, so that short ones need not wait."""


class ModelId(BaseModel):
    """Which model answered."""

    name: str
    version: int
    digest: Annotated[str, Field(description="sha256: and the SHA-256 of its manifest")]


class Rows(BaseModel):
    """Rows of features, by row or by column; exactly one of the two."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"instances": [[0.4, -1.9]]}]}
    )

    instances: Annotated[
        list[list[float | str | bool | None] | dict[str, float | str | bool | None]] | None,
        Field(
            description="Each row a list in the order of the model's features, or an object by"
            " feature name in any order."
        ),
    ] = None
    columns: Annotated[
        dict[str, list[float | str | bool | None]] | None,
        Field(description="For each feature the list of its values."),
    ] = None


class Labels(BaseModel):
    """The most probable class of each row; ties go to the first in class order."""

    model: ModelId
    labels: list[Label]


class Probabilities(Labels):
    """Class probabilities of each row, in the order of `classes`; each row sums to one."""

    classes: list[Label]
    probabilities: list[list[float]]


def prediction_routes(prefix: str) -> APIRouter:
    """Make the prediction routes under one prefix.

    Parameters
    ----------
    prefix : str
        Empty for the default model, else a path that names a model.

    Returns
    -------
    APIRouter
        The routes.
    """
    router = APIRouter(prefix=prefix, tags=["predictions"])

    @router.post("/predict_proba", responses=_documented(Probabilities), openapi_extra=_ROWS)
    async def predict_proba(request: Request) -> Response:
        """Give the probability of every class, and the most probable one, for each row."""
        return await _answer(request, with_proba=True)

    @router.post("/predict", responses=_documented(Labels), openapi_extra=_ROWS)
    async def predict(request: Request) -> Response:
        """Give the most probable class of each row."""
        return await _answer(request, with_proba=False)

    return router


async def _answer(request: Request, *, with_proba: bool) -> Response:
    refuse_query(request)
    published = asked_model(request)
    reader = served(request).reader(published)
    note, recorder = note_of(request), request.app.state.recorder
    began = perf_counter()
    body = await json_body(request)
    read_s = perf_counter() - began
    note.tally = recorder.tally(published.name, map(label_text, published.artifact.model.classes_))
    work = functools.partial(
        answer_body,
        body,
        published,
        reader,
        max_rows=request.app.state.settings.rows,
        with_proba=with_proba,
        note=note,
        read_s=read_s,
    )
    content = await run_in_threadpool(work) if len(body) > THREAD_BYTES else work()
    return Response(content, media_type="application/json", headers=model_headers(published))


def answer_body(
    body: bytes,
    published: Published,
    reader: RowReader,
    *,
    max_rows: int,
    with_proba: bool,
    note: Note,
    read_s: float,
) -> bytes:
    """Turn the bytes of a request into the bytes of its answer.

    Parameters
    ----------
    body : bytes
        A JSON request.
    published : Published
        The model that answers.
    reader : RowReader
        The reader of its rows.
    max_rows : int
        The most rows to accept.
    with_proba : bool
        Whether to answer the probabilities or only labels.
    note : Note
        Is told how many rows of which class there were, and how long that took.
    read_s : float
        How long the body took to come in, in seconds.

    Returns
    -------
    bytes
        A JSON answer; numbers as the shortest text that reads back as the same double.

    Raises
    ------
    InputError
        If the rows do not fit the model.
    """
    model = published.artifact.model
    began = perf_counter()
    batch = reader.read(body, max_rows)
    validated = perf_counter()
    try:
        proba = model.predict_proba(batch.X)
    except InputError as error:
        raise batch.placed(error) from None
    predicted = perf_counter()
    answer: dict[str, Any] = {"model": model_id(published)}
    if with_proba:
        answer |= {"classes": model.classes_, "probabilities": proba}
    answer["labels"] = model.labels(proba)
    content = orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)
    encoded = perf_counter()
    note.n_rows = len(proba)
    note.predicted = dict(enumerate(np.bincount(proba.argmax(axis=1)).tolist()))
    note.phases = (read_s, validated - began, predicted - validated, encoded - predicted)
    return content


def model_id(published: Published) -> dict[str, str | int]:
    """Say which model answered."""
    return {
        "name": published.name,
        "version": published.version,
        "digest": published.artifact.digest,
    }


def model_headers(published: Published) -> dict[str, str]:
    """Say which model answered, in headers."""
    return {
        "X-Model-Name": published.name,
        "X-Model-Version": str(published.version),
        "X-Model-Digest": published.artifact.digest,
    }


_ROWS = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": Rows.model_json_schema()}},
    }
}


def _documented(answer: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    return {200: {"model": answer, "description": "The answer, in the order of the rows."}}
