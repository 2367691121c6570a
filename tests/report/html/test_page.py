import gzip
import json
import re
from base64 import b64decode

import pytest
from headless import opened
from stored_runs import stored_run, with_controls_and_win_rates

from thoughtrank.report.html.page import report_page
from thoughtrank.report.html.stored_run import read_run
from thoughtrank.report.html.write_report import write_report

HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"><svg onload=alert(1)>"
    "<!--<style>*{display:none}</style>]]>\u2028\u2029\u202egnp.exe\x1b[31m\x00 ${alert(1)} {{7*7}} javascript:alert(1)"
)


def shows(place, text: str) -> None:
    """Waits until a place of the page has this text; a busy machine takes longer than any fixed time."""
    from playwright.sync_api import expect

    expect(place).to_have_text(text, timeout=30_000)


def page_of(*folders) -> str:
    return "".join(report_page([read_run(folder) for folder in folders]))


def index_of(page: str) -> dict:
    (found,) = re.findall(r'<script type="application/json" id="thoughtrank-data">(.*?)</script>', page, re.DOTALL)
    return json.loads(found)


def chunk(page: str, number: int) -> bytes:
    (found,) = re.findall(rf'<script type="text/plain" id="chunk-{number}">(.*?)</script>', page)
    return gzip.decompress(b64decode(found))


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = stored_run(tmp_path_factory.mktemp("runs") / "example")
    return write_report([folder], folder / "report.html").path


@pytest.fixture(scope="module")
def hostile_report(tmp_path_factory):
    folder = stored_run(
        tmp_path_factory.mktemp("runs") / "<img src=x onerror=alert(1)>",
        text=HOSTILE,
        prefixes=(HOSTILE, "<b>B</b>", "7"),
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    return write_report([folder], path).path


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


def test_the_page_opens_without_the_network_and_an_empty_console(report):
    with opened(report) as shown:
        assert shown.messages == []
        assert shown.requests == [report.resolve().as_uri()]
        assert shown.page.locator("#browser-status").inner_text() == "12 candidates of 4 questions"
        assert shown.page.locator(".card").count() == 3
        assert shown.page.locator(".curve canvas").count() == 3


def test_nothing_of_a_hostile_text_runs_or_breaks_the_layout(hostile_report):
    with opened(hostile_report) as shown:
        page = shown.page
        page.locator("summary").evaluate_all("all => all.forEach((each) => each.click())")
        page.check("input[value=held-out]")
        page.locator(".card .right, .card .wrong").first.wait_for()
        assert shown.messages == []
        assert page.title() == "<img src=x onerror=alert(1)> – thoughtrank report"
        assert page.locator("img").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert HOSTILE[:40] in page.locator(".card .text").first.inner_text()
        assert "\u202e" not in page.locator("body").inner_text()


def test_a_line_of_a_megabyte_is_cut_until_it_is_asked_for(tmp_path):
    folder = stored_run(tmp_path / "long", text="x" * 1_000_000, rounds=1, questions=1, held_out=2)
    with opened(write_report([folder], tmp_path / "report.html").path) as shown:
        page = shown.page
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        box = page.locator(".card .long").first
        assert len(box.locator(".text").inner_text()) < 5000
        box.locator("button").click()
        assert len(box.locator(".text").inner_text()) > 1_000_000
        assert shown.messages == []


def test_a_foreign_script_is_refused_by_the_policy(report, tmp_path):
    changed = tmp_path / "changed.html"
    changed.write_text(report.read_text().replace("</main>", "<script>document.title='owned'</script></main>"))
    with opened(changed) as shown:
        assert shown.page.title() == "example – thoughtrank report"
        assert any("Content Security Policy" in message for message in shown.messages)


def serious_faults(page) -> list:
    """What axe finds in the page with all of its details open: its name, and the first elements."""
    from axe_playwright_python.sync_playwright import Axe

    page.locator("details").evaluate_all("all => all.forEach((each) => (each.open = true))")
    result = Axe().run(page).response
    assert len(result["passes"]) > 20
    serious = [each for each in result["violations"] if each["impact"] in ("serious", "critical")]
    return [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in serious]


@pytest.fixture(scope="module")
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


@pytest.mark.parametrize("name", ["report", "joint_report"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_serious(name, width, dark, request):
    with opened(request.getfixturevalue(name), width=width, dark=dark) as shown:
        assert serious_faults(shown.page) == []
        assert shown.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert shown.messages == []


def test_on_a_phone_the_tables_that_decide_need_no_sideways_scrolling(joint_report):
    with opened(joint_report, width=390) as shown:
        page = shown.page
        boxes = page.locator(".scroll:visible:has(> .stacked)")
        assert boxes.count() >= 3  # settings, runs, and the last round of the best run
        assert boxes.evaluate_all("all => all.every((box) => box.scrollWidth <= box.clientWidth)")
        row = page.locator(".stacked").first.locator("tbody tr").nth(1)
        assert row.inner_text().startswith("optimizer.lr=1")
        assert page.locator(".stacked .meaning").count() == 0
        page.click("text=What the rows are")
        assert page.locator("dd", has_text="answer_at_once: an empty thought").first.is_visible()
        assert shown.messages == []


def test_a_phone_shows_few_candidates_and_folds_sections_until_they_are_asked_for(tmp_path):
    folder = stored_run(tmp_path / "many", rounds=1, prefixes=[f"p{number}" for number in range(20)])
    with opened(write_report([folder], tmp_path / "report.html").path, width=390) as shown:
        page = shown.page
        assert page.locator(".fold[open] > summary").all_inner_texts() == ["Accuracy"]
        assert page.locator("ol.prefixes").is_hidden()
        page.click("nav a[href$=prefixes-title]")
        assert page.locator("ol.prefixes").is_visible()
        assert page.locator(".card").count() == 8
        page.click("text=Show 12 more candidates")
        assert page.locator(".card").count() == 20
        assert shown.messages == []


def test_filters_leave_what_matches(report):
    with opened(report) as shown:
        page, status = shown.page, shown.page.locator("#browser-status")
        page.select_option("#filter-prefix", label="B")
        assert status.inner_text() == "4 candidates of 4 questions"
        page.select_option("#filter-rank", label="unranked")
        assert status.inner_text() == "0 candidates of 0 questions"
        page.select_option("#filter-round", label="round 1")
        page.click("#filter-reset")
        assert page.locator("#filter-round").input_value() == "2"
        page.select_option("#filter-outcome", label="selected")
        assert status.inner_text() == "4 candidates of 4 questions"
        assert page.locator(".card.chosen").count() == 1
        page.click("#filter-reset")
        page.fill("#search", "Q2-3")
        shows(status, "3 candidates of 1 question")


def test_a_search_of_all_texts_finds_thoughts(report):
    with opened(report) as shown:
        page = shown.page
        page.fill("#search", "b THOUGHT so")
        shows(page.locator("#browser-status"), "0 candidates of 0 questions")
        assert page.locator("#search-hint").is_visible()
        page.check("#full-text")
        shows(page.locator("#browser-status"), "4 candidates of 4 questions")
        assert page.locator("#search-hint").is_hidden()
        page.click("#filter-reset")
        assert not page.is_checked("#full-text")
        assert page.locator("#browser-status").inner_text() == "12 candidates of 4 questions"


def test_a_prefix_of_the_grid_shows_its_candidates(report):
    with opened(report) as shown:
        shown.page.locator('button.prefix[data-round="2"]').nth(1).click()
        shows(shown.page.locator("#browser-status"), "4 candidates of 4 questions")
        shown.page.locator(".card .facts", has_text="prefix B").first.wait_for()
        assert shown.page.locator(".card .facts").first.inner_text().count("prefix B") == 1


def test_the_list_of_questions_is_used_by_keyboard(report):
    with opened(report) as shown:
        page = shown.page
        page.focus("#question-list")
        page.keyboard.press("End")
        shows(page.locator(".question-id"), "q2-3")
        assert page.locator("#question-list").get_attribute("aria-activedescendant") == "row-3"


def test_replies_are_shown_before_and_after(report):
    with opened(report) as shown:
        page = shown.page
        page.check("input[value=held-out]")
        page.select_option("#filter-outcome", label="became right")
        shows(page.locator(".pair .card h4").last, "Round 2")
        titles = page.locator(".pair .card h4").all_inner_texts()
        assert titles == ["Round 0, before training", "Round 2"]
        assert page.locator(".pair .outcome").all_inner_texts() == ["wrong", "right"]


def test_replies_of_controls_and_verdicts_on_replies_are_shown(tmp_path):
    folder = with_controls_and_win_rates(stored_run(tmp_path / "judged"))
    with opened(write_report([folder], tmp_path / "report.html").path) as shown:
        page = shown.page
        page.check("input[value=held-out]")
        page.locator("#question-detail .call").first.wait_for()
        assert page.locator("#question-detail .call").all_inner_texts() == [
            "Judge, round 2, free reply against round 0: prefers free reply",
            "Judge, round 2, control answers only, pairs, free reply against round 0: prefers free reply",
        ]
        page.locator("#question-detail summary", has_text="Controls: 1 repl").click()
        assert page.locator(".card h4", has_text="Control answers only, pairs: free reply").count() == 1
        assert shown.messages == []


def test_several_runs_stand_side_by_side_and_one_is_shown(tmp_path):
    good = stored_run(tmp_path / "good", held_out=80)
    bad = stored_run(tmp_path / "bad", held_out=80, accuracy=(0.2, 0.2, 0.1), seed=1)
    path = write_report([bad, good], tmp_path / "report.html").path
    index = index_of(path.read_text())
    assert index["headline"].startswith("Of 2 runs, good is the most accurate")
    assert "It is better than every other run, and that is unlikely to be chance (" in index["headline"]
    with opened(path) as shown:
        page = shown.page
        assert page.locator("article.run:visible h2").all_inner_texts() == ["good"]
        assert page.locator(".scroll:has(table)").first.evaluate("box => box.scrollWidth <= box.clientWidth")
        assert serious_faults(page) == []
        page.select_option("#run-choice", label="bad")
        assert page.locator("article.run:visible h2").all_inner_texts() == ["bad"]
        assert shown.messages == []


def test_the_best_run_is_shown_where_all_have_one_name(tmp_path):
    good = stored_run(tmp_path / "a" / "run", held_out=80)
    bad = stored_run(tmp_path / "b" / "run", held_out=80, accuracy=(0.2, 0.2, 0.1), seed=1)
    page = write_report([bad, good], tmp_path / "report.html").path.read_text()
    assert '<option value="0" selected>a/run</option><option value="1">b/run</option>' in page
