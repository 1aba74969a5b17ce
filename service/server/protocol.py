"""One connection: uvicorn's HTTP, with deadlines and limits of its own."""

import httptools
import uvicorn
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from service.api.head import Head
from service.api.lifecycle import Lifecycle
from service.api.shortcut import Whole
from service.server.at_once import END_OF_HEAD, AtOnce
from service.server.limits import PACE, Limits
from service.server.lingering import LingeringTransport
from service.server.parting import NEVER, Parting
from service.server.refusal import Refusal, malformed, not_one_host, too_large, too_late

SMALL_BYTES = 2**14

OFFERS = {b"upgrade", b"http2-settings"}
"""Headers, and words of the header Connection, that offer another protocol."""


class Connection(Parting):
    """A connection that is looked at now and then, instead of one timer for each request.

    A request that comes in whole pays for none of this: deadlines are set where a packet ends
    inside a request, and `look` finds those that have passed.

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
    at_once : AtOnce
        What answers plain requests at once; all connections share it.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        state: ServerState,
        limits: Limits,
        lifecycle: Lifecycle,
        at_once: AtOnce,
    ) -> None:
        super().__init__(config, state, limits, lifecycle)
        self.at_once = at_once
        self.answered: Head | None = None  # the last request, if that was done at once
        self.waiting: tuple[RequestResponseCycle, ASGI3Application] | None = None
        self.stalled_since = NEVER
        self.is_offered = False  # another protocol, which is not taken
        self.head_bytes = 0  # come since the last request was whole
        self.may_be_large = False
        self.hosts = 0

    # What comes in

    def data_received(self, data: bytes) -> None:
        """Read what has come."""
        if self.is_lingering:
            return
        is_new = self._is_at_rest()
        if is_new and self._is_answered_again(data):
            return
        self.head_bytes += len(data)
        self.may_be_large = self.head_bytes > self.limits.header_bytes
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline_offer(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            self.waiting = None
            ours = error.__context__
            self.refuse(ours if isinstance(ours, Refusal) else malformed())
            return
        self._start(is_whole=False)
        if is_new and self.answered is not None:
            self.at_once.remember(data, self.answered)
        if self.is_in_message:
            self._await_rest(len(data))
        else:
            self.is_receiving = False
            if self.is_answering:
                self.due = NEVER
            elif self.cycle is not None:  # it was answered before it was whole
                self.due = self.loop.time() + self.limits.keep_alive_s

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.hosts = 0
        self.answered = None
        self.is_in_message = self.is_in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        name = name.lower()
        if name == b"host":
            self.hosts += 1
        elif name == b"expect":
            self.expect_100_continue = value.lower() == b"100-continue"
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Check the head, and let the application begin."""
        version = self.parser.get_http_version()
        if self.hosts != 1 or self.may_be_large or version != "1.1":
            self._check_head(version)
        if self.parser.should_upgrade():
            self.is_offered = True
            return
        super().on_headers_complete()
        self.is_in_head = False
        crowded_since = self.at_once.crowd.joins()
        if crowded_since is not None:
            self.scope["state"]["crowded_since"] = crowded_since
        if self.lifecycle.is_parting:
            self.part()

    def on_message_complete(self) -> None:
        """End a request."""
        if not self.is_offered:
            self.is_in_message = False
            self.head_bytes = 0
            super().on_message_complete()
            self._start(is_whole=True)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Wait with it until the packet has been read: the body may be in it."""
        self.waiting = cycle, app

    def _start(self, *, is_whole: bool) -> None:
        if self.waiting is None:
            return
        cycle, app = self.waiting
        self.waiting = None
        if not (is_whole and self._answer_at_once(cycle)):
            super()._start_asgi_task(cycle, app)

    def eof_received(self) -> bool | None:  # type: ignore[override]  # asyncio keeps the transport open for True
        """Answer a client that has said all it has to say."""
        if self.is_in_message or self.is_lingering or not self.is_answering:
            return None
        self.part()
        return self.scheme != "https"  # TLS knows no half-closed connections

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.due = NEVER
        super().connection_lost(exc)

    # What goes out

    def _answer_at_once(self, cycle: RequestResponseCycle) -> bool:
        """Answer a request that is there as a whole, by one write; say whether that was done."""
        if cycle.disconnected or self.flow.write_paused:
            return False
        head = Head(self.scope)
        crowded_since: float | None = self.scope["state"].get("crowded_since")
        whole = self.at_once.answer(head, bytes(cycle.body), crowded_since)
        if whole is None:
            return False
        cycle.response_started = cycle.response_complete = True
        self._write(whole, keep_alive=cycle.keep_alive)
        if cycle.keep_alive:
            self.answered = head
        else:
            self.transport.close()
        cycle.on_response()
        return True

    def _is_at_rest(self) -> bool:
        """Tell whether the next byte begins a request that nothing stands in the way of."""
        return not (
            self.is_in_message
            or self.head_bytes
            or self.is_answering
            or self.flow.write_paused
            or self.lifecycle.is_parting
        )

    def _is_answered_again(self, packet: bytes) -> bool:
        """Answer a packet that is one request with a head that was answered before."""
        end = packet.find(END_OF_HEAD) + len(END_OF_HEAD)
        head = self.at_once.find(packet[:end])
        if head is None or len(packet) - end != head.body_bytes:
            return False
        whole = self.at_once.answer(head, packet[end:], self.at_once.crowd.joins())
        if whole is None:
            return False
        self._write(whole, keep_alive=True)
        self.on_response_complete()
        return True

    def _write(self, whole: Whole, *, keep_alive: bool) -> None:
        head, body = whole
        parts = [head]
        for name, value in self.server_state.default_headers:
            parts += (name, b": ", value, b"\r\n")
        parts.append(b"\r\n" if keep_alive else b"connection: close\r\n\r\n")
        if len(body) > SMALL_BYTES:  # to put it behind its head takes as long as to send it
            self.transport.writelines((b"".join(parts), body))
        else:
            parts.append(body)
            self.transport.write(b"".join(parts))

    def pause_writing(self) -> None:
        """Stop, for the client does not read."""
        self.stalled_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Go on, for the client reads again."""
        self.stalled_since = NEVER
        super().resume_writing()

    # Time

    def extend_receipt(self) -> None:
        """Give a body that is coming in its time anew.

        An application that works on a long body piece by piece finds this function as
        ``scope["state"]["extend_receipt"]`` where the body did not come with the head.
        """
        if self.is_receiving:
            self.due = self.loop.time() + self.limits.receipt_s

    def look(self, now: float) -> None:
        """End what takes too long.

        Parameters
        ----------
        now : float
            The event loop's time, in seconds.
        """
        if now - self.stalled_since > self.limits.stall_s:
            self.transport.abort()
        elif now < self.due:
            return
        elif not self.is_receiving:
            self.transport.close()
        elif self.flow.read_paused:  # not the client is slow, but we
            self.extend_receipt()
        else:
            self.refuse(too_late(self.limits.receipt_s))

    def _await_rest(self, n_bytes: int) -> None:
        if not self.is_receiving:
            self.is_receiving = True
            self.due = self.loop.time() + self.limits.receipt_s
        if self.is_in_head:
            if self.head_bytes > self.limits.header_bytes:
                self.refuse(too_large(self.limits.header_bytes))
        elif self.cycle is not None and self.cycle.transport is self.transport:
            self.cycle.transport = LingeringTransport(  # type: ignore[assignment]  # what is used of it
                self.transport, lambda: self.is_in_message, self.linger
            )
            self.scope["state"]["extend_receipt"] = self.extend_receipt
        elif self.is_answering:
            self.due += n_bytes / PACE

    # Refusals

    def _check_head(self, version: str) -> None:
        if version not in {"1.1", "1.0"}:
            raise malformed()
        n_bytes = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if n_bytes > self.limits.header_bytes:
            raise too_large(self.limits.header_bytes)
        if self.hosts > 1 or (self.hosts == 0 and version != "1.0"):
            raise not_one_host(self.hosts)

    def _decline_offer(self, rest: bytes) -> None:
        """Read a request again as if it had not offered another protocol.

        The parser takes whatever follows such a head for the other protocol, body included.
        """
        self.is_offered = False
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if method == b"CONNECT":
            self.refuse(malformed())
            return
        lines = [method + b" " + self.url + b" HTTP/" + version.encode()]
        for name, value in self.headers:
            if name == b"connection":
                tokens = [token.strip().lower() for token in value.split(b",")]
                lines.append(name + b": " + b", ".join(t for t in tokens if t not in OFFERS))
            elif name not in OFFERS:
                lines.append(name + b": " + value)
        self.parser = httptools.HttpRequestParser(self)
        self.head_bytes = 0
        self.data_received(b"\r\n".join([*lines, b"", rest]))
