"""The framework, built for the first request that needs it."""

import asyncio
import subprocess
import sys
import threading

import httpx
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from service.api.deferred import Deferred


def asking(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


def test_of_several_first_requests_one_builds() -> None:
    built = list[int]()

    def build() -> ASGIApp:
        built.append(threading.get_ident())
        return PlainTextResponse("built")

    async def ask() -> list[str]:
        async with asking(Deferred(build)) as client:
            answers = await asyncio.gather(*(client.get("/") for _ in range(5)))
            return [answer.text for answer in answers]

    assert asyncio.run(ask()) == ["built"] * 5
    assert len(built) == 1
    assert built != [threading.get_ident()]


def test_the_event_loop_goes_on_while_it_is_built() -> None:
    may_end = threading.Event()

    def build() -> ASGIApp:
        assert may_end.wait(30)
        return PlainTextResponse("built")

    async def ask() -> str:
        async with asking(Deferred(build)) as client:
            first = asyncio.create_task(client.get("/"))
            await asyncio.sleep(0)
            may_end.set()  # never reached by a loop that is held up
            return (await first).text

    assert asyncio.run(ask()) == "built"


def test_a_build_that_fails_is_tried_again() -> None:
    attempts = list[int]()

    def build() -> ASGIApp:
        attempts.append(1)
        if len(attempts) == 1:
            raise OSError
        return PlainTextResponse("built")

    async def ask() -> str:
        async with asking(Deferred(build)) as client:
            try:
                await client.get("/")
            except OSError:
                return (await client.get("/")).text
            return "no error"

    assert asyncio.run(ask()) == "built"


def test_a_server_is_imported_without_the_framework() -> None:
    code = "import sys, service.server; print(sorted({'fastapi', 'PIL'} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
