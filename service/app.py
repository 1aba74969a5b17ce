"""The application: store, API and page put together."""

import functools

from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.deferred import Deferred
from service.api.envelope import Envelope
from service.api.front import Front
from service.api.guards import Guards, lone_guards
from service.api.health import Health
from service.api.lifecycle import Lifecycle
from service.api.served import Models
from service.api.shortcut import Shortcut
from service.settings import Settings

TITLE = "softmax-service"
PREFIXES = ("", "/models/{name}", "/models/{name}/versions/{version}")


def create_app(
    models: Models,
    settings: Settings,
    guards: Guards | None = None,
    lifecycle: Lifecycle | None = None,
) -> "Application":
    """Put the application together.

    Parameters
    ----------
    models : Models
        The models it answers with.
    settings : Settings
        Limits and the like.
    guards : Guards, optional
        What guards requests; left out, that of a process which shares nothing.
    lifecycle : Lifecycle, optional
        What the server tells its probes; by default that all is well.

    Returns
    -------
    Application
        Ready for a server, or for a test client.
    """
    guards = guards or lone_guards(settings)
    health = Health(models, lifecycle or Lifecycle())
    build = functools.partial(_framework, models, settings, guards, health)
    front = Front(Deferred(build), models, settings, guards.recorder)
    return Application(Envelope(front, settings, guards), front, health)


def _framework(models: Models, settings: Settings, guards: Guards, health: Health) -> ASGIApp:
    """Import FastAPI and build what it answers: all but plain predictions."""
    from fastapi import FastAPI

    from service import __version__
    from service.api.cards import card_routes
    from service.api.openapi import described
    from service.api.pictures import picture_routes
    from service.api.predictions import prediction_routes
    from service.api.probes import probe_routes
    from service.api.refusals import add_refusals
    from service.api.renders import Renders
    from service.api.scrape import scrape_routes
    from service.api.specifications import specification_routes
    from service.ui.docs import docs_routes

    app = FastAPI(
        title=TITLE,
        version=__version__,
        description="Class probabilities from softmax regression.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # such a redirect is built from the Host header
    )
    app.state.models = models
    app.state.settings = settings
    app.state.recorder = guards.recorder
    app.state.renders = Renders(
        cache_bytes=settings.picture_cache_bytes,
        at_once=settings.pictures_at_once,
        waiting=settings.pictures_waiting,
    )
    add_refusals(app)
    for prefix in PREFIXES:
        app.include_router(prediction_routes(prefix))
        app.include_router(picture_routes(prefix))
    app.include_router(card_routes())
    for prefix in PREFIXES[1:]:  # at the root is that of the service
        app.include_router(specification_routes(prefix))
    app.include_router(probe_routes(health))
    app.include_router(scrape_routes())
    app.include_router(docs_routes(TITLE, lambda: models.served.catalogue.ready_names))
    app.openapi = described(app, settings)  # type: ignore[method-assign]  # the way FastAPI documents
    return app


class Application:
    """The whole, for a server.

    Parameters
    ----------
    envelope : Envelope
        Answers any request.
    front : Front
        Answers plain ones.
    health : Health
        Answers probes.
    """

    def __init__(self, envelope: Envelope, front: Front, health: Health) -> None:
        self._envelope = envelope
        self.shortcut = Shortcut(envelope, front, health)
        """Answers plain, short requests at once; who does not know of it needs it not."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._envelope(scope, receive, send)
