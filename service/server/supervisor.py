"""Several workers on one socket: the parent verifies models, replaces workers, passes signals."""

import contextlib
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

from service.api.served import Models
from service.artifacts.artifact import Files, unpack
from service.artifacts.catalogue import Catalogue, ModelEntry, Published, Refused, with_policies
from service.artifacts.policy_loading import Policies
from service.errors import ServiceError
from service.server.log import log, log_as_json, log_loading
from service.server.watch import look
from service.server.worker import answer, say_where_to_look
from service.settings import Settings

Message = tuple[
    str | None, Mapping[str, tuple[int | None, Mapping[int, Files | Refused | None], Policies]]
]
"""A catalogue as it is sent: None stands for a version that the worker holds already."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Worker:
    """A process that answers, and the pipe on which models are sent to it."""

    process: multiprocessing.process.BaseProcess
    pipe: Connection


def supervise(catalogue: Catalogue, settings: Settings, listener: socket.socket) -> None:
    """Keep a number of workers answering until a signal says stop.

    Workers are forked, so that each begins with the models this process holds: one that
    dies while the store is damaged comes back with the same digests.

    Parameters
    ----------
    catalogue : Catalogue
        Verified models.
    settings : Settings
        Among them the number of workers.
    listener : socket
        Where clients connect.
    """
    stop, again = threading.Event(), threading.Event()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)  # a signal ends the wait below at once
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    signal.signal(signal.SIGHUP, lambda *_: again.set())
    workers = [_start(catalogue, settings, listener) for _ in range(settings.workers)]
    say_where_to_look(listener)
    look_at = time.monotonic() + settings.reload_seconds
    while not stop.is_set():
        ends = [worker.process.sentinel for worker in workers]
        if reader in wait([*ends, reader], timeout=max(0.0, look_at - time.monotonic())):
            os.read(reader, 512)
        if again.is_set() or time.monotonic() >= look_at:
            again.clear()
            catalogue = _look_again(catalogue, settings, workers)
            look_at = time.monotonic() + settings.reload_seconds
        for place, worker in enumerate(workers):
            if not worker.process.is_alive():
                log.error("worker_died", pid=worker.process.pid, code=worker.process.exitcode)
                workers[place] = _start(catalogue, settings, listener)
    for worker in workers:
        worker.process.terminate()
    for worker in workers:
        worker.process.join()


def _start(catalogue: Catalogue, settings: Settings, listener: socket.socket) -> _Worker:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(catalogue, settings, listener, theirs))
    process.start()
    theirs.close()
    return _Worker(process=process, pipe=ours)


def _work(
    catalogue: Catalogue, settings: Settings, listener: socket.socket, pipe: Connection
) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    log_as_json()
    models = Models(catalogue)

    def receive() -> None:
        while True:
            try:
                message = pipe.recv()
            except EOFError:  # the parent is gone: nobody would replace or stop this worker
                os.kill(os.getpid(), signal.SIGTERM)
                return
            models.exchange(_received(message, models.served.catalogue))

    threading.Thread(target=receive, name="receive", daemon=True).start()
    answer(models, settings, listener, lambda: None)


def _look_again(catalogue: Catalogue, settings: Settings, workers: list[_Worker]) -> Catalogue:
    try:
        loading = look(settings, catalogue)
    except ServiceError as error:
        log.error("reload_failed", reason=str(error))
        return catalogue
    log_loading(loading)
    message = _message(loading.catalogue, catalogue)
    if message != _message(catalogue, catalogue):
        for worker in workers:
            with contextlib.suppress(OSError):  # it has just died; its successor knows
                worker.pipe.send(message)
    return loading.catalogue


def _message(catalogue: Catalogue, held: Catalogue) -> Message:
    known = {_key(one) for entry in held.models.values() for one in entry.versions.values()}
    return catalogue.default, {
        name: (
            entry.active,
            {
                number: None
                if _key(one) in known
                else one.files
                if isinstance(one, Published)
                else one
                for number, one in entry.versions.items()
            },
            entry.policies,
        )
        for name, entry in catalogue.models.items()
    }


def _key(one: Published | Refused) -> int:
    """Tell versions apart whose files were read apart, whatever policies they hold."""
    return id(one.files if isinstance(one, Published) else one)


def _received(message: Message, held: Catalogue) -> Catalogue:
    default, models = message
    entries = {}
    for name, (active, sent, policies) in models.items():
        versions: dict[int, Published | Refused] = {}
        for number, content in sent.items():
            if content is None:
                versions[number] = held.models[name].versions[number]
            elif isinstance(content, Refused):
                versions[number] = content
            else:
                artifact = unpack(content)  # the parent has checked the signature
                versions[number] = Published(
                    name=name, version=number, artifact=artifact, files=content
                )
        versions = with_policies(versions, policies)
        entries[name] = ModelEntry(versions=versions, active=active, policies=policies)
    return Catalogue(models=entries, default=default)
