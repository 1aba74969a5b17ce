"""`/metrics`: what all processes have counted, and which models answer."""

from collections.abc import Iterator

from fastapi import APIRouter, Request, Response

from service import __version__
from service.api.bodies import refuse_query
from service.api.metrics.exposition import MEDIA_TYPE, exposition
from service.api.metrics.families import (
    BUILD_INFO,
    MODEL_INFO,
    MODEL_READY,
    MODEL_SINCE,
    RELOAD_FAILURES,
    series,
)
from service.api.metrics.recorder import Recorder
from service.api.served import Served, served


def scrape_routes() -> APIRouter:
    """Make the route for Prometheus.

    Returns
    -------
    APIRouter
        The route.
    """
    router = APIRouter(tags=["health"])

    @router.get("/metrics", responses={200: {"content": {MEDIA_TYPE: _TEXT}}})
    async def metrics(request: Request) -> Response:
        """Give the sums of all workers, as Prometheus reads them."""
        refuse_query(request)
        recorder: Recorder = request.app.state.recorder
        recorder.fold()
        totals = recorder.shared.totals()
        for name, number in _models(served(request)):
            totals.setdefault(name, [number])
        return Response(exposition(totals), media_type=MEDIA_TYPE)

    return router


_TEXT = {"schema": {"type": "string"}}


def _models(view: Served) -> Iterator[tuple[str, float]]:
    yield series(BUILD_INFO, version=__version__), 1.0
    for name, entry in view.catalogue.models.items():
        # A counter that begins at zero shows its first failure as a rise.
        yield series(RELOAD_FAILURES, model=name), 0.0
        yield series(MODEL_READY, model=name), float(entry.is_ready)
        if entry.is_ready:
            published = view.catalogue.get(name)
            digest = published.artifact.digest
            version = published.version
            yield series(MODEL_INFO, model=name, version=version, digest=digest), 1.0
            yield series(MODEL_SINCE, model=name), view.since[digest]
