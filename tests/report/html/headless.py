"""Opens pages in headless Chromium, for tests; they are skipped where there is none."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def chromium() -> str:
    """The browser; skips the test where there is none."""
    if find_spec("playwright") is None:
        pytest.skip("the package playwright is not installed: pip install playwright")
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip(f"no browser is installed: none of {', '.join(_NAMES)} is on the PATH")
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
