"""Letters, also where the system has none."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.regions.fonts import font_file, is_rightward, remedies, runs, text_width
from service.regions.lettering import Lettering
from service.regions.words import WORDS, preferred

ENGLISH = Lettering(words=WORDS["en"], em=12.0)


def forget() -> None:
    font_file.cache_clear()
    runs.cache_clear()
    text_width.cache_clear()


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for variable in ("XDG_DATA_DIRS", "XDG_DATA_HOME", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    forget()
    yield
    forget()


@pytest.mark.skipif(sys.platform != "linux", reason="only there the fonts are found by variables")
@pytest.mark.usefixtures("no_fonts")
def test_without_a_font_of_the_system_letters_lose_their_accents_but_stay_readable() -> None:
    said = remedies(["decisión", "決定"])

    assert font_file("regular") is None
    assert runs("decisión −3·10⁻⁷", bold=False) == (("decision -3·10-7", "regular"),)
    assert runs("a 決", bold=False) == (("a ", "regular"), ("?", "cjk"))
    assert text_width("decisión", 12.0) == text_width("decision", 12.0) > 0.0
    assert any("fonts-dejavu-core" in line for line in said)
    assert any("fonts-droid-fallback" in line for line in said)


def test_plain_letters_need_nothing() -> None:
    assert remedies(["Decision regions of iris", "−3", "5 %"]) == []


def test_a_text_that_does_not_fit_ends_in_an_ellipsis() -> None:
    shorter = ENGLISH.fit("a rather long name of a class", 12.0, 80.0)

    assert shorter.endswith("…")
    assert ENGLISH.width(shorter, 12.0) <= 80.0
    assert ENGLISH.fit("short", 12.0, 80.0) == "short"
    assert ENGLISH.fit("short", 12.0, 1.0) == ""


def test_a_line_of_two_scripts_is_split_by_font_and_ordered_as_it_is_read() -> None:
    assert [face for _, face in runs("iris の決定領域 2", bold=True)] == ["bold", "cjk", "bold"]
    # From right to left the last piece stands first.
    assert [face for _, face in runs("مناطق 決定", bold=False)] == ["cjk", "regular"]


def test_the_first_strong_letter_decides_the_direction() -> None:
    assert is_rightward("12 − iris")
    assert not is_rightward("12 مناطق iris")
    assert is_rightward("")


@pytest.mark.parametrize("code", WORDS)
def test_every_language_has_all_places_of_the_english_one(code: str) -> None:
    words = vars(WORDS[code])  # type: ignore[index] # a literal

    for key, text in vars(WORDS["en"]).items():
        places = {part.split("}")[0] for part in text.split("{")[1:]}
        assert {part.split("}")[0] for part in words[key].split("{")[1:]} == places
        assert words[key]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("ja", "ja"),
        ("zh-Hant-TW,zh;q=0.9", "zh"),
        ("de;q=1, ru;q=0.3", "ru"),
        ("es;q=0, ar;q=0.1", "ar"),
        ("fr", "en"),
        ("es;q=many, *", "en"),
        ("en;q=0.5, es;q=0.5", "en"),
    ],
)
def test_a_language_is_chosen_as_the_header_asks(header: str, language: str) -> None:
    assert preferred(header) == language
