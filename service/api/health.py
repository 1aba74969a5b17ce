"""Whether the process lives, and whether its default model answers."""

from fastapi import APIRouter, Request, Response

from service.api.metrics.note import request_id
from service.api.problems import problem
from service.api.served import served


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
        """Answer 200 while the default model is verified and answers, else 503."""
        catalogue = served(request).catalogue
        entry = catalogue.models.get(catalogue.default or "")
        if entry is None or not entry.is_ready:
            return problem("not_ready", "the default model is not available", request_id(request))
        return Response(b'{"status":"ready"}', media_type="application/json")

    return router
