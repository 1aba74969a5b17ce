"""Whether the process lives, and whether its default model answers."""

from starlette.responses import Response

from service.api.lifecycle import Lifecycle
from service.api.problems import problem
from service.api.served import Models
from service.artifacts.golden import check_golden
from service.errors import ArtifactError, ModelUnavailableError, UnknownModelError

LIVENESS, READINESS = "/healthz", "/readyz"


class Health:
    """Answers the probes of whoever watches over the service.

    Parameters
    ----------
    models : Models
        The models.
    lifecycle : Lifecycle
        Where this process is in its life.
    """

    def __init__(self, models: Models, lifecycle: Lifecycle) -> None:
        self._models = models
        self._lifecycle = lifecycle

    def answer(self, path: str, request_id: str) -> Response:
        """Answer a probe.

        Parameters
        ----------
        path : str
            Whether it asks for liveness or for readiness.
        request_id : str
            Its id.

        Returns
        -------
        Response
            JSON.
        """
        if path == LIVENESS:
            return _status("alive")
        reason = self._unreadiness()
        return _status("ready") if reason is None else problem("not_ready", reason, request_id)

    def _unreadiness(self) -> str | None:
        """Say why requests should go elsewhere, in one line."""
        if self._lifecycle.is_draining:
            return "the service is about to stop"
        if not self._lifecycle.is_complete:
            return "a worker is not ready yet"
        try:
            found = self._models.served.catalogue.get()
            check_golden(found.artifact.model, found.artifact.manifest)
        except (ArtifactError, ModelUnavailableError, UnknownModelError):
            return "the default model is not available"
        return None


def _status(word: str) -> Response:
    return Response(b'{"status":"%b"}' % word.encode(), media_type="application/json")
