"""What CONTRIBUTING.md and CHANGELOG.md promise about the files of the repository."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.documents import ROOT

TOP = [
    "Dockerfile",
    "docker-compose.yml",
    "pyproject.toml",
    "Makefile",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "LICENSE",
    "requirements-serve.lock",
    "requirements-train.lock",
    "requirements-dev.lock",
    "service",
    "models",
    "tests",
    "docs",
    "deploy",
]
TARGETS = [
    "serve",
    "install",
    "test",
    "check",
    "lock",
    "docs",
    "bench",
    "drills",
    "image",
    "test-container",
    "help",
]
LOCKS = ("serve", "train", "dev")


def tracked() -> list[Path]:
    """The files that git keeps, or would keep."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def locked(name: str) -> dict[str, tuple[str, set[str]]]:
    """The version and the hashes of each package in a lock file."""
    text = (ROOT / f"requirements-{name}.lock").read_text().replace("\\\n", " ")
    found: dict[str, tuple[str, set[str]]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            requirement, *hashes = re.split(r"\s+--hash=", line.strip())
            package, _, version = requirement.partition("==")
            found[package] = (version, set(hashes))
    return found


@pytest.mark.parametrize("name", TOP)
def test_the_top_level_holds_what_clients_and_scripts_rely_on(name: str) -> None:
    assert (ROOT / name).exists()


@pytest.mark.parametrize("target", TARGETS)
def test_the_makefile_has_the_target_and_help_tells_of_it(target: str) -> None:
    assert re.search(rf"^{target}:.*  ## .", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_git_keeps_no_artifact() -> None:
    kept = [path.name for path in tracked() if path.parent.is_relative_to(ROOT / "models")]

    assert kept == ["README.md"]


def test_no_tracked_file_names_a_package_registry_or_a_folder_of_one_machine() -> None:
    # Written in halves, so that this file does not name them either.
    hosts = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "debian" + ".org"]
    folders = [f"/{name}/" for name in ("ro" + "ot/.py", "ho" + "me/", "wo" + "rk/ma")]
    pattern = re.compile("|".join(map(re.escape, hosts + folders)))

    naming = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in tracked()
        if (found := pattern.search(path.read_bytes().decode("utf-8", "replace")))
    ]

    assert naming == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_every_package_by_hash_and_names_no_index(name: str) -> None:
    packages = locked(name)

    assert all(hashes for _, hashes in packages.values())
    assert not re.search(r"^\s*-(i|f|-index|-extra|-find|-trusted)", _text(name), re.MULTILINE)
    assert "://" not in _text(name)


@pytest.mark.parametrize(("smaller", "larger"), [("serve", "train"), ("train", "dev")])
def test_a_lock_holds_all_of_the_smaller_one_at_the_same_versions(
    smaller: str, larger: str
) -> None:
    assert locked(smaller).items() <= locked(larger).items()


def test_the_server_s_lock_holds_nothing_of_training() -> None:
    training = {"scikit-learn", "scipy", "pandas", "matplotlib", "pyarrow"}

    assert not training & locked("serve").keys()


def test_the_changelog_tells_what_is_unreleased() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()

    unreleased = re.search(
        r"^## \[?Unreleased\]?$(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL
    )

    assert unreleased
    assert re.search(r"^- \S", unreleased[1], re.MULTILINE)


def test_the_package_and_its_metadata_have_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert f'__version__ = "{project["version"]}"' in (ROOT / "service/__init__.py").read_text()


def test_a_decision_tells_its_context_its_choice_and_its_cost() -> None:
    for path in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        headings = re.findall(r"^## (.+)$", path.read_text(), re.MULTILINE)

        assert headings == ["Context", "Choice", "What it costs"], path.name
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name)


def _text(lock: str) -> str:
    return (ROOT / f"requirements-{lock}.lock").read_text()
