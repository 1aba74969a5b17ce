"""How a connection ends: after its last answer, and so that the client gets it."""

import math

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from service.api.lifecycle import Lifecycle
from service.server.limits import LINGER_S, Limits
from service.server.log import log
from service.server.refusal import Refusal

NEVER = math.inf


class Parting(HttpToolsProtocol):
    """A connection that is not closed before everything has been said.

    Parameters
    ----------
    config : uvicorn.Config
        The server's.
    state : ServerState
        What all connections share.
    limits : Limits
        What clients may do.
    lifecycle : Lifecycle
        Whether to close connections.
    """

    # uvicorn's type leaves out the time before the first request.
    cycle: RequestResponseCycle | None  # type: ignore[assignment]

    def __init__(
        self, config: uvicorn.Config, state: ServerState, limits: Limits, lifecycle: Lifecycle
    ) -> None:
        super().__init__(config, state, {})
        self.limits = limits
        self.lifecycle = lifecycle
        self.due = self.loop.time() + limits.receipt_s
        self.is_in_message = False
        self.is_in_head = False
        self.is_receiving = False  # `due` stands for the rest of a request
        self.is_lingering = False  # all is said; what still comes is thrown away
        self.last_words: bytes | None = None  # to be said after the answers that are under way

    @property
    def is_idle(self) -> bool:
        """Whether the client has nothing to wait for."""
        return not (self.is_in_message or self.is_lingering or self.is_answering)

    @property
    def is_answering(self) -> bool:
        """Whether an answer is under way."""
        return self.cycle is not None and not self.cycle.response_complete

    def on_response_complete(self) -> None:
        """Go on to the next request."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            super()._start_asgi_task(*self.pipeline.pop())
        elif self.last_words is not None:
            self._part(self.last_words)
        elif not self.is_receiving and not self.is_lingering:
            self.due = self.loop.time() + self.limits.keep_alive_s

    def part(self) -> None:
        """Close the connection with the answer that is under way."""
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """Close the connection as soon as nothing is under way on it."""
        self.part()
        if self.is_idle:
            self.transport.close()

    def linger(self) -> None:
        """Say no more, but hear the client out, for a moment."""
        self.last_words = None
        self.is_lingering = True
        self.is_receiving = False
        self.due = self.loop.time() + LINGER_S
        self.flow.resume_reading()
        if self.scheme != "https" and not self.transport.is_closing():
            self.transport.write_eof()

    def refuse(self, refusal: Refusal) -> None:
        """Answer a request that the application is not to have, or not all of, and close.

        Parameters
        ----------
        refusal : Refusal
            The answer.
        """
        self.lifecycle.on_refused(refusal.status)
        log.info(
            "request_refused",
            code=refusal.code,
            status=refusal.status,
            request_id=refusal.request_id,
        )
        words = refusal.to_bytes(self.server_state.default_headers)
        if self.is_in_message and not self.is_in_head and self.cycle is not None:
            self._refuse_rest(self.cycle, words)
        elif self.is_answering:  # those before it are answered first
            self._part_later(words)
        else:
            self._part(words)

    def _refuse_rest(self, cycle: RequestResponseCycle, words: bytes) -> None:
        """Refuse a request whose head the application has seen already, or will when it is free."""
        if self.pipeline:
            self.pipeline.popleft()
            self._part_later(words)
        elif cycle.response_started:
            self.transport.close()
        else:
            cycle.disconnected = True
            cycle.message_event.set()
            self._part(words)

    def _part_later(self, words: bytes) -> None:
        self.last_words = words
        self.is_lingering = True
        self.is_receiving = False
        self.due = NEVER

    def _part(self, words: bytes) -> None:
        self.transport.write(words)
        self.linger()
