"""`healthz` and `readyz`."""

from fastapi import APIRouter, Request, Response

from service.api.health import LIVENESS, READINESS, Health
from service.api.metrics.note import request_id


def probe_routes(health: Health) -> APIRouter:
    """Make the routes for probes.

    Parameters
    ----------
    health : Health
        Answers them.

    Returns
    -------
    APIRouter
        The routes.
    """
    router = APIRouter(tags=["health"])

    @router.get(LIVENESS)
    async def healthz(request: Request) -> Response:
        """Answer as long as the process lives, whatever its models."""
        return health.answer(LIVENESS, request_id(request))

    @router.get(READINESS)
    async def readyz(request: Request) -> Response:
        """Answer 200 while the default model answers its golden rows in every worker, else 503."""
        return health.answer(READINESS, request_id(request))

    return router
