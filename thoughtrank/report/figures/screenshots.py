"""Screenshots of a report, light and dark, by a headless Chromium; for pages that show what a report looks like."""

import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from thoughtrank.report.figures.svg_file import SCHEMES

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_WIDTH, _HEIGHT = 1200, 1150
_DRAWN = "#question-detail > *, #browser-missing:not([hidden])"
"""The browser of candidates shows something, or says that there is nothing to show."""
_UNTIL_DRAWN_MS = 30_000


def why_no_browser() -> str | None:
    """What is missing for a screenshot; None if nothing is."""
    if find_spec("playwright") is None:
        return "the package playwright is not installed: pip install playwright"
    if find_browser() is None:
        return f"no browser is installed: none of {', '.join(_NAMES)} is on the PATH"
    return None


def find_browser() -> str | None:
    """The executable of the first Chromium on the PATH."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


def take_screenshots(report: Path, folder: Path) -> Sequence[Path]:
    """Photograph the top of a report, and write ``report-light.png`` and ``report-dark.png``.

    Args:
        report: the HTML file.
        folder: where the pictures go.

    Returns:
        The pictures.
    """
    from playwright.sync_api import sync_playwright

    made = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        try:
            for scheme in SCHEMES:
                page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme=scheme)
                page.goto(report.resolve().as_uri())
                page.locator(_DRAWN).first.wait_for(timeout=_UNTIL_DRAWN_MS)
                made.append(folder / f"report-{scheme}.png")
                page.screenshot(path=made[-1])
                page.close()
        finally:
            browser.close()
    return made
