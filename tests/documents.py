"""The fenced blocks of the README and of docs/: who runs each, and how the tests run theirs.

Every block has one runner. `python` and `shell` blocks (bash that calls only curl and softmax)
run in the tests, against a server of their own; an `answer` is what the block directly before
it prints; a `machine` block (bash that calls make, docker, git and cd) runs in the system tests
and in .ci/run.
"""

import contextlib
import doctest
import io
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeGuard

from sybil import Document, Example, Region
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer
from sybil.region import Lexeme

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
DOCUMENTED_URL = "http://127.0.0.1:8000"

Runner = Literal["python", "shell", "answer", "machine"]
PROGRAMS: dict[Runner, set[str]] = {
    "shell": {"curl", "softmax"},
    "machine": {"make", "docker", "git", "cd"},
}


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fenced block of one page."""

    page: Path
    line: int
    language: str
    text: str
    follows_output: bool

    @property
    def runners(self) -> list[Runner]:
        """Who would run this block; a sound page gives each block exactly one."""
        if self.language == "python":
            return ["python"]
        if self.language in {"json", "text"}:
            return ["answer"] if self.follows_output else []
        if self.language != "bash":
            return []
        called = {command.split()[0] for command in self.commands}
        return [runner for runner, programs in PROGRAMS.items() if called and called <= programs]

    @property
    def commands(self) -> list[str]:
        """The commands of a bash block, each on one line, without comments."""
        joined = self.text.replace("\\\n", " ")
        # A line that begins inside quotes goes on with the command before it.
        commands: list[str] = []
        for line in joined.splitlines():
            if commands and commands[-1].count("'") % 2:
                commands[-1] += " " + line.strip()
            elif line.strip() and not line.lstrip().startswith("#"):
                commands.append(line.strip())
        return [re.sub(r"\s+#\s.*$", "", command) for command in commands]


def blocks(page: Path) -> list[Block]:
    """Read the fenced blocks of a page, in order."""
    found: list[Block] = []
    end = 0
    for example in Document.parse(str(page), _regions):
        previous = found[-1] if found else None
        between = example.document.text[end : example.start]
        block = Block(
            page=page,
            line=example.line,
            language=example.region.lexemes["arguments"],
            text=example.region.lexemes["source"],
            follows_output=previous is not None
            and previous.language in {"python", "bash"}
            and not between.strip(),
        )
        end = example.end
        found.append(block)
    return found


def run(page: Path, *, server: str, directory: Path, environment: dict[str, str]) -> int:
    """Run the blocks of a page in order; return how many ran."""

    def sent_to_server(text: str) -> str:
        return text.replace(DOCUMENTED_URL, server)

    def python(example: Example) -> None:
        example.parsed = Lexeme(sent_to_server(example.parsed), 0, 0)
        with contextlib.chdir(directory), contextlib.redirect_stdout(io.StringIO()) as printed:
            PythonEvaluator()(example)
        example.namespace["printed"] = printed.getvalue()

    def shell(example: Example) -> str | None:
        script = "set -euo pipefail\n" + sent_to_server(example.parsed)
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        example.namespace["printed"] = done.stdout
        return f"exit code {done.returncode}: {done.stderr}" if done.returncode else None

    def answer(example: Example) -> str | None:
        printed = example.namespace["printed"]
        if example.region.lexemes["arguments"] == "json":
            return difference(json.loads(example.parsed), json.loads(printed))
        options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        if doctest.OutputChecker().check_output(example.parsed, printed, options):
            return None
        return f"expected\n{example.parsed}\ngot\n{printed}"

    evaluators: dict[Runner, Callable[[Example], str | None]] = {
        "python": python,
        "shell": shell,
        "answer": answer,
    }
    ran = 0
    document = Document.parse(str(page), _regions)
    for block, example in zip(blocks(page), document, strict=True):
        for runner in block.runners:
            if runner in evaluators:
                example.parsed = example.region.lexemes["source"]
                example.region.evaluator = evaluators[runner]
                example.evaluate()
                ran += 1
    return ran


def difference(expected: object, got: object, where: str = "") -> str | None:
    """Say where two JSON values first differ.

    Keys and texts are compared exactly, numbers to 1e-9: the last digits are the processor's.
    A digest and a version name what was trained on this machine and are compared by pattern.
    """
    name = where.rpartition("/")[2]
    if name in VOLATILE and isinstance(expected, str | int):
        pattern = VOLATILE[name]
        sound = type(expected) is type(got) and pattern.fullmatch(str(got))
        return None if sound else f"{where}: expected {pattern.pattern}, got {got!r}"
    if isinstance(expected, dict) and isinstance(got, dict):
        if expected.keys() != got.keys():
            return f"{where}: expected keys {sorted(expected)}, got {sorted(got)}"
        pairs = [(expected[key], got[key], f"{where}/{key}") for key in expected]
    elif isinstance(expected, list) and isinstance(got, list):
        if len(expected) != len(got):
            return f"{where}: expected {len(expected)} entries, got {len(got)}"
        pairs = [(*pair, f"{where}/{i}") for i, pair in enumerate(zip(expected, got, strict=True))]
    else:
        return None if _same(expected, got) else f"{where}: expected {expected!r}, got {got!r}"
    return next(filter(None, (difference(*pair) for pair in pairs)), None)


VOLATILE = {
    "digest": re.compile("sha256:[0-9a-f]{64}"),
    "request_id": re.compile("[!-~]+"),
    "version": re.compile("[1-9][0-9]*"),
}


def _same(expected: object, got: object) -> bool:
    if _is_number(expected) and _is_number(got):
        return abs(expected - got) <= 1e-9
    return type(expected) is type(got) and expected == got


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _regions(document: Document) -> Iterator[Region]:
    lexer = FencedCodeBlockLexer(
        language=r"[^\n]*", mapping={"language": "arguments", "source": "source"}
    )
    yield from lexer(document)
