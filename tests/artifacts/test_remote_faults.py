"""The line to a bucket fails at the first request, then at the second, and so on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import obstore
import pytest
from obstore.exceptions import GenericError

from service.artifacts.artifact import FILES
from service.artifacts.opening import open_store
from service.artifacts.store import Store
from service.errors import ArtifactError
from service.settings import Settings, StoreUrl

CONTENT = dict.fromkeys(FILES, b"content")
MOST_REQUESTS = 100
BUCKETS = count()
CHANGES: dict[str, Callable[[Store], object]] = {
    "first": lambda store: store.publish("wine", CONTENT),
    "next": lambda store: store.publish("iris", CONTENT),
    "aside": lambda store: store.publish("iris", CONTENT, activate=False),
    "activate": lambda store: store.activate("iris", 2),
    "delete": lambda store: store.delete("iris", 2),
    "sign": lambda store: store.attach("iris", 2, "manifest.sig", b"signed"),
}


@dataclass
class Line:
    """A line to a bucket on which the request of one number fails."""

    at: int
    n_requests: int = 0

    def over(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def request(*arguments: object, **options: object) -> object:
            self.n_requests += 1
            if self.n_requests == self.at:
                msg = "the line is down"
                raise GenericError(msg)
            return call(*arguments, **options)

        return request


@contextmanager
def failing(line: Line) -> Iterator[None]:
    """Put the line between this service and the library that asks."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("put", "get", "list", "delete"):
            patch.setattr(obstore, name, line.over(getattr(obstore, name)))
        yield


@pytest.fixture
def new_bucket(settings: Settings, endpoint: str, tmp_path: Path) -> Callable[[], Settings]:
    """A function that makes a bucket with two versions of iris; the first is active."""

    def make() -> Settings:
        name = f"faults-{next(BUCKETS)}"
        assert httpx.put(f"{endpoint}/{name}").is_success
        own = {"models": StoreUrl(f"s3://{name}/models"), "models_cache": tmp_path / name}
        made = settings.model_copy(update=own)
        for activate in (True, False):
            open_store(made).publish("iris", dict.fromkeys(FILES, b"old"), activate=activate)
        return made

    return make


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_which_any_request_fails_is_made_whole_or_not_at_all(
    new_bucket: Callable[[], Settings], change: str, tmp_path: Path
) -> None:
    def seen(settings: Settings) -> dict[str, tuple[int, list[dict[str, bytes]]]]:
        """What another machine sees, but the numbers, of which a try may cost one."""
        store = open_store(settings.model_copy(update={"models_cache": tmp_path / "other"}))
        return {
            name: (store.active(name), [store.read(name, one) for one in store.versions(name)])
            for name in store.names()
        }

    whole = new_bucket()
    old = seen(whole)
    CHANGES[change](open_store(whole))
    new = seen(whole)
    for at in range(1, MOST_REQUESTS):
        settings, line = new_bucket(), Line(at=at)
        store = open_store(settings)
        with failing(line):
            try:
                CHANGES[change](store)
            except ArtifactError:
                assert line.n_requests >= at
        assert seen(settings) in (old, new)
        if line.n_requests < at:
            break

    assert 2 < at < MOST_REQUESTS - 1
    assert old != new
