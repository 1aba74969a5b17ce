"""The store: versions that never change, and what it does not read."""

import contextlib
import errno
import fcntl
import json
import os
import shutil
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.artifacts.artifact import FILES
from service.artifacts.loading import load_catalogue
from service.artifacts.store import Store
from service.errors import ArtifactError, ModelUnavailableError, UnknownModelError

CONTENT = dict.fromkeys(FILES, b"content")


@pytest.fixture
def empty(tmp_path: Path) -> Store:
    return Store(root=tmp_path / "models")


def test_a_store_that_does_not_exist_holds_no_models(empty: Store) -> None:
    assert empty.names() == []


def test_versions_count_up_and_the_newest_answers(empty: Store) -> None:
    numbers = [empty.publish("iris", CONTENT) for _ in range(11)]

    assert numbers == empty.versions("iris") == list(range(1, 12))
    assert empty.active("iris") == 11


def test_a_version_can_be_published_without_answering(empty: Store) -> None:
    empty.publish("iris", CONTENT, activate=False)  # the first one has to answer
    empty.publish("iris", CONTENT, activate=False)

    assert empty.active("iris") == 1


def test_an_older_version_can_answer_again(empty: Store) -> None:
    empty.publish("iris", CONTENT)
    empty.publish("iris", CONTENT)

    empty.activate("iris", 1)

    assert empty.active("iris") == 1
    assert empty.read("iris", 1) == CONTENT


def test_a_model_appears_with_what_answers_or_not_at_all(empty: Store) -> None:
    (empty.root / "iris").mkdir(parents=True)
    (empty.root / "notes").mkdir()

    assert empty.names() == []
    empty.publish("iris", CONTENT)
    assert empty.names() == ["iris"]
    assert empty.active("iris") == 1


def test_what_a_publisher_left_that_was_killed_goes_when_it_is_old(empty: Store) -> None:
    for folder in (empty.root, empty.root / "iris"):
        (folder / ".new-old" / "1").mkdir(parents=True)
        (folder / ".new-fresh").mkdir()
        os.utime(folder / ".new-old", (0, 0))
    (empty.root / "iris" / ".ACTIVE-old").touch()
    os.utime(empty.root / "iris" / ".ACTIVE-old", (0, 0))

    empty.publish("iris", CONTENT)

    left = {path.name for folder in (empty.root, empty.root / "iris") for path in folder.iterdir()}
    assert left == {"iris", ".new-fresh", "1", "ACTIVE"}


def test_publishing_mends_an_active_file_that_names_nothing(empty: Store) -> None:
    empty.publish("iris", CONTENT)
    (empty.root / "iris" / "ACTIVE").write_text("x")

    empty.publish("iris", CONTENT)

    assert empty.active("iris") == 2


def test_publishers_at_one_time_get_versions_of_their_own(empty: Store) -> None:
    contents = [dict.fromkeys(FILES, bytes([i])) for i in range(16)]

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda content: empty.publish("iris", content), contents))

    assert sorted(numbers) == list(range(1, 17))
    assert empty.active("iris") == 16
    for number, content in zip(numbers, contents, strict=True):
        assert empty.read("iris", number) == content


def test_what_is_activated_is_not_deleted_by_somebody_else_at_that_moment(empty: Store) -> None:
    for _ in range(40):
        empty.publish("iris", CONTENT, activate=False)

    def change(number: int) -> None:
        with contextlib.suppress(ArtifactError, UnknownModelError):
            if number % 2:
                empty.activate("iris", 1 + number // 2)
            else:
                empty.delete("iris", 1 + number // 2)

    for turn in range(0, 80, 4):  # whoever comes first, the two of a pair never both succeed
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(change, range(turn, turn + 4)))
        assert empty.active("iris") in empty.versions("iris")

    assert 0 < len(empty.versions("iris")) < 40


def test_a_file_system_without_locks_is_written_without_them(
    empty: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)

    empty.publish("iris", CONTENT)
    empty.publish("iris", CONTENT)
    empty.activate("iris", 1)

    assert empty.active("iris") == 1


def test_nothing_is_left_beside_the_versions(empty: Store) -> None:
    empty.publish("iris", CONTENT)

    assert sorted(path.name for path in (empty.root / "iris").iterdir()) == ["1", "ACTIVE"]


def test_the_time_of_publishing_stands_beside_the_files(empty: Store) -> None:
    empty.publish("iris", CONTENT)

    published = json.loads((empty.root / "iris" / "1" / "published.json").read_bytes())
    assert list(published) == ["published_at"]


def test_files_for_people_stand_beside_and_never_in_the_place_of_others(empty: Store) -> None:
    beside = {"report.html": b"<p>", "model.joblib": b"other", "published.json": b"other"}

    empty.publish("iris", CONTENT, beside=beside)

    folder = empty.root / "iris" / "1"
    assert (folder / "report.html").read_bytes() == b"<p>"
    assert empty.read("iris", 1) == CONTENT
    assert "published_at" in json.loads((folder / "published.json").read_bytes())


@pytest.mark.parametrize(
    "name", ["", "..", ".", "../x", "a/b", "/etc", "Iris", "-x", ".x", "a" * 64, "é", "a\n", "a\0"]
)
def test_a_name_never_becomes_another_path(empty: Store, name: str) -> None:
    for call in (empty.versions, empty.active, lambda n: empty.publish(n, CONTENT)):
        with pytest.raises(UnknownModelError):
            call(name)


def test_a_version_that_is_not_there_is_named(empty: Store) -> None:
    empty.publish("iris", CONTENT)

    with pytest.raises(UnknownModelError, match=r"no version 2 .*versions: 1"):
        empty.read("iris", 2)
    with pytest.raises(UnknownModelError, match="no version 2"):
        empty.activate("iris", 2)


@pytest.mark.parametrize("text", ["", "x", "0", "-1", "1e3", "../1", "99999999999"])
def test_an_active_file_without_a_version_is_refused(empty: Store, text: str) -> None:
    empty.publish("iris", CONTENT)
    (empty.root / "iris" / "ACTIVE").write_text(text)

    with pytest.raises(ArtifactError, match="version number"):
        empty.active("iris")


def test_a_link_inside_the_store_is_followed(empty: Store) -> None:
    empty.publish("iris", CONTENT)
    (empty.root / "iris" / "2").symlink_to("1")

    assert empty.read("iris", 2) == CONTENT


def test_a_volume_of_kubernetes_is_read_through_its_links(empty: Store, tmp_path: Path) -> None:
    made = Store(root=tmp_path / "made")
    made.publish("iris", CONTENT)
    # As the kubelet lays a volume out: files in a folder named by time, a link to that folder
    # which is exchanged at one instant, and a link for each name that leads through it.
    (empty.root / "..2026_11_22").mkdir(parents=True)
    shutil.copytree(made.root / "iris", empty.root / "..2026_11_22" / "iris")
    (empty.root / "..data").symlink_to("..2026_11_22")
    (empty.root / "iris").symlink_to("..data/iris")
    assert empty.names() == ["iris"]
    assert empty.read("iris", empty.active("iris")) == CONTENT

    shutil.copytree(empty.root / "..2026_11_22", empty.root / "..2026_11_23")
    (empty.root / "..2026_11_23" / "iris" / "1").rename(empty.root / "..2026_11_23" / "iris" / "2")
    (empty.root / "..2026_11_23" / "iris" / "ACTIVE").write_text("2\n")
    (empty.root / "..data_tmp").symlink_to("..2026_11_23")
    (empty.root / "..data_tmp").replace(empty.root / "..data")
    shutil.rmtree(empty.root / "..2026_11_22")

    assert empty.versions("iris") == [2]
    assert empty.read("iris", empty.active("iris")) == CONTENT


def test_links_in_a_circle_are_refused(empty: Store) -> None:
    empty.publish("iris", CONTENT)
    (empty.root / "iris" / "1" / "model.joblib").unlink()
    (empty.root / "iris" / "1" / "model.joblib").symlink_to("model.joblib")

    with pytest.raises(ArtifactError, match=r"model\.joblib"):
        empty.read("iris", 1)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full"])
def test_a_device_is_refused(empty: Store, device: str) -> None:
    empty.publish("iris", CONTENT)
    file = empty.root / "iris" / "1" / "model.joblib"
    file.unlink()
    try:
        os.mknod(file, 0o644 | stat.S_IFCHR, Path(device).stat().st_rdev)
    except PermissionError:
        file.symlink_to(device)

    with pytest.raises(ArtifactError, match=r"plain file|inside the store"):
        empty.read("iris", 1)


def test_a_link_out_of_the_store_is_refused(empty: Store, tmp_path: Path) -> None:
    empty.publish("iris", CONTENT)
    (tmp_path / "outside").write_bytes(b"secret")
    (empty.root / "iris" / "1" / "model.joblib").unlink()
    (empty.root / "iris" / "1" / "model.joblib").symlink_to(tmp_path / "outside")

    with pytest.raises(ArtifactError, match="inside the store"):
        empty.read("iris", 1)


def test_a_pipe_is_refused_without_waiting_for_a_writer(empty: Store) -> None:
    empty.publish("iris", CONTENT)
    (empty.root / "iris" / "1" / "model.joblib").unlink()
    os.mkfifo(empty.root / "iris" / "1" / "model.joblib")

    with pytest.raises(ArtifactError, match="plain file"):
        empty.read("iris", 1)


def test_a_sparse_giant_is_refused_without_reading_it(empty: Store) -> None:
    empty.publish("iris", CONTENT)
    os.truncate(empty.root / "iris" / "1" / "model.joblib", 10 * 2**30)

    with pytest.raises(ArtifactError, match="at most"):
        empty.read("iris", 1)


def test_a_missing_file_is_named_without_the_path_of_the_store(empty: Store) -> None:
    empty.publish("iris", CONTENT)
    (empty.root / "iris" / "1" / "manifest.json").unlink()

    with pytest.raises(ArtifactError) as refusal:
        empty.read("iris", 1)

    assert "iris/1/manifest.json" in str(refusal.value)
    assert str(empty.root) not in str(refusal.value)


def test_published_sums_can_be_checked_with_sha256sum(store: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "-c", "manifest.sha256"],
        cwd=store / "iris" / "1",
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0
    assert done.stdout == "manifest.json: OK\nmodel.joblib: OK\n"


def test_a_damaged_model_is_set_apart_and_the_rest_is_served(empty: Store, store: Path) -> None:
    sound = Store(root=store)
    for name in ("demo", "iris"):
        empty.publish(name, sound.read(name, 1))
    with (empty.root / "iris" / "1" / "model.joblib").open("r+b") as file:
        file.write(b"x")

    catalogue = load_catalogue(empty).catalogue

    assert catalogue.get().name == "demo"
    assert not catalogue.models["iris"].is_ready
    with pytest.raises(ModelUnavailableError):
        catalogue.get("iris")
    with pytest.raises(UnknownModelError):
        catalogue.get("wine")


def test_the_only_model_is_the_default_one(empty: Store, store: Path) -> None:
    empty.publish("iris", Store(root=store).read("iris", 1))

    assert load_catalogue(empty).catalogue.get().name == "iris"
