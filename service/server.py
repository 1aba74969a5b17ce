"""Processes, sockets and signals: from settings to a service that answers."""

import functools
import ipaddress
import logging
import signal
import socket
import sys

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from service.app import create_app
from service.artifacts.catalogue import Catalogue, Published, load_catalogue
from service.artifacts.store import Store
from service.errors import ArtifactError, SettingsError
from service.settings import Settings

BACKLOG = 2048

log = structlog.get_logger()


def serve(settings: Settings) -> None:
    """Answer requests until a signal says stop.

    Parameters
    ----------
    settings : Settings
        Where the models are, where to listen, what to allow.

    Raises
    ------
    ArtifactError
        If there is no default model, or its files are refused.
    SettingsError
        If the address cannot be had, or may not be bound without keys.
    """
    _refuse_open_bind(settings)
    _log_as_json()
    catalogue = _verified_catalogue(settings)
    listener = _listen(settings)
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    # uvicorn raises the signal again when it has stopped; a clean stop is no failure.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    if settings.workers == 1:
        _Server(_config(settings, create_app(catalogue, settings)), address).run([listener])
        return
    factory = functools.partial(worker_app, settings)
    config = _config(settings, factory, factory=True)
    sys.stdout.write(_where_to_look(address))
    sys.stdout.flush()
    Multiprocess(config, sockets=[listener]).run()


def worker_app(settings: Settings) -> ASGIApp:
    """Make the application in a worker process.

    Parameters
    ----------
    settings : Settings
        As the parent read them.

    Returns
    -------
    ASGI application
        With the worker's own copy of the models.
    """
    _log_as_json()
    return create_app(_verified_catalogue(settings), settings)


def _verified_catalogue(settings: Settings) -> Catalogue:
    catalogue = load_catalogue(Store(root=settings.models), settings.default_model)
    for name, entry in catalogue.models.items():
        for version, found in entry.versions.items():
            if isinstance(found, Published):
                digest = found.artifact.digest
                log.info("model_loaded", model=name, version=version, digest=digest)
            elif name != catalogue.default or version != entry.active:
                log.error("model_refused", model=name, version=version, reason=found)
    _require_default(catalogue, settings)
    return catalogue


def _require_default(catalogue: Catalogue, settings: Settings) -> None:
    if catalogue.default is None:
        msg = (
            f"no default model in {settings.models}: expected one model, one called 'demo',"
            " or SOFTMAX_DEFAULT_MODEL (softmax train demo makes one)"
        )
        raise ArtifactError(msg)
    entry = catalogue.models.get(catalogue.default)
    if entry is None:
        msg = f"the default model {catalogue.default!r} is not in {settings.models}"
        raise ArtifactError(msg)
    if not entry.is_ready:
        found = entry.versions.get(entry.active or 0, "ACTIVE names no version that is there")
        msg = f"the default model {catalogue.default!r} cannot be loaded: {found}"
        raise ArtifactError(msg)


def _refuse_open_bind(settings: Settings) -> None:
    try:
        is_loopback = ipaddress.ip_address(settings.host).is_loopback
    except ValueError:
        is_loopback = settings.host == "localhost"
    if not is_loopback and not settings.allow_anonymous:
        msg = (
            f"refusing to listen on {settings.host} for clients without a key:"
            " SOFTMAX_ALLOW_ANONYMOUS=1 says that something in front of it decides who may ask"
        )
        raise SettingsError(msg)


def _listen(settings: Settings) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        listener = socket.create_server(
            (settings.host, settings.port), family=family, backlog=BACKLOG
        )
    except OSError as error:
        msg = f"cannot listen on {settings.host}:{settings.port}: {error.strerror}"
        raise SettingsError(msg) from error
    listener.set_inheritable(True)
    return listener


def _log_as_json() -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )


def _config(settings: Settings, app: object, *, factory: bool = False) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # an application or, for workers, what makes one
        factory=factory,
        workers=settings.workers,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        backlog=BACKLOG,
    )


class _Server(uvicorn.Server):
    """A server that says where to look once it does answer."""

    def __init__(self, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self.address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(_where_to_look(self.address))
        sys.stdout.flush()


def _where_to_look(address: str) -> str:
    return f"softmax-service answers at {address} (documentation: {address}/docs)\n"
