"""From settings to a service that answers."""

import contextlib
import ipaddress
import os
import resource
import socket
from importlib import import_module

from service.api.shadow import candidate_of, parse_shadow
from service.artifacts.catalogue import Catalogue
from service.errors import SettingsError
from service.server.log import log, log_as_json, log_loading
from service.server.supervisor import Supervisor, say_where_to_look
from service.server.tls import tls_context
from service.server.watch import look, require_default
from service.settings import Settings

BACKLOG = 2048


def serve(settings: Settings) -> bool:
    """Answer requests until a signal says stop.

    Parameters
    ----------
    settings : Settings
        Where the models are, where to listen, what to allow.

    Returns
    -------
    bool
        Whether everything in flight was answered before the end.

    Raises
    ------
    ArtifactError
        If there is no default model, or its files are refused.
    SettingsError
        If the address cannot be had, or may not be bound without keys.
    """
    _refuse_open_bind(settings)
    _hold_standard_streams()
    _raise_limit_of_descriptors()
    writer = log_as_json()
    context = tls_context(settings)
    loading = look(settings)
    # What keeps the service from starting is one line on its own, said by the command.
    require_default(loading.catalogue, settings)
    log_loading(loading)
    _warn_of_no_candidate(loading.catalogue, settings)
    if settings.workers > 1:
        import_module("fastapi")  # else each worker would hold its own, when it needs it
    listener = _listen(settings)
    scheme = "http" if context is None else "https"
    supervisor = Supervisor(loading.catalogue, settings, listener, writer)
    return supervisor.run(lambda: say_where_to_look(listener, scheme))


def _warn_of_no_candidate(catalogue: Catalogue, settings: Settings) -> None:
    """Say so if the version that is to be asked as well is not there, or is another kind."""
    shadow = parse_shadow(settings.shadow)
    if shadow is None:
        return
    entry = catalogue.models.get(shadow[0])
    if (
        entry is None
        or not entry.is_ready
        or not candidate_of(catalogue, shadow, catalogue.get(shadow[0]))
    ):
        log.warning("shadow_absent", shadow=settings.shadow)


def _hold_standard_streams() -> None:
    """Keep the numbers of closed streams, or a socket would get them, and the log with it."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _raise_limit_of_descriptors() -> None:
    """Use as many connections as the system allows; what a shell gives is fewer."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _refuse_open_bind(settings: Settings) -> None:
    try:
        is_loopback = ipaddress.ip_address(settings.host).is_loopback
    except ValueError:
        is_loopback = settings.host == "localhost"
    if not is_loopback and settings.keys is None and not settings.allow_anonymous:
        msg = (
            f"refusing to listen on {settings.host} for clients without a key: SOFTMAX_KEYS names"
            " a file of keys (softmax keys add), and SOFTMAX_ALLOW_ANONYMOUS=1 says that something"
            " in front of it decides who may ask"
        )
        raise SettingsError(msg)


def _listen(settings: Settings) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as error:
        msg = f"cannot listen on {settings.host}:{settings.port}: {error.strerror}"
        raise SettingsError(msg) from error
