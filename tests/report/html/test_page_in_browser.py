"""What Chromium shows of the page: nothing but our own code acts, and everything can be read at every size."""

import pytest
from headless import serious_faults
from stored_runs import HOSTILE, stored_run

from thoughtrank.report.html.write_report import write_report


def test_the_page_opens_without_the_network_and_an_empty_console(opened, report):
    with opened(report) as shown:
        assert shown.messages == []
        assert shown.requests == [report.resolve().as_uri()]
        assert shown.page.locator("#browser-status").inner_text() == "12 candidates of 4 questions"
        assert shown.page.locator(".card").count() == 3
        assert shown.page.locator(".curve canvas").count() == 3


def test_nothing_of_a_hostile_text_runs_or_breaks_the_layout(opened, hostile_report):
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


def test_a_line_of_a_megabyte_is_cut_until_it_is_asked_for(opened, tmp_path):
    folder = stored_run(tmp_path / "long", text="x" * 1_000_000, rounds=1, questions=1, held_out=2)
    with opened(write_report([folder], tmp_path / "report.html").path) as shown:
        page = shown.page
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        box = page.locator(".card .long").first
        assert len(box.locator(".text").inner_text()) < 5000
        box.locator("button").click()
        assert len(box.locator(".text").inner_text()) > 1_000_000
        assert shown.messages == []


def test_a_foreign_script_is_refused_by_the_policy(opened, report, tmp_path):
    changed = tmp_path / "changed.html"
    changed.write_text(report.read_text().replace("</main>", "<script>document.title='owned'</script></main>"))
    with opened(changed) as shown:
        assert shown.page.title() == "example – thoughtrank report"
        assert any("Content Security Policy" in message for message in shown.messages)


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("report", 390),
        ("joint_report", 1280),
        pytest.param("report", 1280, marks=pytest.mark.long),
        pytest.param("joint_report", 390, marks=pytest.mark.long),
    ],
)
def test_axe_finds_nothing_serious(opened, name, width, request):
    with opened(request.getfixturevalue(name), width=width) as shown:
        assert serious_faults(shown.page) == []
        # A dark page differs in its colours only.
        shown.page.emulate_media(color_scheme="dark")
        assert serious_faults(shown.page, rules=["color-contrast"]) == []
        assert shown.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert shown.messages == []


def test_on_a_phone_the_tables_that_decide_need_no_sideways_scrolling(opened, joint_report):
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


def test_a_phone_shows_few_candidates_and_folds_sections_until_they_are_asked_for(opened, tmp_path):
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


def test_several_runs_stand_side_by_side_and_one_is_shown(opened, tmp_path):
    good = stored_run(tmp_path / "good", held_out=80)
    bad = stored_run(tmp_path / "bad", held_out=80, accuracy=(0.2, 0.2, 0.1), seed=1)
    path = write_report([bad, good], tmp_path / "report.html").path
    with opened(path) as shown:
        page = shown.page
        assert page.locator("article.run:visible h2").all_inner_texts() == ["good"]
        assert page.locator(".scroll:has(table)").first.evaluate("box => box.scrollWidth <= box.clientWidth")
        assert serious_faults(page) == []
        page.select_option("#run-choice", label="bad")
        assert page.locator("article.run:visible h2").all_inner_texts() == ["bad"]
        assert shown.messages == []
