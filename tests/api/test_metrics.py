"""`/metrics`, read by Prometheus's own parser."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.api.metrics.families import FAMILIES
from service.api.metrics.recorder import LEFT
from service.api.served import Models
from service.app import create_app
from service.artifacts.loading import load_catalogue
from service.artifacts.opening import open_store
from service.artifacts.store import Store
from service.settings import Settings
from tests.api.conftest import asker

Ask = Callable[..., httpx.Response]
Labels = dict[str, str]

ROW = {"instances": [[5.1, 3.5, 1.4, 0.2]]}


def scraped(ask: Ask) -> dict[str, list[tuple[Labels, float]]]:
    """Give every sample by its name."""
    samples: dict[str, list[tuple[Labels, float]]] = {}
    for family in text_string_to_metric_families(ask("GET", "/metrics").text):
        for sample in family.samples:
            samples.setdefault(sample.name, []).append((sample.labels, sample.value))
    return samples


def test_requests_are_counted_by_template_method_and_status(ask: Ask) -> None:
    for _ in range(3):
        ask("POST", "/models/iris/predict", json=ROW)
    ask("POST", "/models/iris/predict", content=b"{")
    ask("GET", "/models/iris/predict")
    ask("HEAD", "/models/iris/versions/1")

    counted = {
        (labels["route"], labels["method"], labels["status"]): number
        for labels, number in scraped(ask)["softmax_requests_total"]
    }

    assert counted == {
        ("/models/{name}/predict", "POST", "200"): 3,
        ("/models/{name}/predict", "POST", "415"): 1,
        ("/models/{name}/predict", "GET", "405"): 1,
        ("/models/{name}/versions/{version}", "HEAD", "200"): 1,
    }


def test_every_family_is_told_of_and_typed(ask: Ask) -> None:
    ask("POST", "/models/iris/predict", json=ROW)
    answer = ask("GET", "/metrics")

    families = {family.name: family for family in text_string_to_metric_families(answer.text)}

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    # The parser takes the ending of counters off.
    assert families.keys() == {name.removesuffix("_total") for name in FAMILIES}
    for name, family in FAMILIES.items():
        assert families[name.removesuffix("_total")].type == family.kind
        assert families[name.removesuffix("_total")].documentation == family.text


HISTOGRAMS: list[tuple[str, Labels, int]] = [
    ("softmax_request_duration_seconds", {"route": "/predict"}, 16),
    ("softmax_phase_duration_seconds", {"phase": "read"}, 15),
    ("softmax_phase_duration_seconds", {"phase": "validate"}, 15),
    ("softmax_phase_duration_seconds", {"phase": "predict"}, 15),
    ("softmax_phase_duration_seconds", {"phase": "encode"}, 15),
]


@pytest.mark.parametrize(("name", "labels", "n_buckets"), HISTOGRAMS)
def test_a_histogram_counts_each_request_in_every_bucket_above_it(
    ask: Ask, name: str, labels: Labels, n_buckets: int
) -> None:
    for _ in range(5):
        ask("POST", "/predict", json={"instances": [[0.4, -1.9]]})

    samples = scraped(ask)

    found = [
        (float(sample["le"]), height)
        for sample, height in samples[f"{name}_bucket"]
        if labels.items() <= sample.items()
    ]
    heights = [height for _, height in found]
    (total,) = (number for sample, number in samples[f"{name}_sum"] if sample == labels)
    bounds = [bound for bound, _ in found]
    assert len(found) == n_buckets
    assert bounds == sorted(bounds)
    assert bounds[-1] == float("inf")
    assert heights == sorted(heights)
    assert heights[-1] == 5
    assert (labels, 5) in samples[f"{name}_count"]
    # Each of the five lies between the bound below its bucket and its bucket's own.
    counts = [above - below for below, above in zip([0.0, *heights], heights, strict=False)]
    least = sum(n * low for n, low in zip(counts, [0.0, *bounds], strict=False))
    most = sum(n * high for n, high in zip(counts, bounds, strict=True) if n)
    assert least < total <= most


def test_predictions_are_counted_by_model_and_class(ask: Ask) -> None:
    rows = {"instances": [[5.1, 3.5, 1.4, 0.2], [6.3, 2.9, 5.6, 1.8], [5.0, 3.4, 1.5, 0.2]]}
    ask("POST", "/models/iris/predict_proba", json=rows)
    ask("POST", "/models/iris/predict", json=rows)

    counted = {
        (labels["model"], labels["class"]): number
        for labels, number in scraped(ask)["softmax_predictions_total"]
    }

    assert counted == {
        ("iris", "setosa"): 4,
        ("iris", "versicolor"): 0,
        ("iris", "virginica"): 2,
    }


def test_bodies_are_counted_in_bytes(ask: Ask) -> None:
    body = b'{"instances": [[0.4, -1.9]]}'
    answer = ask("POST", "/predict", content=body, headers={"content-type": "application/json"})
    ask("HEAD", "/model")

    samples = scraped(ask)

    assert samples["softmax_request_body_bytes_total"] == [({}, len(body))]
    assert samples["softmax_response_body_bytes_total"] == [({}, len(answer.content))]


def test_models_are_told_of_with_version_digest_and_readiness(ask: Ask) -> None:
    model = ask("GET", "/models/iris").json()["model"]

    samples = scraped(ask)

    labels = {"model": "iris", "version": "1", "digest": model["digest"]}
    assert (labels, 1) in samples["softmax_model_info"]
    assert ({"model": "iris"}, 1) in samples["softmax_model_ready"]
    assert ({"model": "iris"}, 0) in samples["softmax_model_reload_failures_total"]


def test_the_age_of_a_model_begins_anew_with_another_version_only(
    store: Path, tmp_path: Path
) -> None:
    copy = Store(root=Path(shutil.copytree(store, tmp_path / "models")))
    loaded = load_catalogue(copy, None).catalogue
    models = Models(loaded)
    since = dict(models.served.since)
    copy.publish("iris", {**copy.read("demo", 1)})

    models.exchange(load_catalogue(copy, None, previous=loaded).catalogue)

    after = models.served.since
    demo = models.served.catalogue.get("demo").artifact.digest
    assert after[demo] == since[demo]


def test_a_damaged_model_is_not_ready_and_has_no_version(store: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(store, tmp_path / "models"))
    (root / "iris" / "1" / "model.joblib").write_bytes(b"x")

    samples = scraped(asker(Settings(models=root), None))

    assert ({"model": "iris"}, 0) in samples["softmax_model_ready"]
    assert [labels["model"] for labels, _ in samples["softmax_model_info"]] == ["demo"]


def test_whatever_clients_send_there_are_few_series(ask: Ask) -> None:
    ask("GET", "/healthz")
    before = len(ask("GET", "/metrics").text.splitlines())

    for i in range(400):
        ask("GET", f"/nothing/{i}?q={i}", headers={"x-request-id": f"r{i}", "x-api-key": f"{i}"})
    for i in range(50):
        ask(f"METHOD{i}", "/healthz")
        ask("POST", f"/models/m{i}/predict", json=ROW)
        ask("GET", f"/models/iris/versions/{i + 2}")

    after = ask("GET", "/metrics").text.splitlines()
    assert len(after) - before < 100
    assert not [line for line in after if "METHOD" in line or "m7" in line or "nothing" in line]


def test_a_client_that_leaves_early_is_no_failure_of_the_service(settings: Settings) -> None:
    app = create_app(Models(load_catalogue(open_store(settings), None).catalogue), settings)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/predict",
        "raw_path": b"/predict",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"100")],
    }

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        pass

    asyncio.run(app(scope, receive, send))
    transport = httpx.ASGITransport(app)

    async def scrape() -> str:
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return (await client.get("/metrics")).text

    series = f'softmax_requests_total{{route="/predict",method="POST",status="{LEFT}"}} 1'
    assert series in asyncio.run(scrape())


@pytest.mark.parametrize("query", ["?a=1", "?name[]=x"])
def test_the_page_takes_no_parameters(ask: Ask, query: str) -> None:
    assert ask("GET", "/metrics" + query).status_code == 422
