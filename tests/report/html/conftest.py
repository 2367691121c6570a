"""Reports of made-up runs, and the browser that opens them."""

from functools import partial

import pytest
from headless import opened_in, running_browser
from stored_runs import HOSTILE, stored_run

from thoughtrank.report.html.write_report import write_report


@pytest.fixture(scope="module")
def opened():
    """Opens a page in a browser that is started once for the tests of a module."""
    with running_browser() as browser:
        yield partial(opened_in, browser)


@pytest.fixture(scope="session")
def report(tmp_path_factory):
    folder = stored_run(tmp_path_factory.mktemp("runs") / "example")
    return write_report([folder], folder / "report.html").path


@pytest.fixture(scope="session")
def hostile_report(tmp_path_factory):
    folder = stored_run(
        tmp_path_factory.mktemp("runs") / "<img src=x onerror=alert(1)>",
        text=HOSTILE,
        prefixes=(HOSTILE, "<b>B</b>", "7"),
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    return write_report([folder], path).path


@pytest.fixture(scope="session")
def joint_report(tmp_path_factory):
    """Two settings with two seeds each."""
    folder = tmp_path_factory.mktemp("sweep")
    runs = []
    for rate, accuracy in ((1, 0.3), (2, 0.9)):
        for seed in (0, 1):
            runs.append(
                stored_run(folder / f"lr{rate}-{seed}", rounds=1, accuracy=(0.2, accuracy), seed=10 * seed + rate)
            )
            (runs[-1] / "config.yaml").write_text(f"run: {runs[-1].name}\nseed: {seed}\noptimizer:\n  lr: {rate}\n")
    return write_report(runs, folder / "report.html").path
