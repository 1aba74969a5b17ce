"""A real browser, where one can be had."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",  # containers run the tests as root
    "--disable-dev-shm-usage",  # and give them little shared memory
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


# Not of the session: while it lives, an event loop runs in this thread, where others start theirs.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium of the system, else the one that Playwright installed."""
    with sync_playwright() as tools:
        chromium = next(filter(None, map(shutil.which, PROGRAMS)), None)
        path = chromium or tools.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("no Chromium browser: install the package chromium")
        browser = tools.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser that knows nothing yet."""
    context = browser.new_context()
    yield context.new_page()
    context.close()
