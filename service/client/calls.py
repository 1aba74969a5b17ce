"""What can be asked of a service, each as a call that a driver runs."""

import json
import random
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from urllib.parse import quote

from service.client.errors import AnswerError
from service.client.exchange import Outcome, Request, Response, Step, exchanged
from service.client.frames import (
    ARROW,
    Frame,
    FrameRows,
    answer_columns,
    library_of,
    speaks_arrow,
)
from service.client.retries import Retries
from service.errors import ValueRefusedError
from service.softmax.contract import Cell

Row = Sequence[Cell] | Mapping[str, Cell]


class Matrix(Protocol):
    """An array of numpy, or what is like it: two dimensions, a row for each sample."""

    def tolist(self) -> Any:
        """Give the rows as lists."""


Rows = Sequence[Row] | Matrix
"""Rows as lists in the order of the model's features, or by feature name in any order."""

Policy = Mapping[str, Any] | str
"""A policy, or the name of one that is published with the model."""

OnError = Literal["fail", "reject_rows"]
"""What one bad row does: refuse all of them, or only itself."""

Suffix = Literal["png", "svg", "geojson"]
"""What a picture is drawn as."""

Call = Generator[Step, Outcome, Any]

JSON = "application/json"
ARROW_CELLS = 20_000
"""A table of more cells goes as Arrow, where pyarrow is at hand."""
JSON_CELLS, STREAM_CELLS = 1_000_000, 2_000_000
"""Cells of a request at most, as JSON and as Arrow; both are well below the service's limit."""

_NO_ARROW = (406, 415)
"""What a service answers that has no pyarrow."""


@dataclass(frozen=True, kw_only=True)
class Calls:
    """What a client asks, and of which model.

    Parameters
    ----------
    model : str or None
        The model; the service's default one if None.
    version : int or None
        Its version; the active one if None.
    rows_per_request : int
        A longer table is sent in several requests.
    retries : Retries
        When to ask again.

    Raises
    ------
    ValueRefusedError
        If a version is named without a model, or no row fits into a request.
    """

    model: str | None = None
    version: int | None = None
    rows_per_request: int = 100_000
    retries: Retries = field(default_factory=Retries)

    def __post_init__(self) -> None:
        if self.model is None and self.version is not None:
            msg = "expected the name of a model with its version"
            raise ValueRefusedError(msg)
        if self.rows_per_request < 1:
            msg = f"expected at least one row a request, got {self.rows_per_request}"
            raise ValueRefusedError(msg)

    def task(self, name: str, rows: Rows | Frame, **options: Any) -> Call:
        """Ask for predictions, decisions or explanations.

        Parameters
        ----------
        name : str
            The task, as its path calls it.
        rows : sequence of list or mapping, or table
            The rows.
        **options : Any
            What stands beside them in a request; None for not given.

        Yields
        ------
        Request or Wait
            What to do.

        Returns
        -------
        dict or table
            A table for a table, where the answer is one.

        Raises
        ------
        ClientError
            If the service refuses or cannot be reached.
        ValueRefusedError
            If the rows cannot be sent as they are.
        """
        given = {option: value for option, value in options.items() if value is not None}
        library = library_of(rows)
        if library is None:
            response = yield from self._posted(
                self._path(name), {"instances": _listed(rows)}, given
            )
            return response.json()
        frame = FrameRows(frame=rows, library=library)
        if not given.keys().isdisjoint(("top_k", "fields")):
            msg = "expected neither top_k nor fields: a table has a column for every class"
            raise ValueRefusedError(msg)
        if name == "explain":
            response = yield from self._posted(self._path(name), {"columns": frame.lists()}, given)
            return response.json()
        return (yield from self._tabular(name, frame, given))

    def card(self) -> Call:
        """Ask for the card of the model."""
        path = self._prefix if self.model is not None else "/model"
        return (yield from self._get(path)).json()

    def models(self) -> Call:
        """Ask for every model with its versions."""
        return (yield from self._get("/models")).json()

    def regions(self, suffix: str, parameters: Mapping[str, Any]) -> Call:
        """Ask for a picture of the decision regions."""
        texts = {name: _text(value) for name, value in parameters.items()}
        return (yield from self._get(self._path(f"regions.{suffix}"), texts)).content

    @property
    def _prefix(self) -> str:
        if self.model is None:
            return ""
        version = "" if self.version is None else f"/versions/{self.version}"
        return f"/models/{quote(self.model, safe='')}{version}"

    def _path(self, name: str) -> str:
        return f"{self._prefix}/{name}"

    def _tabular(self, name: str, frame: FrameRows, options: Mapping[str, Any]) -> Call:
        """Send a table, in several requests if it is long, and put the answers together."""
        # A policy that stands in the request needs a body in which it can stand.
        is_inline = not isinstance(options.get("policy", ""), str)
        n_cells = len(frame) * frame.n_columns
        as_arrow = (n_cells > ARROW_CELLS or frame.library == "pyarrow") and speaks_arrow()
        path, responses, start = self._path(name), list[Response](), 0
        lengths = list[int]()
        while start < max(1, len(frame)):
            cells = STREAM_CELLS if as_arrow and not is_inline else JSON_CELLS
            most = max(1, min(self.rows_per_request, cells // max(1, frame.n_columns)))
            part = frame.part(start, most)
            try:
                if as_arrow and not is_inline:
                    response = yield from self._streamed(path, part.stream(), options)
                else:
                    columns = {"columns": part.lists()}
                    accept = ARROW if as_arrow else JSON
                    response = yield from self._posted(path, columns, options, accept=accept)
            except AnswerError as error:
                if as_arrow and not start and error.status in _NO_ARROW:
                    as_arrow = False
                    continue
                raise error.moved(start) from None
            responses.append(response)
            lengths.append(len(part))
            path = _pinned(response, name) or path  # one version answers for all of a table
            start += most
        if as_arrow:
            return frame.received([response.content for response in responses])
        together: dict[str, list[Any]] = {}
        for response, length in zip(responses, lengths, strict=True):
            for column, values in answer_columns(response.json(), length).items():
                together.setdefault(column, []).extend(values)
        return frame.made(together)

    def _posted(
        self,
        path: str,
        rows: Mapping[str, Any],
        options: Mapping[str, Any],
        *,
        accept: str = JSON,
    ) -> Generator[Step, Outcome, Response]:
        try:
            content = json.dumps({**rows, **options}, allow_nan=False, default=_number).encode()
        except (TypeError, ValueError) as error:
            msg = f"expected finite numbers, texts, booleans and None in the rows: {error}"
            raise ValueRefusedError(msg) from error
        request = Request(
            method="POST",
            path=path,
            headers={"Content-Type": JSON, "Accept": accept},
            content=content,
        )
        return (yield from self._sent(request))

    def _streamed(
        self, path: str, content: bytes, options: Mapping[str, Any]
    ) -> Generator[Step, Outcome, Response]:
        request = Request(
            method="POST",
            path=path,
            parameters={name: _text(value) for name, value in options.items()},
            headers={"Content-Type": ARROW, "Accept": ARROW},
            content=content,
        )
        return (yield from self._sent(request))

    def _get(
        self, path: str, parameters: Mapping[str, str] | None = None
    ) -> Generator[Step, Outcome, Response]:
        request = Request(method="GET", path=path, parameters=parameters or {})
        return (yield from self._sent(request))

    def _sent(self, request: Request) -> Generator[Step, Outcome, Response]:
        return exchanged(request, self.retries, random.random())  # noqa: S311 - spreads waits, hides nothing


def _listed(rows: Any) -> Any:
    # A matrix of numpy gives its rows as lists, in which NaN stands for what is missing.
    if not hasattr(rows, "tolist"):
        return rows
    return [[None if cell != cell else cell for cell in row] for row in rows.tolist()]  # noqa: PLR0124 - NaN


def _number(value: Any) -> Any:
    """Give a number of numpy as one of Python's.

    Raises
    ------
    TypeError
        If it is none; JSON has nothing for it.
    """
    if getattr(value, "shape", None) == ():
        return value.item()
    msg = f"got a {type(value).__name__}"
    raise TypeError(msg)


def _pinned(response: Response, name: str) -> str | None:
    model, version = (response.headers.get(f"x-model-{part}") for part in ("name", "version"))
    return model and f"/models/{quote(model, safe='')}/versions/{version}/{name}"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return str(value)
