"""Whether the process lives, and whether its default model answers."""

from fastapi import APIRouter, Request, Response

from service.api.lifecycle import Lifecycle
from service.api.metrics.note import request_id
from service.api.problems import problem
from service.api.served import served
from service.artifacts.catalogue import Catalogue
from service.artifacts.golden import check_golden
from service.errors import ArtifactError, ModelUnavailableError, UnknownModelError


def health_routes() -> APIRouter:
    """Make the routes for probes.

    Returns
    -------
    APIRouter
        The routes.
    """
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Answer as long as the process lives, whatever its models."""
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz(request: Request) -> Response:
        """Answer 200 while the default model answers its golden rows in every worker, else 503."""
        reason = unreadiness(served(request).catalogue, request.app.state.lifecycle)
        if reason is not None:
            return problem("not_ready", reason, request_id(request))
        return Response(b'{"status":"ready"}', media_type="application/json")

    return router


def unreadiness(catalogue: Catalogue, lifecycle: Lifecycle) -> str | None:
    """Say why requests should go elsewhere.

    Parameters
    ----------
    catalogue : Catalogue
        The models.
    lifecycle : Lifecycle
        Where this process is in its life.

    Returns
    -------
    str or None
        One line; None if there is no reason.
    """
    if lifecycle.is_draining:
        return "the service is about to stop"
    if not lifecycle.is_complete:
        return "a worker is not ready yet"
    try:
        found = catalogue.get()
        check_golden(found.artifact.model, found.artifact.manifest)
    except (ArtifactError, ModelUnavailableError, UnknownModelError):
        return "the default model is not available"
    return None
