"""Connections whose clients do not read."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import uvicorn
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from service.api.lifecycle import Lifecycle
from service.server.at_once import AtOnce
from service.server.crowd import Crowd
from service.server.limits import Limits
from service.server.parting import NEVER
from service.server.protocol import Connection

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LARGE = b"x" * 50_000_000
LIMITS = Limits(receipt_s=10, keep_alive_s=10, header_bytes=1_000, stall_s=5)

Drill = Callable[[socket.socket, list[Connection]], Awaitable[None]]


def served(app: Callable[[Scope, Receive, Send], Awaitable[None]], drill: Drill) -> None:
    """Let connections of a real socket be served while a drill runs."""

    async def run() -> None:
        config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None)
        config.load()
        state, lifecycle = ServerState(), Lifecycle()
        made: list[Connection] = []

        def make() -> Connection:
            at_once = AtOnce(lambda *_: None, Crowd(64, lambda: None))
            made.append(Connection(config, state, LIMITS, lifecycle, at_once))
            return made[-1]

        server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
        with socket.create_connection(server.sockets[0].getsockname()) as client:
            client.settimeout(0.0)
            await asyncio.wait_for(drill(client, made), 30)
        server.close()

    asyncio.run(run())


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - what it waits for knows no event
        await asyncio.sleep(0.01)


def test_a_client_that_leaves_its_answer_lying_is_cut_off() -> None:
    async def drill(client: socket.socket, made: list[Connection]) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(client, REQUEST)
        await until(lambda: bool(made) and made[0].stalled_since < NEVER)
        now = loop.time()

        made[0].look(now + 4.0)
        is_kept = not made[0].transport.is_closing()
        made[0].look(now + 6.0)

        assert is_kept
        assert made[0].transport.is_closing()

    served(Response(LARGE), drill)


def test_a_client_that_reads_its_answer_has_all_the_time_it_needs() -> None:
    async def drill(client: socket.socket, made: list[Connection]) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(client, REQUEST)
        n_received = 0
        while n_received < len(LARGE):
            n_received += len(await loop.sock_recv(client, 1_000_000))
        await until(lambda: not made[0].flow.write_paused)

        made[0].look(loop.time() + 6.0)

        assert not made[0].transport.is_closing()

    served(Response(LARGE), drill)
