"""`/docs` in a real browser."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_the_documentation_needs_nothing_from_elsewhere(page: Page, server: str) -> None:
    asked: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))

    page.goto(server + "/")

    expect(page.locator(".opblock-summary-path").first).to_be_visible()
    assert faults == []
    assert {urlsplit(url).netloc for url in asked if not url.startswith("data:")} == {
        urlsplit(server).netloc
    }


def test_the_documentation_asks_the_service(page: Page, server: str) -> None:
    page.goto(server + "/docs")

    page.locator("#operations-health-healthz_healthz_get").get_by_role("button").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()

    expect(page.locator(".live-responses-table .response .response-col_status")).to_contain_text(
        "200"
    )
