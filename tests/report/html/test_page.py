import gzip
import json
import re
from base64 import b64decode

import pytest
from stored_runs import stored_run

from thoughtrank.report.html.page import report_page
from thoughtrank.report.html.stored_run import read_run
from thoughtrank.report.html.write_report import write_report


def page_of(*folders) -> str:
    return "".join(report_page([read_run(folder) for folder in folders]))


def index_of(page: str) -> dict:
    (found,) = re.findall(r'<script type="application/json" id="thoughtrank-data">(.*?)</script>', page, re.DOTALL)
    return json.loads(found)


def chunk(page: str, number: int) -> bytes:
    (found,) = re.findall(rf'<script type="text/plain" id="chunk-{number}">(.*?)</script>', page)
    return gzip.decompress(b64decode(found))


def test_the_index_names_runs_rounds_and_the_headline(report):
    index = index_of(report.read_text())
    assert [run["name"] for run in index["runs"]] == ["example"]
    assert [each["round"] for each in index["rounds"]] == [0, 1, 2]
    assert index["rounds"][2]["accuracy"] == pytest.approx(0.9, abs=0.1)
    assert index["headline"].startswith("2 rounds of training raised accuracy")


def test_every_text_of_a_candidate_is_in_a_chunk(report):
    page = report.read_text()
    (first, _) = index_of(page)["runs"][0]["candidates"]
    ((number, questions),) = first["chunks"]
    contents = json.loads(chunk(page, number))
    assert len(contents) == questions == 4
    assert contents[1]["candidates"][0] == ["q1-1-000", "A thought so 3 + 4 = 7", "answer so 3 + 4 = 7"]
    assert contents[0]["calls"][0]["groups"] == [["q1-0-000"], ["q1-0-001"]]


def test_sections_come_in_the_order_of_the_question_a_reader_asks(report):
    page = report.read_text()
    titles = re.findall(r"<h3 [^>]*>([^<]*)</h3>", page)
    assert titles == [
        "Accuracy",
        "Prefixes",
        "Distributions over the candidates",
        "Truncated, failed and unranked",
        "Judge and cost",
        "Training",
        "Config and versions",
    ]
    assert page.index("Config and versions</h3>") < page.index("Candidates and replies</h2>")


def test_a_run_without_candidates_gains_or_audit_has_sentences_in_their_place(tmp_path):
    bare = stored_run(tmp_path / "bare", rounds=0)
    page = page_of(bare)
    assert "No round has ranked candidates yet." not in page  # its own openers are shown
    assert "The run has no candidates yet." in page
    assert "No round has a training curve." in page
    without = page_of(stored_run(tmp_path / "without", gains=False))
    assert "Not computed in this run: gains of the thoughts." in without
    assert "Not computed in this run" not in page_of(stored_run(tmp_path / "with"))


def test_a_folder_with_nothing_but_a_config_still_makes_a_page(tmp_path):
    (tmp_path / "config.yaml").write_text("seed: 0\n")
    assert "This run has no evaluated round yet." in page_of(tmp_path)


def test_hostile_text_is_nowhere_markup(hostile_report):
    page = hostile_report.read_text()
    ours = re.sub(r"<script>.*?</script>|<style>.*?</style>", "", page, flags=re.DOTALL)
    assert not re.search(r"<(img|svg on|b>B|!--)", ours, re.IGNORECASE)
    assert not re.search("[\u2028\u2029\u202e\x00\x1b]", ours)
    assert index_of(page)["runs"][0]["name"] == "<img src=x onerror=alert(1)>"


def test_the_headline_of_several_runs_names_the_most_accurate(tmp_path):
    good = stored_run(tmp_path / "good", held_out=80)
    bad = stored_run(tmp_path / "bad", held_out=80, accuracy=(0.2, 0.2, 0.1), seed=1)
    index = index_of(page_of(bad, good))
    assert index["headline"].startswith("Of 2 runs, good is the most accurate")
    assert "It is better than every other run, and that is unlikely to be chance (" in index["headline"]


def test_the_best_run_is_shown_where_all_have_one_name(tmp_path):
    good = stored_run(tmp_path / "a" / "run", held_out=80)
    bad = stored_run(tmp_path / "b" / "run", held_out=80, accuracy=(0.2, 0.2, 0.1), seed=1)
    page = write_report([bad, good], tmp_path / "report.html").path.read_text()
    assert '<option value="0" selected>a/run</option><option value="1">b/run</option>' in page
