"""`softmax models`: what it prints, for people and for programs."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.artifacts.store import Store
from service.cli.main import commands
from service.errors import ArtifactError, UnknownModelError
from tests.conftest import serving

Models = Callable[..., Result]


@pytest.fixture
def copy(store: Path, tmp_path: Path) -> Store:
    """A store with five versions of iris, the second of which is active."""
    copied = Store(root=Path(shutil.copytree(store, tmp_path / "models")))
    for _ in range(4):
        copied.publish("iris", copied.read("iris", 1), activate=False)
    copied.activate("iris", 2)
    return copied


@pytest.fixture
def models(copy: Store) -> Models:
    """A function that runs `softmax models` on that store."""

    def run(*arguments: str, **variables: str) -> Result:
        return CliRunner().invoke(
            commands,
            ["models", *arguments],
            env={"SOFTMAX_MODELS": str(copy.root), **variables},
        )

    return run


def as_json(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_pruning_keeps_the_newest_versions_and_the_active_one(models: Models, copy: Store) -> None:
    done = as_json(models("prune", "iris", "--keep", "2", "--json"))

    assert done == {"name": "iris", "deleted": [1, 3], "kept": [2, 4, 5]}
    assert copy.versions("iris") == [2, 4, 5]
    assert copy.active("iris") == 2
    assert models("prune", "iris", "--keep", "2").stdout == "iris: deleted none, kept 2, 4, 5\n"
    assert copy.publish("iris", copy.read("iris", 2)) == 6


@pytest.mark.parametrize("keep", ["0", "-1", "all"])
def test_at_least_one_version_is_kept(models: Models, copy: Store, keep: str) -> None:
    assert models("prune", "iris", "--keep", keep).exit_code == 2
    with pytest.raises(ArtifactError, match="one version or more"):
        copy.prune("iris", 0)
    assert copy.versions("iris") == [1, 2, 3, 4, 5]


def test_a_model_that_is_not_there_cannot_be_pruned(models: Models) -> None:
    assert isinstance(models("prune", "wine", "--keep", "1").exception, UnknownModelError)


def test_every_command_that_reports_does_so_as_json(models: Models, tmp_path: Path) -> None:
    key = str(tmp_path / "key")

    listed = as_json(models("list", "--json"))
    shown = as_json(models("show", "iris@3", "--json"))
    verified = as_json(models("verify", "iris@3", "--json"))
    activated = as_json(models("activate", "iris@3", "--json"))
    deleted = as_json(models("delete", "iris@1", "--json"))
    made = as_json(models("keygen", key, "--json"))
    signed = as_json(models("sign", "iris", "--key", key, "--json"))

    assert listed[1]["versions"] == [1, 2, 3, 4, 5]
    assert shown["format"] == 1
    assert verified == activated == signed
    assert (verified["name"], verified["version"]) == ("iris", 3)
    assert verified["digest"].startswith("sha256:")
    assert deleted == {"name": "iris", "deleted": [1]}
    assert made == {"signs": key, "is_to_be_trusted": f"{key}.pub"}


def test_a_version_that_the_service_would_refuse_is_not_activated(
    models: Models, copy: Store, tmp_path: Path
) -> None:
    models("keygen", str(tmp_path / "key"))

    refused = models("activate", "iris@3", SOFTMAX_TRUSTED_KEYS=str(tmp_path / "key.pub"))

    assert "manifest.sig is missing" in str(refused.exception)
    assert copy.active("iris") == 2


def test_a_store_that_anybody_may_change_is_told_of_in_one_line(
    models: Models, copy: Store
) -> None:
    assert models("verify", "iris").stderr == ""
    (copy.root / "iris" / "1").chmod(0o777)
    (copy.root / "iris" / "2" / "model.joblib").chmod(0o666)

    warned = models("verify", "iris")

    assert warned.exit_code == 0
    assert warned.stderr.count("\n") == 1
    assert "anybody on this machine may change iris/1 and 1 more of" in warned.stderr


def test_a_service_warns_once_of_a_store_that_anybody_may_change(
    copy: Store, environment: dict[str, str], tmp_path: Path
) -> None:
    copy.root.chmod(0o777)
    log = tmp_path / "server.log"

    with serving(copy.root, environment | {"SOFTMAX_RELOAD_SECONDS": "0.05"}, tmp_path):
        pass

    warnings = [line for line in log.read_text().splitlines() if '"level": "warning"' in line]
    (event,) = map(json.loads, warnings)
    assert (event["event"], event["count"], event["first"]) == ("store_writable_by_all", 1, ".")
