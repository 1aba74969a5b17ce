"""The application in process, asked over ASGI."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.api.served import Models
from service.app import create_app
from service.artifacts.loading import load_catalogue
from service.artifacts.opening import open_store
from service.settings import Settings

Ask = Callable[..., httpx.Response]

PROBLEM = "application/problem+json"


@pytest.fixture
def settings(store: Path) -> Settings:
    return Settings(models=store)


@pytest.fixture
def models(settings: Settings) -> Models:
    """Give the models of the store as the application holds them."""
    return Models(load_catalogue(open_store(settings)).catalogue)


@pytest.fixture
def ask(settings: Settings) -> Ask:
    """Give a function that sends one request to the application and returns its answer."""
    return asker(settings, None)


def asker(settings: Settings, default: str | None) -> Ask:
    """Put the application together on a store, with one of its models as default."""
    app = create_app(Models(load_catalogue(open_store(settings), default).catalogue), settings)

    async def send(method: str, path: str, **request: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, **request)

    return lambda method, path, **request: asyncio.run(send(method, path, **request))


@pytest.fixture
def refused(ask: Ask) -> Callable[..., dict[str, Any]]:
    """Give a function that sends one request, which must be refused, and returns the problem."""

    def send(status: int, method: str, path: str, **request: Any) -> dict[str, Any]:
        answer = ask(method, path, **request)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == PROBLEM
        problem: dict[str, Any] = answer.json()
        assert problem["status"] == status
        assert problem["request_id"] == answer.headers["x-request-id"]
        assert problem["type"].startswith("/problems/")
        return problem

    return send
