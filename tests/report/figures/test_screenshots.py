from thoughtrank.report.figures import screenshots


def test_what_is_missing_for_a_screenshot_is_named(monkeypatch):
    monkeypatch.setattr(screenshots.shutil, "which", lambda name: None)
    monkeypatch.setattr(screenshots, "find_spec", lambda name: object())
    assert screenshots.why_no_browser() == (
        "no browser is installed: none of chromium, chromium-browser, google-chrome, chrome is on the PATH"
    )
    monkeypatch.setattr(screenshots, "find_spec", lambda name: None)
    assert screenshots.why_no_browser() == "the package playwright is not installed: pip install playwright"


def test_the_first_browser_on_the_path_is_taken(monkeypatch):
    found = {"google-chrome": "/opt/google-chrome", "chrome": "/opt/chrome"}
    monkeypatch.setattr(screenshots.shutil, "which", found.get)
    assert screenshots.find_browser() == "/opt/google-chrome"
