"""Decisions by the name of a policy that is published with the model."""

import asyncio
import json
import shutil
from pathlib import Path

import httpx
import pytest

from service.api.policies import asked_policy
from service.api.served import Models
from service.app import create_app
from service.artifacts.loading import load_catalogue, load_version
from service.artifacts.policy_files import pack_policy
from service.artifacts.policy_store import PolicyStore
from service.artifacts.store import Store
from service.settings import Settings
from service.softmax.policies import ThresholdPolicy

CSV = "text/csv"
ARROW = "application/vnd.apache.arrow.stream"
NDJSON = "application/x-ndjson"
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.0, 2.7, 5.1, 1.6]]


class Service:
    """The application on a copy of the store, with policies of iris."""

    def __init__(self, root: Path) -> None:
        self.store = Store(root=root)
        self.policies = PolicyStore(root=root, model="iris")
        self.models = Models(load_catalogue(self.store).catalogue)
        self.app = create_app(self.models, Settings(models=root))

    def add(self, name: str, threshold: float) -> None:
        iris = load_version(self.store, "iris").artifact
        self.policies.add(name, pack_policy(ThresholdPolicy(threshold=threshold), iris))
        self.look_again()

    def look_again(self) -> None:
        held = self.models.served.catalogue
        self.models.exchange(load_catalogue(self.store, previous=held).catalogue)

    def decide(self, policy: object, path: str = "", accept: str = "*/*") -> httpx.Response:
        body = json.dumps({"instances": ROWS, "policy": policy}).encode()
        return self.post(f"/models/iris{path}/decide", body, "application/json", accept)

    def post(self, path: str, body: bytes, kind: str, accept: str = "*/*") -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                headers = {"Content-Type": kind, "Accept": accept}
                return await client.post(path, content=body, headers=headers)

        return asyncio.run(send())


@pytest.fixture
def service(store: Path, tmp_path: Path) -> Service:
    shutil.copytree(store, tmp_path / "models")
    return Service(tmp_path / "models")


def test_a_published_policy_decides_by_its_name_and_is_echoed_whole(service: Service) -> None:
    service.add("strict", 0.99)

    answer = service.decide("strict")
    spelled_out = service.decide({"type": "threshold", "threshold": 0.99}).json()

    assert answer.status_code == 200, answer.text
    body = answer.json()
    digest = service.policies.load("strict").digest
    assert body["policy"] == {
        "name": "strict",
        "version": 1,
        "digest": digest,
        "type": "threshold",
        "threshold": 0.99,
    }
    assert {**body, "policy": None} == {**spelled_out, "policy": None}
    assert service.decide("strict", path="/versions/1").json() == body


@pytest.mark.parametrize(
    ("body", "kind", "accept"),
    [
        (json.dumps({"instances": ROWS}).encode(), "application/json", "application/json"),
        (json.dumps({"instances": ROWS}).encode(), "application/json", CSV),
        (json.dumps({"instances": ROWS}).encode(), "application/json", ARROW),
        (json.dumps({"instances": ROWS}).encode(), "application/json", NDJSON),
        ("\n".join(map(str, ROWS)).encode(), NDJSON, "*/*"),
    ],
)
def test_answers_say_in_headers_which_policy_decided(
    service: Service, body: bytes, kind: str, accept: str
) -> None:
    service.add("strict", 0.5)
    service.add("strict", 0.99)
    digest = service.policies.load("strict").digest

    by_name = service.post("/models/iris/decide?policy=strict", body, kind, accept)
    by_default = service.post("/models/iris/decide", body, kind, accept)

    assert by_name.status_code == by_default.status_code == 200
    told = {name: value for name, value in by_name.headers.items() if "policy" in name}
    assert told == {
        "x-policy-name": "strict",
        "x-policy-version": "2",
        "x-policy-digest": digest,
    }
    assert not [name for name in by_default.headers if "policy" in name]


def test_a_stream_for_a_policy_that_is_not_there_is_refused_before_it_begins(
    service: Service,
) -> None:
    answer = service.post("/models/iris/decide?policy=strict", b"[1,2,3,4]", NDJSON)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/policy"]


def test_a_published_policy_is_bound_to_another_version_once(service: Service) -> None:
    service.add("strict", 0.99)
    held = service.models.served.catalogue.get("iris")
    candidate = service.models.served.catalogue.get("iris", 1).artifact

    published = asked_policy(held, "strict")

    assert published.decider_for(candidate) is published.decider_for(candidate)


def test_another_number_of_the_name_is_taken_up_without_a_restart(service: Service) -> None:
    service.add("strict", 0.99)
    service.add("strict", 0.0)

    after = service.decide("strict").json()
    service.policies.activate("strict", 1)
    service.look_again()
    back = service.decide("strict").json()

    assert (after["policy"]["version"], back["policy"]["version"]) == (2, 1)
    assert "abstain" not in after["decisions"]
    assert "abstain" in back["decisions"]
    assert after["probabilities"] == back["probabilities"]


def test_a_name_that_the_model_does_not_have_is_refused(service: Service) -> None:
    service.add("strict", 0.99)

    for name in ("loose", "../strict", "Strict"):
        answer = service.decide(name)

        assert answer.status_code == 422
        problem = answer.json()
        assert problem["type"] == "/problems/invalid_policy"
        assert [error["pointer"] for error in problem["errors"]] == ["/policy"]
        assert name not in answer.text


def test_a_policy_for_other_classes_than_the_version_s_is_refused(service: Service) -> None:
    service.store.publish("iris", service.store.read("demo", 1), activate=False)
    service.add("strict", 0.99)

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            body = {"instances": [[0.1, 0.2]], "policy": "strict"}
            return await client.post("/models/iris/versions/2/decide", json=body)

    answer = asyncio.run(send())

    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/invalid_policy"


def test_a_policy_whose_files_were_refused_is_not_available(service: Service) -> None:
    service.add("strict", 0.99)
    (service.policies.root / "iris/policies/strict/1.json").write_bytes(b"{}")
    fresh = Service(service.policies.root)

    kept, refused = service.decide("strict"), fresh.decide("strict")
    service.look_again()

    assert kept.status_code == 200
    assert service.decide("strict").status_code == 200
    assert refused.status_code == 503
    assert refused.json()["type"] == "/problems/model_unavailable"
    assert fresh.decide({"type": "argmax"}).status_code == 200


def picture(service: Service, query: str, **headers: str) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(f"/models/iris/regions.geojson?{query}", headers=headers)

    return asyncio.run(send())


def test_a_picture_shows_the_decisions_of_a_policy(service: Service) -> None:
    service.add("strict", 0.99)

    answer = picture(service, "policy=strict")
    same = picture(service, "threshold=0.99")

    assert answer.status_code == 200, answer.text
    assert answer.json()["undecided_share"] == same.json()["undecided_share"] > 0


def test_a_picture_of_a_policy_is_another_one_once_the_policy_is(service: Service) -> None:
    service.add("strict", 0.99)
    digest = service.models.served.catalogue.get("iris").artifact.digest
    first = picture(service, f"policy=strict&v={digest}")
    service.add("strict", 0.5)

    second = picture(
        service, f"policy=strict&v={digest}", **{"If-None-Match": first.headers["etag"]}
    )

    assert first.headers["cache-control"] == second.headers["cache-control"] == "public, no-cache"
    assert "immutable" in picture(service, f"v={digest}").headers["cache-control"]
    assert second.status_code == 200
    assert second.json()["undecided_share"] < first.json()["undecided_share"]


def test_a_picture_of_no_policy_of_the_model_is_refused(service: Service) -> None:
    for query in ("policy=strict", "policy=strict&threshold=0.5"):
        answer = picture(service, query)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/policy"
