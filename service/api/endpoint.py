"""From the bytes of a request to the bytes of its answer: one task, asked of one model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

from service.api.batch import Batch, batch_of, in_table
from service.api.media import Format
from service.api.options import Options
from service.api.rows import RowReader
from service.api.short import ShortAnswer, short_answer
from service.api.tasks import Task
from service.artifacts.catalogue import Published
from service.errors import Fault, InputError
from service.softmax.contract import Encoded
from service.tables.bodies.arrow import read_arrow_body
from service.tables.bodies.body import TableBody
from service.tables.bodies.delimited import read_csv_body
from service.tables.bodies.npy import read_npy_body

_READERS = {
    Format.CSV: read_csv_body,
    Format.ARROW: read_arrow_body,
    Format.NPY: read_npy_body,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Reply:
    """An answer as it leaves.

    Parameters
    ----------
    content : bytes
        The body.
    media_type : str
        What it is.
    n_rejected : int
        Rows that are not answered.
    n_warnings : int
        Values that training did not see the like of.
    """

    content: bytes
    media_type: str
    n_rejected: int = 0
    n_warnings: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Endpoint:
    """A task of a model.

    Parameters
    ----------
    task : Task
        What is asked.
    published : Published
        The model that answers.
    reader : RowReader
        The reader of its rows.
    """

    task: Task
    published: Published
    reader: RowReader

    @cached_property
    def headers(self) -> dict[str, str]:
        """The headers that say which model answered."""
        return model_headers(self.published)

    @cached_property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The same as bytes."""
        return [(name.lower().encode(), text.encode()) for name, text in self.headers.items()]

    def answer(
        self,
        body: bytes,
        given: Format,
        wanted: Format,
        query: Mapping[str, str],
        *,
        max_rows: int,
    ) -> Reply:
        """Turn a body into its answer.

        Parameters
        ----------
        body : bytes
            The whole body.
        given : Format
            Its format; not lines, which are answered as they come.
        wanted : Format
            The format of the answer; the task offers it.
        query : mapping of str to str
            Query parameters: options of the task.
        max_rows : int
            The most rows to accept.

        Returns
        -------
        Reply
            The answer.

        Raises
        ------
        InputError
            If the rows or the options do not fit the model.
        ContentTooLargeError
            If there are more than `max_rows` rows.
        """
        if given is Format.JSON:
            document = self.reader.parse(body)
            if document.is_checked and not query and wanted is Format.JSON:
                content = self.short_answer(document.content)
                if content is not None:
                    return Reply(content=content, media_type=wanted.value)
            options = self.task.options.read(document.options, query)
            is_isolating = options.is_isolating
            batch = self.reader.read(document, max_rows=max_rows, is_isolating=is_isolating)
        else:
            options = self.task.options.read({}, query)
            table = _READERS[given](body, self.published.artifact.contract, max_rows)
            batch = self._table_batch(table, is_isolating=options.is_isolating)
        _refuse_trimmed(options, wanted)
        answer = self.task.compute(self.published, batch, options)
        return Reply(
            content=answer.written(wanted),
            media_type=wanted.value,
            n_rejected=len(answer.batch.rejected),
            n_warnings=answer.batch.n_warnings,
        )

    def short_answer(self, rows: Sequence[Sequence[Any]]) -> bytes | None:
        """Answer one row of numbers, the most frequent request, in plain Python.

        Below some hundred numbers, calling numpy costs more than the arithmetic.

        Parameters
        ----------
        rows : sequence
            The rows, of the right length and types.

        Returns
        -------
        bytes or None
            The JSON answer; None where there is more to say than probabilities and a label.
        """
        if self.short is None or len(rows) != 1:
            return None
        return self.short(rows[0])

    @cached_property
    def short(self) -> ShortAnswer | None:
        """The function that answers one row; None where the task or the model has none."""
        return short_answer(self.task.name, self.published)

    def _table_batch(self, table: TableBody, *, is_isolating: bool) -> Batch:
        contract = self.published.artifact.contract
        if table.bad and not is_isolating:
            raise InputError(list(table.bad.values())[:10])
        fills = any(feature.fill is not None for feature in contract.features)
        if table.matrix is not None and not fills:
            encoded = Encoded(X=table.matrix, columns=table.columns, features=contract.features)
        elif not table.bad:
            encoded = contract.encode(table.columns)
        else:
            good = table.good.tolist()
            kept: list[Any] = [[column[row] for row in good] for column in table.columns]
            encoded = contract.encode(kept)
        return batch_of(
            contract,
            encoded,
            place=in_table,
            is_isolating=is_isolating,
            numbers=table.good if table.bad else None,
            rejected=dict(sorted(table.bad.items())),
        )


def _refuse_trimmed(options: Options, wanted: Format) -> None:
    """Refuse to trim an answer in ways that its format has no room for."""
    if wanted in (Format.JSON, Format.NDJSON):
        return
    if getattr(options, "top_k", None) is not None:
        _refuse("top_k", "expected no top_k where answers are tables: a class is a column there")
    if wanted is Format.NPY and options.kept is not None and "probabilities" not in options.kept:
        _refuse("fields", "expected 'probabilities' among the fields: .npy holds nothing else")


def _refuse(name: str, detail: str) -> NoReturn:
    raise InputError([Fault(code="invalid_parameter", detail=detail, location=(name,))])


def model_headers(published: Published) -> dict[str, str]:
    """Say which model answered, in headers."""
    return {
        "X-Model-Name": published.name,
        "X-Model-Version": str(published.version),
        "X-Model-Digest": published.artifact.digest,
    }
