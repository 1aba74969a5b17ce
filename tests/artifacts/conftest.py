"""A real S3 server of this machine, and stores in buckets of it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import httpx
import pytest

from service.settings import Settings
from tests.conftest import START_TIMEOUT_S, free_port

BUCKETS = count()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of moto's S3 server, in a process of its own."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            httpx.get(f"{url}/moto-api/data.json")
            break
        except httpx.TransportError:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)  # the pause between two polls
    yield url
    process.terminate()
    process.wait(START_TIMEOUT_S)


@pytest.fixture
def cloud(endpoint: str) -> dict[str, str]:
    """What the environment says of the cloud."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }


@pytest.fixture
def settings(
    cloud: dict[str, str], endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """An empty bucket of this test's own, and a folder for copies."""
    for name, value in cloud.items():
        monkeypatch.setenv(name, value)
    bucket = f"bucket-{next(BUCKETS)}"
    assert httpx.put(f"{endpoint}/{bucket}").is_success
    return Settings.read(models=f"s3://{bucket}/our/models", models_cache=tmp_path / "cache")
