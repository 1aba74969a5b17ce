"""Every fenced block of the README and of docs/ runs, and says what happens."""

import re
import shutil
from pathlib import Path

import pytest

from tests.documents import PAGES, ROOT, Block, blocks, difference, run
from tests.system.test_container import DOCUMENTED

RUNNING = [page for page in PAGES if blocks(page)]


def page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl: install the package curl")
@pytest.mark.parametrize("page", RUNNING, ids=page_name)
def test_the_blocks_of_a_page_run_and_print_what_it_says(
    page: Path, server: str, store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    models = shutil.copytree(store, tmp_path / "models")
    if (ROOT / "examples").exists():
        (tmp_path / "examples").symlink_to(ROOT / "examples")

    run(
        page,
        server=server,
        directory=tmp_path,
        environment=environment | {"SOFTMAX_MODELS": str(models)},
    )


@pytest.mark.parametrize("page", RUNNING, ids=page_name)
def test_each_block_belongs_to_exactly_one_runner(page: Path) -> None:
    homeless = [
        f"{page_name(page)}:{block.line} ```{block.language} {block.runners}"
        for block in blocks(page)
        if len(block.runners) != 1
    ]

    assert homeless == []


def test_the_readme_shows_an_answer() -> None:
    shown = [block for block in blocks(ROOT / "README.md") if block.runners == ["answer"]]

    assert shown


def test_every_documented_make_target_exists_and_is_run() -> None:
    makefile = (ROOT / "Makefile").read_text()
    runners = [
        (ROOT / ".ci" / "run").read_text(),
        *(path.read_text() for path in (ROOT / "tests" / "system").glob("test_*.py")),
    ]

    for page in PAGES:
        for block in blocks(page):
            for target in _targets(block):
                assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
                assert any(
                    re.search(rf'(^|")make"?,? "?{target}\b', text, re.MULTILINE)
                    for text in runners
                ), f"nothing runs make {target} of {page_name(page)}:{block.line}"


def test_every_documented_docker_command_is_run_by_the_container_tests() -> None:
    documented = {
        command
        for page in PAGES
        for block in blocks(page)
        if block.runners == ["machine"]
        for command in block.commands
        if command.startswith("docker")
    }

    assert documented <= DOCUMENTED


def _targets(block: Block) -> list[str]:
    if block.runners != ["machine"]:
        return []
    calls = [command.split() for command in block.commands]
    return [word for call in calls if call[0] == "make" for word in call[1:] if "=" not in word]


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ({"a": 1}, {"b": 1}),
        ({"a": 1.0}, {"a": 1.0 + 2e-9}),
        ({"a": [1, 2]}, {"a": [1]}),
        ({"a": True}, {"a": 1}),
        ({"label": "setosa"}, {"label": "virginica"}),
        ({"digest": "sha256:" + "0" * 64}, {"digest": "md5:0"}),
        ({"version": 1}, {"version": "1"}),
    ],
)
def test_a_wrong_answer_is_told_from_a_right_one(expected: object, got: object) -> None:
    assert difference(expected, got) is not None


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ({"p": [0.25, 0.75]}, {"p": [0.25 + 5e-10, 0.75]}),
        ({"digest": "sha256:" + "0" * 64}, {"digest": "sha256:" + "f" * 64}),
        ({"version": 1}, {"version": 12}),
    ],
)
def test_what_another_machine_may_change_is_no_difference(expected: object, got: object) -> None:
    assert difference(expected, got) is None
