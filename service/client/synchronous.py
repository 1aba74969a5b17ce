"""The client for programs that wait for their answers."""

import time
from collections.abc import Sequence
from typing import Any, Self, overload

import httpx

from service.client.answers import Decisions, Explanations, Labels, Probabilities
from service.client.calls import Call, Calls, OnError, Policy, Rows, Suffix
from service.client.exchange import Outcome, Step, Wait
from service.client.frames import Frame, FrameT
from service.client.retries import Retries
from service.client.transport import TIMEOUT_S, failure, headers, response
from service.softmax.arrays import Label


class Client:
    """Asks a service for predictions.

    Rows are lists in the order of the model's features, mappings by feature name, or a table
    of pandas, polars or pyarrow; a table is answered with a table of the same kind. What goes
    wrong is a `ClientError`.

    Parameters
    ----------
    url : str
        Where the service is, with the path that it is mounted under if there is one.
    model : str, optional
        The model to ask; the service's default one if left out.
    version : int, optional
        Its version; the active one if left out.
    api_key : str, optional
        The key, where the service wants one.
    timeout_s : float
        Longest time for an answer, in seconds.
    retries : Retries, optional
        When to ask again.
    rows_per_request : int
        A longer table is sent in several requests, all answered by one version.
    transport : httpx.BaseTransport, optional
        How requests travel, for proxies and certificates of one's own.
    """

    def __init__(
        self,
        url: str,
        model: str | None = None,
        version: int | None = None,
        *,
        api_key: str | None = None,
        timeout_s: float = TIMEOUT_S,
        retries: Retries | None = None,
        rows_per_request: int = 100_000,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._calls = Calls(
            model=model,
            version=version,
            rows_per_request=rows_per_request,
            retries=retries if retries is not None else Retries(),
        )
        self._http = httpx.Client(
            base_url=url, headers=headers(api_key), timeout=timeout_s, transport=transport
        )

    @overload
    def predict_proba(self, rows: FrameT, *, on_error: OnError | None = None) -> FrameT: ...

    @overload
    def predict_proba(
        self,
        rows: Rows,
        *,
        on_error: OnError | None = None,
        top_k: int | None = None,
        fields: Sequence[str] | None = None,
    ) -> Probabilities: ...

    def predict_proba(self, rows: Any, **options: Any) -> Any:
        """Ask for class probabilities.

        Parameters
        ----------
        rows : sequence of list or mapping, or table
            The rows.
        **options : Any
            `on_error`: one bad row refuses all of them (``fail``), or only itself
            (``reject_rows``). For rows that are no table also `top_k`, only the most probable
            classes, and `fields`, only these parts of the answer.

        Returns
        -------
        Probabilities or table
            For a table the columns ``proba_<class>``, ``label`` and ``error_code``.

        Raises
        ------
        ClientError
            If the service refuses or cannot be reached.
        """
        return self._run(self._calls.task("predict_proba", rows, **options))

    @overload
    def predict(self, rows: FrameT, *, on_error: OnError | None = None) -> FrameT: ...

    @overload
    def predict(self, rows: Rows, *, on_error: OnError | None = None) -> Labels: ...

    def predict(self, rows: Any, **options: Any) -> Any:
        """Ask for the most probable class of each row.

        Parameters
        ----------
        rows : sequence of list or mapping, or table
            The rows.
        **options : Any
            `on_error`, as in `predict_proba`.

        Returns
        -------
        Labels or table
            For a table the columns ``label`` and ``error_code``.

        Raises
        ------
        ClientError
            If the service refuses or cannot be reached.
        """
        return self._run(self._calls.task("predict", rows, **options))

    @overload
    def decide(
        self, rows: FrameT, policy: Policy | None = None, *, on_error: OnError | None = None
    ) -> FrameT: ...

    @overload
    def decide(
        self,
        rows: Rows,
        policy: Policy | None = None,
        *,
        on_error: OnError | None = None,
        top_k: int | None = None,
        fields: Sequence[str] | None = None,
    ) -> Decisions: ...

    def decide(self, rows: Any, policy: Policy | None = None, **options: Any) -> Any:
        """Ask what to do with each row.

        Parameters
        ----------
        rows : sequence of list or mapping, or table
            The rows.
        policy : mapping or str, optional
            A policy, such as ``{"type": "threshold", "threshold": 0.8}``, or the name of one
            that is published with the model; by default the most probable class is decided.
        **options : Any
            As in `predict_proba`.

        Returns
        -------
        Decisions or table
            For a table the columns ``decision``, ``expected_cost_<action>``,
            ``proba_<class>`` and ``error_code``.

        Raises
        ------
        ClientError
            If the service refuses or cannot be reached.
        """
        return self._run(self._calls.task("decide", rows, policy=policy, **options))

    def explain(
        self,
        rows: Rows | Frame,
        *,
        against: Label | None = None,
        centred: bool | None = None,
        on_error: OnError | None = None,
    ) -> Explanations:
        """Ask why each row gets this class and not another.

        Parameters
        ----------
        rows : sequence of list or mapping, or table
            The rows.
        against : str, int or bool, optional
            The class to compare with; the runner-up if left out.
        centred : bool, optional
            Whether to add what each feature gives each class, beside the mean class.
        on_error : {"fail", "reject_rows"}, optional
            As in `predict_proba`.

        Returns
        -------
        Explanations
            One for each row.

        Raises
        ------
        ClientError
            If the service refuses or cannot be reached.
        """
        options = {"against": against, "centred": centred, "on_error": on_error}
        answer: Explanations = self._run(self._calls.task("explain", rows, **options))
        return answer

    def card(self) -> dict[str, Any]:
        """Ask what the model expects, how it was made and how good it is.

        Returns
        -------
        dict
            The model's card.

        Raises
        ------
        ClientError
            If the service refuses or cannot be reached.
        """
        card: dict[str, Any] = self._run(self._calls.card())
        return card

    def models(self) -> dict[str, Any]:
        """Ask which models there are.

        Returns
        -------
        dict
            The default model, and every model with its versions.

        Raises
        ------
        ClientError
            If the service refuses or cannot be reached.
        """
        models: dict[str, Any] = self._run(self._calls.models())
        return models

    def regions(self, suffix: Suffix = "png", /, **parameters: Any) -> bytes:
        """Ask for a picture of the decision regions.

        Parameters
        ----------
        suffix : {"png", "svg", "geojson"}
            The format.
        **parameters : Any
            As in the URL; ``**{"at.petal_length": 4.5}`` holds a feature.

        Returns
        -------
        bytes
            The picture.

        Raises
        ------
        ClientError
            If the service refuses or cannot be reached.
        """
        picture: bytes = self._run(self._calls.regions(suffix, parameters))
        return picture

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, call: Call) -> Any:
        outcome: Outcome = None
        while True:
            try:
                step = call.send(outcome)
            except StopIteration as done:
                return done.value
            outcome = self._done(step)

    def _done(self, step: Step) -> Outcome:
        if isinstance(step, Wait):
            time.sleep(step.seconds)
            return None
        try:
            answer = self._http.request(
                step.method,
                step.path,
                params=dict(step.parameters) or None,
                headers=dict(step.headers),
                content=step.content or None,
            )
        except httpx.RequestError as error:
            return failure(error)
        return response(answer)
