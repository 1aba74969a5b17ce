"""The table of docs/dependencies.md, the imports, the contracts and pyproject.toml agree."""

import ast
import re
import sys
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pytest

from tests.documents import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS: list[dict[str, Any]] = PROJECT["tool"]["importlinter"]["contracts"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the table."""

    package: str
    module: str
    layers: set[str]
    extras: set[str]
    typed_by: str


def rows() -> list[Row]:
    text = (ROOT / "docs" / "dependencies.md").read_text()
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| ")
    ]
    return [
        Row(
            package=package,
            module=module.strip("`"),
            layers=_names(layers),
            extras=_names(extras),
            typed_by=typed_by,
        )
        for package, module, layers, extras, typed_by, _why in cells[1:]
    ]


def layers() -> set[str]:
    """Every layer of the tree; one in parentheses may be missing."""
    contract = next(contract for contract in CONTRACTS if contract["type"] == "layers")
    named = chain.from_iterable(layer.split(" | ") for layer in contract["layers"])
    return {name.strip("()") for name in named if "(" not in name or _exists(name.strip("()"))}


def imports() -> dict[str, set[str]]:
    """The layers that import each third-party module."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "service").rglob("*.py"):
        layer = path.relative_to(ROOT / "service").parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or "service"]
            else:
                continue
            for name in names:
                found[name.partition(".")[0]].add(layer)
    known = {"service", *sys.stdlib_module_names}
    return {module: where for module, where in found.items() if module not in known}


def test_every_import_is_in_the_table_with_its_layer() -> None:
    allowed = {row.module: row.layers for row in rows()}

    strays = {
        module: where - allowed.get(module, set())
        for module, where in imports().items()
        if where - allowed.get(module, set())
    }

    assert strays == {}


def test_every_row_with_a_layer_is_imported() -> None:
    unused = {row.module for row in rows() if row.layers} - imports().keys()

    assert unused == set()


def test_the_contracts_allow_each_package_exactly_the_layers_of_its_row() -> None:
    allowed = {
        module: layers() - {name.removeprefix("service.") for name in contract["source_modules"]}
        for contract in CONTRACTS
        if contract.get("allow_indirect_imports")
        for module in contract["forbidden_modules"]
    }

    for row in rows():
        if row.layers:
            assert allowed[row.module] == row.layers & layers(), row.module


def test_the_mathematics_imports_numpy_and_nothing_else() -> None:
    imported = {module for module, where in imports().items() if "softmax" in where}

    assert imported == {"numpy"}


@pytest.mark.parametrize("extra", ["", "train", "client", "arrow", "exchange", "remote"])
def test_the_table_lists_the_dependencies_of_pyproject(extra: str) -> None:
    project = PROJECT["project"]
    required = project["optional-dependencies"][extra] if extra else project["dependencies"]
    names = {re.match("[a-z0-9-]+", requirement)[0] for requirement in required}  # type: ignore[index]  # each has a name

    listed = {row.package for row in rows() if (extra in row.extras if extra else not row.extras)}

    assert listed == names


def test_what_types_a_package_is_a_development_dependency() -> None:
    stubs = {row.typed_by for row in rows()} - {"itself", "nobody"}
    group = [entry for entry in PROJECT["dependency-groups"]["dev"] if isinstance(entry, str)]

    names = {entry.partition(">")[0] for entry in group}
    assert stubs == {name for name in names if "-stubs" in name or name.startswith("types-")}


def _names(cell: str) -> set[str]:
    return {name.strip() for name in cell.split(",") if name.strip()}


def _exists(layer: str) -> bool:
    base = ROOT / "service" / layer
    return base.is_dir() or base.with_suffix(".py").exists()
