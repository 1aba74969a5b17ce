"""The report of a training in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [360, 1280])
def test_the_report_fits_the_screen_and_fetches_nothing(
    page: Page, store: Path, width: int
) -> None:
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.set_viewport_size({"width": width, "height": 800})
    address = (store / "iris" / "1" / "report.html").as_uri()

    page.goto(address)

    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("svg:visible").count() == 5
    assert asked == [address]
    assert said == []


def test_by_night_the_report_is_dark_and_on_paper_it_is_light(page: Page, store: Path) -> None:
    ground = "getComputedStyle(document.querySelector('.card')).backgroundColor"
    page.goto((store / "iris" / "1" / "report.html").as_uri())

    page.emulate_media(color_scheme="dark", media="screen")
    by_night = page.evaluate(ground)
    page.emulate_media(color_scheme="dark", media="print")
    on_paper = page.evaluate(ground)

    assert by_night == "rgb(17, 20, 25)"
    assert on_paper == "rgb(255, 255, 255)"
