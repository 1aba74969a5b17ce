"""From settings to a service that answers."""

import ipaddress
import signal
import socket
import threading

from service.api.metrics.recorder import Recorder, count_reload_failures
from service.api.metrics.shared import SharedCounters
from service.api.served import Models
from service.errors import ServiceError, SettingsError
from service.server.log import log, log_as_json, log_loading
from service.server.supervisor import supervise
from service.server.watch import look, require_default
from service.server.worker import BACKLOG, answer, say_where_to_look, watch_in_thread
from service.settings import Settings


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
    log_as_json()
    loading = look(settings)
    # What keeps the service from starting is one line on its own, said by the command.
    require_default(loading.catalogue, settings)
    log_loading(loading)
    listener = _listen(settings)
    shared = SharedCounters(1 + settings.workers)
    counters = shared.part(settings.workers)  # of whoever looks at the store
    if settings.workers > 1:
        supervise(loading.catalogue, settings, listener, shared)
        return
    models = Models(loading.catalogue)
    wake = threading.Event()
    signal.signal(signal.SIGHUP, lambda *_: wake.set())

    def look_again() -> None:
        try:
            news = look(settings, models.served.catalogue)
        except ServiceError as error:
            log.error("reload_failed", reason=str(error))
            count_reload_failures(counters, ["*"])
            return
        log_loading(news)
        count_reload_failures(counters, [fault.name for fault in news.refused])
        models.exchange(news.catalogue)

    watch_in_thread(look_again, wake, settings.reload_seconds)
    answer(models, settings, listener, Recorder(shared), lambda: say_where_to_look(listener))


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
        return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as error:
        msg = f"cannot listen on {settings.host}:{settings.port}: {error.strerror}"
        raise SettingsError(msg) from error
