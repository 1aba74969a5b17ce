"""A store in a bucket, on a real S3 server of this machine."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from service.artifacts.artifact import FILES
from service.artifacts.bucket import Bucket, Stored, open_bucket
from service.artifacts.loading import load_catalogue
from service.artifacts.mirror import wanted
from service.artifacts.opening import open_policies, open_store
from service.artifacts.store import Store
from service.errors import (
    ArtifactError,
    SettingsError,
    UnknownModelError,
    UnknownPolicyError,
    UnreadableError,
)
from service.server.watch import look
from service.settings import Settings
from tests.conftest import free_port, serving

CONTENT = dict.fromkeys(FILES, b"content")
ROW = {"instances": [[5.1, 3.5, 1.4, 0.2]]}
DEADLINE_S = 15.0


@pytest.fixture
def bucket(settings: Settings) -> Bucket:
    """The objects under the store."""
    return open_bucket(str(settings.models))


@pytest.fixture
def sound(store: Path) -> dict[str, bytes]:
    """The files of a model."""
    return Store(root=store).read("iris", 1)


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)  # the pause between two polls


def test_a_store_in_a_bucket_does_what_a_folder_does(
    settings: Settings, sound: dict[str, bytes]
) -> None:
    store = open_store(settings)
    assert store.names() == []

    assert [store.publish("iris", sound) for _ in range(3)] == [1, 2, 3]
    assert store.publish("iris", sound, activate=False) == 4
    assert (store.names(), store.versions("iris")) == (["iris"], [1, 2, 3, 4])
    assert store.active("iris") == 3
    store.activate("iris", 1)
    store.attach("iris", 1, "manifest.sig", b"one")
    store.attach("iris", 1, "manifest.sig", b"two")
    store.delete("iris", 4)
    assert store.publish("iris", sound, activate=False) == 5  # a number is not given again
    assert store.prune("iris", 1) == [2, 3]

    other = open_store(settings.model_copy(update={"models_cache": settings.models_cache / "b"}))  # type: ignore[operator]  # it is there
    for one in (store, other):
        assert one.versions("iris") == [1, 5]
        assert one.active("iris") == 1
        assert one.read("iris", 5) == sound
        assert one.read("iris", 1) == {**sound, "manifest.sig": b"two"}


def test_a_store_in_a_bucket_refuses_what_a_folder_refuses(settings: Settings) -> None:
    store = open_store(settings)
    store.publish("iris", CONTENT)

    with pytest.raises(ArtifactError, match="active version"):
        store.delete("iris", 1)
    with pytest.raises(UnknownModelError, match="no version 2"):
        store.activate("iris", 2)
    with pytest.raises(UnknownModelError):
        store.publish("../x", CONTENT)
    with pytest.raises(ArtifactError, match=r"expected manifest\.sig"):
        store.attach("iris", 1, "model.joblib", b"")
    with pytest.raises(ArtifactError, match="one version or more"):
        store.prune("iris", 0)


def test_publishers_at_one_time_get_versions_of_their_own(settings: Settings) -> None:
    def publish(index: int) -> int:
        own = {"models_cache": Path(f"{settings.models_cache}-{index}")}
        files = dict.fromkeys(FILES, bytes([index]))
        return open_store(settings.model_copy(update=own)).publish("iris", files)

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(publish, range(8)))

    store = open_store(settings)
    assert sorted(numbers) == list(range(1, 9))
    assert store.active("iris") == 8
    for index, number in enumerate(numbers):
        assert store.read("iris", number) == dict.fromkeys(FILES, bytes([index]))


def test_a_version_counts_from_its_last_file_on(
    settings: Settings, bucket: Bucket, sound: dict[str, bytes]
) -> None:
    open_store(settings).publish("iris", sound)
    for file in ("published.json", "model.joblib", "manifest.json"):
        bucket.write(f"iris/2/{file}", sound.get(file, b"{}"))
        assert open_store(settings).versions("iris") == [1]

    bucket.write("iris/2/manifest.sha256", sound["manifest.sha256"])

    assert open_store(settings).versions("iris") == [1, 2]
    bucket.write("iris/3/model.joblib", b"of a publisher that was killed")
    assert open_store(settings).publish("iris", sound) == 4


def test_nothing_is_fetched_twice_and_what_was_changed_here_is_fetched_again(
    settings: Settings, sound: dict[str, bytes]
) -> None:
    store = open_store(settings)
    store.publish("iris", sound)
    before = {path: path.stat().st_ino for path in store.root.rglob("*") if path.is_file()}

    open_store(settings)

    assert before == {path: path.stat().st_ino for path in store.root.rglob("*") if path.is_file()}
    (store.root / "iris" / "1" / "model.joblib").write_bytes(b"x")
    (store.root / "iris" / "ACTIVE").unlink()
    assert open_store(settings).read("iris", 1) == sound
    assert open_store(settings).active("iris") == 1


def test_what_is_gone_from_the_bucket_goes_here(
    settings: Settings, bucket: Bucket, sound: dict[str, bytes]
) -> None:
    store = open_store(settings)
    for name in ("iris", "wine"):
        store.publish(name, sound)
    for name in bucket.listing("wine"):
        bucket.delete(name)

    assert open_store(settings).names() == ["iris"]
    assert sorted(path.name for path in store.root.iterdir()) == [".index.json", "iris"]


@pytest.mark.parametrize(
    "name", [".hidden/ACTIVE", "Iris/ACTIVE", "iris/1/run.sh", "iris/01/model.joblib", "x"]
)
def test_objects_without_a_place_in_a_store_are_left_where_they_are(
    settings: Settings, endpoint: str, name: str
) -> None:
    root = open_store(settings).root
    folder = str(settings.models).removeprefix("s3://")
    assert httpx.put(f"{endpoint}/{folder}/{name}", content=b"x").is_success

    open_store(settings)

    assert list(root.iterdir()) == []


@pytest.mark.parametrize("name", ["%2E%2E/x/ACTIVE", "iris/%2E%2E/%2E%2E/ACTIVE"])
def test_an_object_whose_name_leads_elsewhere_is_never_written_there(
    settings: Settings, endpoint: str, name: str, tmp_path: Path
) -> None:
    open_store(settings)
    before = sorted(tmp_path.rglob("*"))
    folder = str(settings.models).removeprefix("s3://")
    assert httpx.put(f"{endpoint}/{folder}/{name}", content=b"x").is_success

    with pytest.raises(UnreadableError, match="invalid path"):
        open_store(settings)

    assert sorted(tmp_path.rglob("*")) == before
    listing = {"../x/ACTIVE": Stored(n_bytes=1, tag=None, generation=None)}
    assert wanted(listing) == {}


def test_policies_in_a_bucket_are_added_activated_signed_and_fetched(
    settings: Settings, bucket: Bucket, sound: dict[str, bytes]
) -> None:
    store = open_store(settings)
    store.publish("iris", sound)
    policies = open_policies(store, "iris")
    contents = [b"one", b"two", b"three"]

    numbers = [policies.add("strict", content) for content in contents[:2]]
    bucket.write("iris/policies/strict/3.sha256", b"of somebody who was killed")
    aside = policies.add("strict", contents[2], activate=False)

    assert (numbers, aside) == ([1, 2], 4)
    assert policies.active("strict") == 2
    policies.activate("strict", 1)
    policies.attach_signature("strict", 1, b"signed")
    elsewhere = settings.model_copy(update={"models_cache": Path(f"{settings.models_cache}-2")})
    for one in (policies, open_policies(open_store(elsewhere), "iris")):
        assert one.names() == ["strict"]
        assert one.numbers("strict") == [1, 2, 4]
        assert one.active("strict") == 1
        assert one.read("strict", 1)[0] == b"one"
        assert one.read("strict", 1)[2] == b"signed"
    with pytest.raises(UnknownPolicyError):
        policies.add("../x", b"")


def test_a_bucket_is_verified_like_a_folder(settings: Settings, sound: dict[str, bytes]) -> None:
    store = open_store(settings)
    store.publish("iris", sound)
    store.publish("iris", {**sound, "model.joblib": sound["model.joblib"] + b"x"})

    loading = load_catalogue(store)

    assert [one.version for one in loading.loaded] == [1]
    assert "the files differ" in loading.refused[0].reason


def test_a_bucket_that_does_not_answer_changes_no_answer_and_is_told_once(
    settings: Settings, sound: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(settings).publish("iris", sound)
    held = look(settings).catalogue
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    open_bucket.cache_clear()

    first = look(settings, held)
    second = look(settings, first.catalogue)

    assert first.catalogue.get("iris") is second.catalogue.get("iris") is held.get("iris")
    (refused,) = first.refused
    assert refused.name == "iris"
    assert "does not answer" in refused.reason
    assert "\n" not in refused.reason
    assert second.refused == ()
    with pytest.raises(UnreadableError):
        look(settings)
    monkeypatch.undo()
    open_bucket.cache_clear()


def test_a_place_for_copies_that_cannot_be_had_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SettingsError, match="SOFTMAX_MODELS_CACHE"):
        open_store(settings.model_copy(update={"models_cache": tmp_path / "file"}))


@pytest.mark.parametrize(
    "url", ["http://x/y", "s3://", "s3:///x", "ftp://x", "s3://a:b@c/d", "s3://x/y?a=b"]
)
def test_a_url_that_names_no_store_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^SOFTMAX_MODELS: .*expected a folder, or a URL"):
        Settings.read(models=url)


@pytest.mark.parametrize("url", ["gs://bucket/models", "az://container/models"])
def test_other_clouds_are_known(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")

    assert open_bucket(url).url == url
    open_bucket.cache_clear()


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)

    with pytest.raises(SettingsError, match=r"needs obstore.*softmax-service\[remote\]"):
        open_bucket("s3://bucket")


def test_an_environment_that_does_not_fit_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)

    with pytest.raises(SettingsError, match=r"az://container cannot be opened: .*Account must"):
        open_bucket("az://container")


def test_the_commands_and_a_service_work_on_a_bucket_and_follow_it(
    settings: Settings, cloud: dict[str, str], environment: dict[str, str], tmp_path: Path
) -> None:
    url = str(settings.models)
    variables = environment | cloud | {"SOFTMAX_RELOAD_SECONDS": "0.1"}
    variables |= {"SOFTMAX_WORKERS": "2", "XDG_CACHE_HOME": str(tmp_path / "home")}

    def softmax(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "service", *arguments],
            env=variables | {"SOFTMAX_MODELS": url},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    trained = softmax("train", "iris")
    assert "published iris@1" in trained
    assert f"{url}/iris/1/report.html" in trained
    assert "iris@1 is sound" in softmax("models", "verify", "iris")
    assert f"Models in {url}" in softmax("models", "list")
    with serving(url, variables, tmp_path) as address:

        def version() -> int:
            answer = httpx.post(f"{address}/models/iris/predict_proba", json=ROW)
            found: int = answer.json()["model"]["version"]
            return found

        assert version() == 1
        store = open_store(settings)
        store.publish("iris", store.read("iris", 1))
        eventually(lambda: all(version() == 2 for _ in range(10)))
        store.activate("iris", 1)
        eventually(lambda: all(version() == 1 for _ in range(10)))
    assert os.listdir(tmp_path / "home" / "softmax-service")  # noqa: PTH208 - that it is not empty
