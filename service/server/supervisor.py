"""The parent: it verifies models, replaces workers that die or hang, and passes on signals."""

import gc
import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import wait

from service.api.metrics.recorder import count_reload_failures
from service.artifacts.catalogue import Catalogue
from service.errors import ServiceError
from service.server.board import Board
from service.server.crew import Worker
from service.server.lines import LineWriter
from service.server.log import log, log_loading, took_up_keys
from service.server.messages import Message, NewKeys, Stop, news
from service.server.tls import tls_context
from service.server.watch import look, look_afresh
from service.settings import Settings

TURN_S = 0.5
STUCK_S = 7.0
"""A worker that was not heard of for so long is replaced; it says that it lives twice a second."""
START_S = 60.0
RETRY_S = 1.0
"""How long to wait for the next try after a worker that died before it answered."""
MARGIN_S = 3.0


class Supervisor:
    """Keeps a number of workers answering until a signal says stop.

    Parameters
    ----------
    catalogue : Catalogue
        Verified models.
    settings : Settings
        Among them the number of workers.
    listener : socket
        Where clients connect.
    writer : LineWriter
        Where the log goes.
    """

    def __init__(
        self, catalogue: Catalogue, settings: Settings, listener: socket.socket, writer: LineWriter
    ) -> None:
        self.catalogue = catalogue
        self.settings = settings
        self.listener = listener
        self.writer = writer
        self.board = Board(settings)
        self.counters = self.board.counters.part(len(self.board.loads))
        self.signals: deque[int] = deque()
        self.workers: list[Worker] = []
        self.to_retire: list[Worker] = []
        self.successor: Worker | None = None
        self.retired: list[Worker] = []
        self.is_hung_up = False

    def run(self, on_answering: Callable[[], None]) -> bool:
        """Work until told to stop.

        Parameters
        ----------
        on_answering : callable
            Called once every worker answers.

        Returns
        -------
        bool
            Whether nothing was lost at the end.
        """
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)  # a signal ends a wait at once
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _: self.signals.append(number))
        # What is there now stays, and its pages are shared with the workers. Of garbage there is
        # little: to look for it first would take a tenth of the start.
        gc.freeze()
        gc.enable()
        try:
            return self._run(reader, on_answering)
        finally:
            for worker in self._all():
                worker.kill()

    def _run(self, reader: int, on_answering: Callable[[], None]) -> bool:
        for _ in range(self.settings.workers):
            self.workers.append(self._start())
        look_at = time.monotonic() + self.settings.reload_seconds
        is_answering = False
        while True:
            self._wait(reader, look_at)
            self._replace()
            self._roll()
            self._say_whether_all_answer()
            if self.board.everyone[0] and not is_answering:
                is_answering = True
                on_answering()
            while self.signals:
                number = self.signals.popleft()
                if number != signal.SIGHUP:
                    return self._stop(reader, number)
                self._look()
                self.is_hung_up = True
            if self.is_hung_up and not (self.to_retire or self.successor or self.retired):
                self.is_hung_up = False
                self._hang_up()
            if time.monotonic() >= look_at:
                self._look()
                look_at = time.monotonic() + self.settings.reload_seconds

    def _all(self) -> list[Worker]:
        return [*self.workers, *self.retired, *([self.successor] if self.successor else [])]

    def _start(self) -> Worker:
        return Worker(self.catalogue, self.settings, self.listener, self.board, self._all())

    def _wait(self, reader: int, until: float) -> None:
        """Wait for anything to happen, and hear what workers say."""
        self.writer.flush()
        begun = time.monotonic()
        timeout = 0.0 if self.signals else max(0.0, min(until - begun, TURN_S))
        alive = [one for one in self._all() if one.is_alive]
        ends = [end for one in alive for end in (one.process.sentinel, one.beats)]
        if reader in wait([*ends, reader], timeout=timeout):
            os.read(reader, 512)
        for worker in self._all():
            worker.hear()
        slept = time.monotonic() - begun
        if slept > timeout + 1.0:  # this process was halted, and perhaps all were
            for worker in self._all():
                worker.heard_at += slept

    def _say_whether_all_answer(self) -> None:
        self.board.everyone[0] = all(one.is_ready and one.is_alive for one in self.workers)

    def _replace(self) -> None:
        """Put a worker in the place of each that is dead or stuck."""
        now = time.monotonic()
        for place, worker in enumerate(list(self.workers)):
            patience = STUCK_S if worker.is_ready else START_S
            if worker.is_alive and now - worker.heard_at > patience:
                _end_stuck(worker)
            if worker.is_alive or (not worker.is_ready and now - worker.started_at < RETRY_S):
                continue
            self.board.everyone[0] = False  # before there is a successor, which cannot answer yet
            log.error("worker_died", pid=worker.process.pid, code=worker.process.exitcode)
            worker.bury()
            self.to_retire = [one for one in self.to_retire if one is not worker]
            del self.workers[place]
            self.workers.insert(place, self._start())
        for worker in list(self.retired):
            if worker.is_alive and now - worker.heard_at > STUCK_S:
                _end_stuck(worker)
            if not worker.is_alive:
                self.retired.remove(worker)
                worker.bury()

    # Models

    def _look(self) -> None:
        keyring = self.board.gate.keyring
        if keyring is not None and took_up_keys(keyring):
            self._send(NewKeys(keys=keyring.keys))
        try:
            loading = look(self.settings, self.catalogue)
        except (ServiceError, OSError) as error:
            log.error("reload_failed", reason=_reason(error))
            count_reload_failures(self.counters, ["*"])
            return
        log_loading(loading)
        count_reload_failures(self.counters, [fault.name for fault in loading.refused])
        message = news(loading.catalogue, self.catalogue)
        self.catalogue = loading.catalogue
        if message is not None:
            self._send(message)

    def _send(self, message: Message) -> None:
        for worker in self._all():
            worker.send(message)

    # Rolling

    def _hang_up(self) -> None:
        """Verify everything, then replace the workers one by one."""
        try:
            look_afresh(self.settings, self.catalogue, self.board.gate.keyring)
            tls_context(self.settings)
        except (ServiceError, OSError) as error:
            log.error("reload_failed", reason=_reason(error))
            count_reload_failures(self.counters, ["*"])
            return
        self.to_retire = list(self.workers)
        log.info("roll_started", workers=len(self.to_retire))

    def _roll(self) -> None:
        """Bring one successor further: start it, and when it answers, let the old one go."""
        if self.successor is None:
            if self.to_retire:
                self.successor = self._start()
            return
        successor = self.successor
        is_late = time.monotonic() - successor.started_at > START_S
        if is_late or not successor.is_alive:
            log.error("roll_abandoned", code=successor.process.exitcode)
            self.to_retire, self.successor = [], None
            successor.kill()
            successor.bury()
        elif successor.is_ready:
            self.successor = None
            if not self.to_retire:  # who was to go has died, and was replaced
                successor.send(Stop(after_s=0.0, is_retirement=True))
                self.retired.append(successor)
                return
            old = self.to_retire.pop(0)
            self.workers[self.workers.index(old)] = successor
            self.retired.append(old)
            old.send(Stop(after_s=self.settings.drain_seconds, is_retirement=True))
            if not self.to_retire:
                log.info("roll_finished")

    # The end

    def _stop(self, reader: int, number: int) -> bool:
        """Let every worker finish; a second signal does not wait for that."""
        # Who presses keys waits for nothing; who sends SIGTERM has told nobody yet.
        drain_s = self.settings.drain_seconds if number == signal.SIGTERM else 0.0
        log.info("stopping", drain_seconds=drain_s)
        self.listener.close()
        self.board.everyone[0] = False
        self._send(Stop(after_s=drain_s))
        until = time.monotonic() + drain_s + self.settings.grace_seconds + MARGIN_S
        while any(one.is_alive for one in self._all()):
            self._wait(reader, until)
            hurried = any(one != signal.SIGHUP for one in self.signals)
            if hurried or time.monotonic() > until:
                log.error("stopped_at_once", reason="second signal" if hurried else "too late")
                for worker in self._all():
                    worker.kill()
                    worker.process.join()
        is_clean = all(one.process.exitcode == 0 for one in self._all())
        log.info("stopped", is_clean=is_clean)
        self.writer.flush()
        return is_clean


def _end_stuck(worker: Worker) -> None:
    log.error("worker_stuck", pid=worker.process.pid)
    worker.kill()
    worker.process.join()


def _reason(error: ServiceError | OSError) -> str:
    """Tell no path: what is not ours is said in the system's words."""
    return str(error) if isinstance(error, ServiceError) else os.strerror(error.errno or 0)


def say_where_to_look(listener: socket.socket, scheme: str) -> None:
    """Print the address of a service that answers.

    Parameters
    ----------
    listener : socket
        Where clients connect.
    scheme : str
        ``http`` or ``https``.
    """
    host, port = listener.getsockname()[:2]
    address = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    line = f"softmax-service answers at {address} (documentation: {address}/docs)\n"
    try:
        sys.stdout.write(line)
        sys.stdout.flush()
    except (AttributeError, OSError, ValueError):  # closed: nobody asked where to look
        sys.stdout = None  # nor is it flushed at the end
