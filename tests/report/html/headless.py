"""Opens pages in headless Chromium, for tests; they are skipped where there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from thoughtrank.report.figures.screenshots import find_browser, why_no_browser


def chromium() -> str:
    """The browser; skips the test where there is none."""
    if (missing := why_no_browser()) is not None:
        pytest.skip(missing)
    found = find_browser()
    assert found is not None
    return found


@dataclass
class Opened:
    """A page in the browser.

    Attributes:
        page: of playwright.
        messages: what the page wrote to the console, errors and refusals of the content policy included.
        requests: every URL that the page asked for.
    """

    page: object
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def opened(path: Path, *, width: int = 1280, dark: bool = False) -> Iterator[Opened]:
    """Open a file and wait until the browser of candidates has drawn something."""
    executable = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light")
        found = Opened(page)
        page.on("console", lambda message: found.messages.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: found.messages.append(f"error: {error}"))
        page.on("dialog", lambda dialog: found.messages.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: found.requests.append(request.url))
        page.goto(path.resolve().as_uri())
        page.locator("#question-detail > *").first.wait_for()
        yield found
        browser.close()
