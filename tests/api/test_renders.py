"""Many who ask for pictures at once."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from service.api.renders import ENTRY_BYTES, Render, Renders
from service.errors import OverloadedError


def renders(cache_bytes: int = 10**6, at_once: int = 1, waiting: int = 4) -> Renders:
    return Renders(cache_bytes=cache_bytes, at_once=at_once, waiting=waiting)


class Painter:
    """A painter that counts, and begins only when it may."""

    def __init__(self) -> None:
        self.calls = 0
        self.may_begin = threading.Event()

    def __call__(self) -> bytes:
        assert self.may_begin.wait(30.0)
        self.calls += 1
        return b"picture"


def constant(content: bytes) -> Callable[[], bytes]:
    return lambda: content


def test_ten_who_ask_for_one_picture_get_one_drawing() -> None:
    pictures, painter = renders(waiting=0), Painter()

    async def ask() -> list[Render]:
        asked = [asyncio.create_task(pictures.get("a", painter, is_text=False)) for _ in range(10)]
        await asyncio.sleep(0)  # lets each of them ask
        painter.may_begin.set()
        return await asyncio.gather(*asked)

    answers = asyncio.run(ask())

    assert {answer.content for answer in answers} == {b"picture"}
    assert painter.calls == 1


def test_who_asked_first_may_leave_without_taking_the_picture_along() -> None:
    pictures, painter = renders(), Painter()

    async def ask() -> Render:
        first, second = (
            asyncio.create_task(pictures.get("a", painter, is_text=False)) for _ in range(2)
        )
        await asyncio.sleep(0)
        first.cancel()
        painter.may_begin.set()
        return await second

    assert asyncio.run(ask()).content == b"picture"
    assert painter.calls == 1


def test_one_is_drawn_and_four_wait_and_the_sixth_is_sent_away() -> None:
    pictures, painter = renders(), Painter()

    async def ask() -> list[Render]:
        asked = [
            asyncio.create_task(pictures.get(f"{i}", painter, is_text=False)) for i in range(5)
        ]
        await asyncio.sleep(0)
        with pytest.raises(OverloadedError):
            await pictures.get("one more", painter, is_text=False)
        painter.may_begin.set()
        return await asyncio.gather(*asked)

    assert len(asyncio.run(ask())) == 5
    assert painter.calls == 5
    assert asyncio.run(pictures.get("later", painter, is_text=False)).content == b"picture"


def test_a_drawing_that_fails_is_told_to_all_and_tried_again_by_the_next() -> None:
    pictures = renders()

    def fail() -> bytes:
        msg = "no ink"
        raise ValueError(msg)

    async def ask() -> list[Render | BaseException]:
        asked = (pictures.get("a", fail, is_text=False) for _ in range(2))
        return await asyncio.gather(*asked, return_exceptions=True)

    assert [str(answer) for answer in asyncio.run(ask())] == ["no ink", "no ink"]
    assert asyncio.run(pictures.get("a", constant(b"b"), is_text=False)).content == b"b"


def test_the_least_recently_wanted_make_room() -> None:
    pictures = renders(cache_bytes=2 * (ENTRY_BYTES + 100))
    drawn: list[str] = []

    def ask(key: str) -> None:
        def paint() -> bytes:
            drawn.append(key)
            return bytes(100)

        asyncio.run(pictures.get(key, paint, is_text=False))

    for key in "abacab":
        ask(key)

    # c drives b out, which was wanted before a; then b comes back.
    assert drawn == [*"abcb"]


def test_what_is_larger_than_the_cache_is_drawn_but_not_kept() -> None:
    pictures, drawn = renders(cache_bytes=100), []

    def paint() -> bytes:
        drawn.append(1)
        return bytes(1000)

    for _ in range(2):
        assert len(asyncio.run(pictures.get("a", paint, is_text=True)).content) == 1000

    assert len(drawn) == 2
