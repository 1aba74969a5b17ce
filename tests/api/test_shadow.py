"""A candidate is asked what the active version is asked, and only metrics tell."""

import asyncio
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from service.api.served import Models
from service.api.shadow import parse_shadow
from service.app import create_app
from service.artifacts.loading import load_catalogue
from service.artifacts.store import Store
from service.settings import Settings

ROWS = [[5.1, 3.5, 1.4, 0.2], [6.0, 2.7, 5.1, 1.6], [6.3, 2.9, 5.6, 1.8], [5.9, 3.0, 4.2, 1.5]]


@pytest.fixture(scope="module")
def two(store: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which iris has a second version, of a much stronger penalty, not active."""
    path = tmp_path_factory.mktemp("two") / "models"
    shutil.copytree(store, path)
    command = [sys.executable, "-m", "service", "train", "iris", "--C", "0.01", "--no-activate"]
    subprocess.run(
        command,
        env=environment | {"SOFTMAX_MODELS": str(path)},
        check=True,
        capture_output=True,
        timeout=100,
    )
    return path


def asked(store: Path, shadow: str | None, *requests: tuple[str, dict[str, Any]]) -> list[str]:
    """Send requests, and give their answers and then the metrics."""
    catalogue = load_catalogue(Store(root=store)).catalogue
    app = create_app(Models(catalogue, parse_shadow(shadow)), Settings(models=store))

    async def conversation() -> list[str]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answers = [await client.post(path, json=body) for path, body in requests]
            assert [answer.status_code for answer in answers] == [200] * len(requests)
            return [*(answer.text for answer in answers), (await client.get("/metrics")).text]

    return asyncio.run(conversation())


def number(metrics: str, name: str) -> float:
    found = re.search(rf'^{name}{{model="iris",version="2"}} (\S+)$', metrics, re.MULTILINE)
    assert found, metrics
    return float(found[1])


def test_answers_are_the_same_with_and_without_a_candidate(two: Path) -> None:
    requests = [
        (f"/models/iris/{task}", {"instances": rows})
        for task in ("predict_proba", "predict", "decide", "explain")
        for rows in (ROWS, ROWS[:1])
    ]

    *alone, _ = asked(two, None, *requests)
    *beside, _ = asked(two, "iris@2", *requests)

    assert beside == alone


def test_metrics_tell_how_the_candidate_differs(two: Path) -> None:
    catalogue = load_catalogue(Store(root=two)).catalogue
    ours, theirs = (
        catalogue.get("iris", version).artifact.model.predict_proba(np.array(ROWS))
        for version in (1, 2)
    )
    policy = {"type": "threshold", "threshold": 0.8}

    *_, metrics = asked(
        two,
        "iris@2",
        ("/models/iris/predict_proba", {"instances": ROWS}),
        ("/models/iris/decide", {"instances": ROWS, "policy": policy}),
    )

    assert number(metrics, "softmax_shadow_rows_total") == 8
    n_labels = int((ours.argmax(axis=1) != theirs.argmax(axis=1)).sum())
    assert number(metrics, "softmax_shadow_label_disagreements_total") == 2 * n_labels
    variation = np.abs(ours - theirs).sum() / 2
    assert abs(number(metrics, "softmax_shadow_total_variation_total") - 2 * variation) < 1e-9
    assert number(metrics, "softmax_shadow_decisions_total") == 4
    decided = [
        [None if p.max() < 0.8 else int(p.argmax()) for p in proba] for proba in (ours, theirs)
    ]
    n_decisions = sum(a != b for a, b in zip(*decided, strict=True))
    assert number(metrics, "softmax_shadow_decision_disagreements_total") == n_decisions > 0
    assert number(metrics, "softmax_shadow_failed_rows_total") == 0


def test_a_candidate_of_another_model_is_not_asked(two: Path) -> None:
    *_, metrics = asked(two, "demo@1", ("/models/iris/predict", {"instances": ROWS}))

    assert not re.search("^softmax_shadow_rows_total{", metrics, re.MULTILINE)


def test_rows_that_are_streamed_are_counted_too(two: Path) -> None:
    catalogue = load_catalogue(Store(root=two)).catalogue
    app = create_app(Models(catalogue, ("iris", 2)), Settings(models=two))
    lines = "\n".join(map(str, ROWS * 300)).encode()  # of more than one block

    async def conversation() -> str:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            headers = {"Content-Type": "application/x-ndjson"}
            await client.post("/models/iris/predict", content=lines, headers=headers)
            return (await client.get("/metrics")).text

    assert number(asyncio.run(conversation()), "softmax_shadow_rows_total") == 1200
