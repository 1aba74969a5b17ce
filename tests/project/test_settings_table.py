"""The README lists every setting, with its default and its description."""

import click
import pytest

from service.cli.serve import serve
from service.settings import Settings
from tests.documents import ROOT

README = (ROOT / "README.md").read_text()


def row(name: str) -> str:
    field = Settings.model_fields[name]
    default = int(field.default) if isinstance(field.default, bool) else field.default
    shown = "" if default is None else f"`{default}` "
    return f"| `SOFTMAX_{name.upper()}` | {shown}| {field.description} |"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_readme_has_the_row_of_the_setting(name: str) -> None:
    assert row(name) in README


def test_the_readme_has_no_row_for_a_setting_that_is_gone() -> None:
    shown = [line for line in README.splitlines() if line.startswith("| `SOFTMAX_")]

    assert shown == [row(name) for name in Settings.model_fields]


def test_every_setting_is_an_option_of_serve() -> None:
    options = {option.name for option in serve.get_params(click.Context(serve))}

    assert options >= Settings.model_fields.keys()
