"""The system fails at the first call, then at the second, and so on, until nothing fails.

Calls are counted and made to fail where Python hands them to the system: in ``os`` and in
the ``open`` of files. What is under test is all of ours.
"""

import builtins
import errno
import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from service.artifacts.loading import load_version
from service.artifacts.policy_files import pack_policy, signed_name
from service.artifacts.policy_store import PolicyStore
from service.artifacts.signing import generate_key_pair, sign_manifest
from service.artifacts.store import Store
from service.errors import ServiceError
from service.server.watch import look
from service.settings import Settings
from service.softmax.policies import ThresholdPolicy

MOST_CALLS = 400
OPEN = ("open", "mkdir", "scandir", "listdir")
OTHERS = ("write", "fsync", "rename", "replace", "unlink", "chmod", "fstat", "stat")
ERRORS = [
    pytest.param(lambda: OSError(errno.EIO, "Input/output error"), id="EIO"),
    pytest.param(MemoryError, id="MemoryError"),
]


class _File(io.FileIO):
    """A plain file that counts what is read and written."""

    fault: "Fault"

    def read(self, size: int | None = -1, /) -> Any:
        self.fault.count()
        return super().read(size)

    def readall(self) -> Any:
        self.fault.count()
        return super().readall()

    def readinto(self, buffer: Any, /) -> Any:
        self.fault.count()
        return super().readinto(buffer)

    def write(self, content: Any, /) -> Any:
        self.fault.count()
        return super().write(content)


@dataclass
class Fault:
    """Lets the calls before one number through, and makes those from it on fail, or only it."""

    at: int
    error: Callable[[], BaseException]
    lasts: bool
    seen: int = 0

    def count(self) -> None:
        self.seen += 1
        if self.seen == self.at or (self.lasts and self.seen > self.at):
            raise self.error()

    @property
    def struck(self) -> bool:
        return self.seen >= self.at


@contextmanager
def failing(fault: Fault) -> Iterator[Fault]:
    """Put the fault between Python and the system."""

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: object, **options: object) -> Any:
            fault.count()
            return call(*arguments, **options)

        return wrapped

    def opened(file: object, mode: str = "r", *arguments: object, **options: object) -> Any:
        fault.count()
        if "b" not in mode:
            return plain_open(file, mode, *arguments, **options)  # type: ignore[call-overload]  # as it came
        kind = type("_Counted", (_File,), {"fault": fault})
        raw = kind(file, mode.replace("b", ""))
        return io.BufferedReader(raw) if "r" in mode else io.BufferedWriter(raw)

    plain_open = builtins.open
    with pytest.MonkeyPatch.context() as patch:
        for name in (*OPEN, *OTHERS):
            patch.setattr(os, name, counted(getattr(os, name)))
        patch.setattr(io, "open", opened)
        patch.setattr(builtins, "open", opened)
        yield fault


Change = Callable[[Store], object]
KEY = generate_key_pair()


def publish_first(store: Store) -> None:
    store.publish("wine", store.read("demo", 1))


def publish_next(store: Store) -> None:
    store.publish("iris", store.read("demo", 1))


def publish_aside(store: Store) -> None:
    store.publish("iris", store.read("demo", 1), activate=False)


def activate(store: Store) -> None:
    store.activate("iris", 2)


def delete(store: Store) -> None:
    store.delete("iris", 2)


def sign(store: Store) -> None:
    manifest = store.read("iris", 2)["manifest.json"]
    store.attach("iris", 2, "manifest.sig", sign_manifest("iris", manifest, KEY.private_pem))


def add_first_policy(store: Store) -> None:
    PolicyStore(root=store.root, model="iris").add("new", b"{}")


def add_next_policy(store: Store) -> None:
    PolicyStore(root=store.root, model="demo").add("strict", b"{}")


def activate_policy(store: Store) -> None:
    PolicyStore(root=store.root, model="demo").activate("strict", 2)


CHANGES = [
    *(publish_first, publish_next, publish_aside, activate, delete, sign),
    *(add_first_policy, add_next_policy, activate_policy),
]

Contents = dict[str, tuple[int, dict[int, object]]]


def contents(store: Store) -> Contents:
    """All that a store holds; reading it fails where anything is half there."""
    found: Contents = {}
    for name in store.names():
        versions = {version: store.read(name, version) for version in store.versions(name)}
        found[name] = (store.active(name), dict(versions))
        policies = PolicyStore(root=store.root, model=name)
        for policy in policies.names():
            numbers = {number: policies.read(policy, number) for number in policies.numbers(policy)}
            found[f"{name}/{policy}"] = (policies.active(policy), dict(numbers))
    return found


def unnumbered(store: Store) -> list[tuple[str, object, int]]:
    """What a store holds, what answers, how many versions; a try may cost a number."""
    return [
        (name, _answering(versions[active]), len(versions))
        for name, (active, versions) in contents(store).items()
    ]


def _answering(files: object) -> object:
    """Leave out the sums of a policy, which name its number."""
    return files[0] if isinstance(files, tuple) else files


@pytest.fixture
def start(store: Path, tmp_path: Path) -> Store:
    """A store with two versions of iris, of which the first is active."""
    copied = Store(root=Path(shutil.copytree(store, tmp_path / "start")))
    copied.publish("iris", copied.read("iris", 1), activate=False)
    demo = load_version(copied, "demo").artifact
    policies = PolicyStore(root=copied.root, model="demo")
    for threshold in (0.9, 0.5):
        policy = pack_policy(ThresholdPolicy(threshold=threshold), demo)
        policies.add("strict", policy, activate=False)
    return copied


def after_each_failure(
    start: Store, change: Change, error: Callable[[], BaseException], *, lasts: bool
) -> Iterator[Store]:
    """Make the change with a fault at its first call, its second, and so on, each time anew."""
    for at in range(1, MOST_CALLS):
        store = Store(root=Path(shutil.copytree(start.root, start.root.with_name(str(at)))))
        fault = Fault(at=at, error=error, lasts=lasts)
        failure: Exception | None = None
        with failing(fault):
            try:
                change(store)
            except (ServiceError, MemoryError) as refusal:  # nothing else: users read one line
                failure = refusal
        if not fault.struck:
            assert failure is None
            assert at > 5
            return
        yield store
        shutil.rmtree(store.root)
    pytest.fail(f"more than {MOST_CALLS} calls")


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_fails_anywhere_is_made_whole_or_not_at_all(
    start: Store, tmp_path: Path, change: Change, error: Callable[[], BaseException]
) -> None:
    changed = Store(root=Path(shutil.copytree(start.root, tmp_path / "changed")))
    change(changed)
    old, new = contents(start), contents(changed)

    for store in after_each_failure(start, change, error, lasts=False):
        assert contents(store) in (old, new)
        if contents(store) == old:
            change(store)  # the way is free for another try
            assert unnumbered(store) == unnumbered(changed)


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_there_when_the_disk_dies_is_whole(
    start: Store, tmp_path: Path, change: Change
) -> None:
    changed = Store(root=Path(shutil.copytree(start.root, tmp_path / "changed")))
    change(changed)
    old, new = contents(start), contents(changed)

    for store in after_each_failure(start, change, lambda: OSError(errno.EIO, "I/O"), lasts=True):
        found = contents(store)
        for name, (active, versions) in found.items():
            assert active in {old.get(name, new[name])[0], new[name][0]}
            assert versions in (old.get(name, ({}, {}))[1], new[name][1])


@pytest.mark.parametrize("error", ERRORS)
def test_a_look_that_fails_anywhere_changes_no_answer_and_the_next_one_catches_up(
    start: Store, error: Callable[[], BaseException], tmp_path: Path
) -> None:
    keys = tmp_path / "keys.pub"
    keys.write_bytes(KEY.public_pem)
    for name in start.names():
        for version in start.versions(name):
            manifest = start.read(name, version)["manifest.json"]
            line = sign_manifest(name, manifest, KEY.private_pem)
            start.attach(name, version, "manifest.sig", line)
    policies = PolicyStore(root=start.root, model="demo")
    for number in policies.numbers("strict"):
        content = policies.read("strict", number)[0]
        line = sign_manifest(signed_name("demo", "strict"), content, KEY.private_pem)
        policies.attach_signature("strict", number, line)
    settings = Settings(models=start.root, trusted_keys=keys)
    held = look(settings).catalogue
    start.publish("iris", start.read("iris", 1))
    seen = set()

    for at in range(1, MOST_CALLS):
        fault = Fault(at=at, error=error, lasts=False)
        with failing(fault):
            failed = look(settings, held)
        assert failed.catalogue.get("demo").artifact is held.get("demo").artifact
        assert failed.catalogue.get("demo").policies["strict"].held is not None
        assert failed.catalogue.get("iris").version in {1, 3}
        seen.add(failed.catalogue.get("iris").version)
        caught_up = look(settings, failed.catalogue)
        assert caught_up.catalogue.get("iris").version == 3
        assert caught_up.catalogue.fault is None
        if not fault.struck:
            break

    assert at > 20
    assert seen == {1, 3}
