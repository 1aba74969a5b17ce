"""Looking at the store again: what is taken up, what is kept, what is refused."""

import shutil
from pathlib import Path

import pytest

from service.artifacts.catalogue import Catalogue, Refused
from service.artifacts.loading import Loading, load_catalogue
from service.artifacts.signing import generate_key_pair, read_trusted_keys, sign_manifest
from service.artifacts.store import Store
from service.errors import SettingsError
from service.server.watch import look
from service.settings import Settings


@pytest.fixture
def copy(store: Path, tmp_path: Path) -> Store:
    """A copy of the store with two versions of iris; the first is active."""
    shutil.copytree(store, tmp_path / "models")
    copied = Store(root=tmp_path / "models")
    copied.publish("iris", copied.read("iris", 1), activate=False)
    return copied


def served(catalogue: Catalogue) -> dict[str, int | None]:
    return {name: entry.active for name, entry in catalogue.models.items() if entry.is_ready}


def damage(store: Store, name: str, version: int) -> None:
    with (store.root / name / str(version) / "model.joblib").open("r+b") as file:
        file.write(b"x")


def again(store: Store, loading: Loading) -> Loading:
    return load_catalogue(store, previous=loading.catalogue)


def test_a_look_at_an_unchanged_store_changes_nothing(copy: Store) -> None:
    first = load_catalogue(copy)

    second = again(copy, first)

    assert not second.is_change
    assert second.catalogue.get("iris") is first.catalogue.get("iris")


def test_what_is_activated_answers(copy: Store) -> None:
    first = load_catalogue(copy)

    copy.activate("iris", 2)

    second = again(copy, first)
    assert served(second.catalogue) == {"demo": 1, "iris": 2}
    assert [(one.name, one.version) for one in second.activated] == [("iris", 2)]
    assert second.catalogue.get("iris", 1) is first.catalogue.get("iris", 1)


def test_a_version_that_appears_is_served_and_one_that_goes_is_not(copy: Store) -> None:
    first = load_catalogue(copy)
    copy.publish("iris", copy.read("iris", 1), activate=False)
    copy.delete("iris", 2)

    second = again(copy, first)

    assert list(second.catalogue.models["iris"].versions) == [1, 3]
    assert [one.version for one in second.loaded] == [3]


def test_a_model_that_appears_is_served(copy: Store) -> None:
    first = load_catalogue(copy)

    copy.publish("wine", copy.read("iris", 1))

    assert served(again(copy, first).catalogue) == {"demo": 1, "iris": 1, "wine": 1}


def test_a_damaged_new_version_leaves_the_old_one_answering(copy: Store) -> None:
    first = load_catalogue(copy)
    copy.publish("iris", copy.read("iris", 1))
    damage(copy, "iris", 3)

    second = again(copy, first)

    assert served(second.catalogue) == {"demo": 1, "iris": 1}
    assert [(one.name, one.version) for one in second.refused] == [("iris", 3)]


def test_a_refusal_is_told_once_until_the_files_change(copy: Store) -> None:
    first = load_catalogue(copy)
    files = copy.read("iris", 1)
    copy.publish("iris", files)
    damage(copy, "iris", 3)
    second = again(copy, first)

    third = again(copy, second)
    (copy.root / "iris" / "3" / "model.joblib").write_bytes(files["model.joblib"])
    fourth = again(copy, third)

    assert not third.is_change
    assert served(fourth.catalogue)["iris"] == 3
    assert [one.version for one in fourth.activated] == [3]


@pytest.mark.parametrize("harm", ["bytes", "file", "version", "model", "store", "ACTIVE"])
def test_what_is_verified_is_served_whatever_becomes_of_its_files(copy: Store, harm: str) -> None:
    first = load_catalogue(copy)
    if harm == "bytes":
        damage(copy, "iris", 1)
    elif harm == "file":
        (copy.root / "iris" / "1" / "manifest.json").unlink()
    elif harm == "version":
        shutil.rmtree(copy.root / "iris" / "1")
    elif harm == "model":
        shutil.rmtree(copy.root / "iris")
    elif harm == "store":
        shutil.rmtree(copy.root)
    else:
        (copy.root / "iris" / "ACTIVE").write_text("x")

    second = again(copy, first)

    assert served(second.catalogue) == {"demo": 1, "iris": 1}
    assert second.catalogue.get("iris") is first.catalogue.get("iris")
    assert not again(copy, second).is_change


def test_at_the_start_nothing_stands_in_for_a_damaged_active_version(copy: Store) -> None:
    damage(copy, "iris", 1)

    catalogue = load_catalogue(copy).catalogue

    assert served(catalogue) == {"demo": 1}
    assert isinstance(catalogue.models["iris"].versions[1], Refused)


def test_the_default_model_stays_the_default_when_others_appear(copy: Store) -> None:
    shutil.rmtree(copy.root / "demo")
    first = load_catalogue(copy)

    copy.publish("demo", copy.read("iris", 1))

    assert first.catalogue.default == "iris"
    assert again(copy, first).catalogue.default == "iris"


class TestSignatures:
    """A store of which only signed models are served."""

    @pytest.fixture
    def pairs(self, tmp_path: Path) -> tuple[bytes, bytes]:
        """The private halves of an old and a new key, both trusted."""
        old, new = generate_key_pair(), generate_key_pair()
        (tmp_path / "keys").mkdir()
        (tmp_path / "keys" / "old.pub").write_bytes(old.public_pem)
        (tmp_path / "keys" / "new.pub").write_bytes(new.public_pem)
        return old.private_pem, new.private_pem

    def refusals(self, store: Store, keys: Path) -> dict[str, str]:
        loading = load_catalogue(store, trusted=read_trusted_keys(keys))
        return {f"{one.name}@{one.version}": one.reason for one in loading.refused}

    def sign(self, store: Store, name: str, version: int, key: bytes, under: str = "") -> None:
        manifest = store.read(name, version)["manifest.json"]
        store.attach(name, version, "manifest.sig", sign_manifest(under or name, manifest, key))

    def test_only_what_a_trusted_key_signed_is_served(
        self, copy: Store, pairs: tuple[bytes, bytes], tmp_path: Path
    ) -> None:
        self.sign(copy, "demo", 1, pairs[0])
        self.sign(copy, "iris", 1, pairs[1])

        refused = self.refusals(copy, tmp_path / "keys")

        assert list(refused) == ["iris@2"]
        assert "manifest.sig is missing" in refused["iris@2"]

    def test_another_key_another_name_and_another_manifest_are_refused(
        self, copy: Store, pairs: tuple[bytes, bytes], tmp_path: Path
    ) -> None:
        self.sign(copy, "demo", 1, generate_key_pair().private_pem)
        self.sign(copy, "iris", 1, pairs[0], under="demo")
        other = sign_manifest("iris", copy.read("demo", 1)["manifest.json"], pairs[0])
        copy.attach("iris", 2, "manifest.sig", other)

        refused = self.refusals(copy, tmp_path / "keys")

        assert list(refused) == ["demo@1", "iris@1", "iris@2"]
        assert all("no signature of a trusted key" in reason for reason in refused.values())

    def test_a_retired_key_is_trusted_no_more(
        self, copy: Store, pairs: tuple[bytes, bytes], tmp_path: Path
    ) -> None:
        self.sign(copy, "demo", 1, pairs[0])
        (tmp_path / "keys" / "old.pub").unlink()

        assert "demo@1" in self.refusals(copy, tmp_path / "keys")

    def test_a_new_key_makes_what_it_signed_acceptable_without_a_change_of_the_files(
        self, copy: Store, pairs: tuple[bytes, bytes], tmp_path: Path
    ) -> None:
        keys = tmp_path / "keys"
        (keys / "new.pub").rename(tmp_path / "new.pub")
        for name, version in (("demo", 1), ("iris", 1), ("iris", 2)):
            self.sign(copy, name, version, pairs[name == "iris"])
        first = load_catalogue(copy, trusted=read_trusted_keys(keys))
        assert served(first.catalogue) == {"demo": 1}

        (tmp_path / "new.pub").rename(keys / "new.pub")
        second = load_catalogue(copy, trusted=read_trusted_keys(keys), previous=first.catalogue)

        assert served(second.catalogue) == {"demo": 1, "iris": 1}

    def test_keys_that_cannot_be_read_name_every_model_once_and_change_no_answer(
        self, copy: Store, pairs: tuple[bytes, bytes], tmp_path: Path
    ) -> None:
        for name, version in (("demo", 1), ("iris", 1), ("iris", 2)):
            self.sign(copy, name, version, pairs[0])
        settings = Settings(models=copy.root, trusted_keys=tmp_path / "keys")
        first = look(settings)
        shutil.rmtree(tmp_path / "keys")

        second = look(settings, first.catalogue)
        third = look(settings, second.catalogue)

        assert [one.name for one in second.refused] == ["demo", "iris"]
        assert all("trusted keys" in one.reason for one in second.refused)
        assert served(third.catalogue) == {"demo": 1, "iris": 1}
        assert not third.is_change
        (tmp_path / "keys").mkdir()
        assert look(settings, third.catalogue).is_change  # another reason is told again

    def test_without_keys_that_can_be_read_nothing_starts(
        self, copy: Store, tmp_path: Path
    ) -> None:
        with pytest.raises(SettingsError, match="trusted keys"):
            look(Settings(models=copy.root, trusted_keys=tmp_path / "none"))
