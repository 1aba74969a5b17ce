"""A client for Python programs, over httpx."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from service.errors import ServiceError
from service.softmax.contract import Cell

Row = Sequence[Cell] | Mapping[str, Cell]

TIMEOUT_S = 30.0


class AnswerError(ServiceError):
    """The service answered with a problem; `problem` is its body."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = problem
        super().__init__(str(problem.get("detail", f"the service answered {status}")))


class Client:
    """Asks a service for predictions.

    Parameters
    ----------
    url : str
        Where the service is, such as ``http://127.0.0.1:8000``.
    model : str, optional
        The model to ask; the service's default one if left out.
    version : int, optional
        Its version; the active one if left out.
    """

    def __init__(self, url: str, model: str | None = None, version: int | None = None) -> None:
        self._prefix = "" if model is None else f"/models/{model}"
        if version is not None:
            self._prefix += f"/versions/{version}"
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT_S)

    def predict_proba(self, instances: Sequence[Row]) -> dict[str, Any]:
        """Ask for class probabilities.

        Parameters
        ----------
        instances : sequence of list or mapping
            Rows in the order of the model's features, or by feature name.

        Returns
        -------
        dict
            The answer: ``model``, ``classes``, ``probabilities``, ``labels``.

        Raises
        ------
        AnswerError
            If the service refuses.
        """
        return self._post("/predict_proba", {"instances": instances})

    def predict(self, instances: Sequence[Row]) -> dict[str, Any]:
        """Ask for the most probable classes.

        Parameters
        ----------
        instances : sequence of list or mapping
            Rows in the order of the model's features, or by feature name.

        Returns
        -------
        dict
            The answer: ``model``, ``labels``.

        Raises
        ------
        AnswerError
            If the service refuses.
        """
        return self._post("/predict", {"instances": instances})

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._http.post(self._prefix + path, json=body)
        content: dict[str, Any] = answer.json()
        if answer.is_error:
            raise AnswerError(answer.status_code, content)
        return content
