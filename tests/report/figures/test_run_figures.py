import re
import xml.etree.ElementTree as ElementTree

import pytest
from stored_runs import stored_run

from thoughtrank.report.figures.run_figures import accuracy_figure, prefix_figure, prefix_results_of
from thoughtrank.report.html.stored_run import read_run

HOSTILE = "</svg><script>alert(1)</script>\x1b\u2028&"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read_run(stored_run(tmp_path_factory.mktemp("runs") / "example"))


def test_the_accuracy_figure_has_a_point_with_its_interval_for_every_round_and_arm(run):
    text = accuracy_figure(run, scheme="light")
    ElementTree.fromstring(text)
    shown = re.findall(r"<title>free reply, round (\d): ([\d.]+) % \[", text)
    assert [number for number, _ in shown] == ["0", "1", "2"]
    assert float(shown[2][1]) == pytest.approx(90, abs=10)
    assert text.count("<circle") == 3 * 4
    assert ">own thought</text>" in text


def test_the_prefix_figure_shows_the_last_round_and_colours_the_best_prefix_most(run):
    number, results = prefix_results_of(run)
    assert number == 2
    text = prefix_figure(results, round_number=number, scheme="dark")
    ElementTree.fromstring(text)
    assert re.findall(r'font-weight="bold">([^<]*)<', text) == ["A", "B", "7"]
    assert re.findall(r"(\d+) %</text>", text) == ["100", "0", "0"]
    assert re.findall(r'opacity="([\d.]+)"', text) == ["0.62", "0.06", "0.06"]
    assert "+1.5</text>" in text


def test_texts_of_others_stay_texts_and_long_prefixes_are_cut(tmp_path):
    folder = stored_run(tmp_path / "run", rounds=1, prefixes=(HOSTILE, "<b>B</b>", "7"))
    number, results = prefix_results_of(read_run(folder))
    text = prefix_figure(results, round_number=number, scheme="light")
    names = [each.text for each in ElementTree.fromstring(text).iter() if each.get("font-weight") == "bold"]
    assert names == ["</svg><script>…", "<b>B</b>", "7"]


def test_a_run_without_accuracy_or_candidates_has_no_figure(tmp_path):
    (tmp_path / "config.yaml").write_text("seed: 0\n")
    run = read_run(tmp_path)
    assert accuracy_figure(run, scheme="light") is None
    assert prefix_results_of(run) == (0, [])
