"""Letters, also where the system has none."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.regions.fonts import Typeface, font_file


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for variable in ("XDG_DATA_DIRS", "XDG_DATA_HOME", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    font_file.cache_clear()
    yield
    font_file.cache_clear()


@pytest.mark.skipif(sys.platform != "linux", reason="only there the fonts are found by variables")
@pytest.mark.usefixtures("no_fonts")
def test_without_a_font_of_the_system_letters_lose_their_accents_but_stay_readable() -> None:
    typeface = Typeface()

    assert font_file(bold=False) is None
    assert typeface.drawable("decisión −3·10⁻⁷, 決") == "decision -3·10-7, ?"
    assert typeface.width("decisión", 12.0) == typeface.width("decision", 12.0) > 0.0


def test_a_text_that_does_not_fit_ends_in_an_ellipsis() -> None:
    typeface = Typeface()

    shorter = typeface.fit("a rather long name of a class", 12.0, 80.0)

    assert shorter.endswith("…")
    assert typeface.width(shorter, 12.0) <= 80.0
    assert typeface.fit("short", 12.0, 80.0) == "short"
    assert typeface.fit("short", 12.0, 1.0) == ""
