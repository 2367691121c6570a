"""Opens pages in headless Chromium, for tests; they are skipped where there is none."""

from collections.abc import Iterator, Sequence
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
def running_browser() -> Iterator:
    """The browser of playwright."""
    executable = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened_in(browser, path: Path, *, width: int = 1280) -> Iterator[Opened]:
    """Open a file, with nothing kept of earlier ones, and wait until the browser of candidates has drawn something."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="light")
    found = Opened(page)
    page.on("console", lambda message: found.messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: found.messages.append(f"error: {error}"))
    page.on("dialog", lambda dialog: found.messages.append(f"dialog: {dialog.message}"))
    page.on("request", lambda request: found.requests.append(request.url))
    page.goto(path.resolve().as_uri())
    page.locator("#question-detail > *").first.wait_for()
    yield found
    page.close()


def shows(place, text: str) -> None:
    """Waits until a place of the page has this text; a busy machine takes longer than any fixed time."""
    from playwright.sync_api import expect

    expect(place).to_have_text(text, timeout=30_000)


def serious_faults(page, *, rules: Sequence[str] = ()) -> list:
    """What axe finds in the page with all of its details open, by these rules or by all: its name, and the first elements."""
    from axe_playwright_python.sync_playwright import Axe

    page.locator("details").evaluate_all("all => all.forEach((each) => (each.open = true))")
    result = Axe().run(page, options={"runOnly": list(rules)} if rules else None).response
    assert len(result["passes"]) >= (len(rules) or 21)
    serious = [each for each in result["violations"] if each["impact"] in ("serious", "critical")]
    return [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in serious]
