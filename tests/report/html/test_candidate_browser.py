"""The browser of candidates and replies in the page, used in Chromium."""

from headless import shows
from stored_runs import stored_run, with_controls_and_win_rates

from thoughtrank.report.html.write_report import write_report


def test_filters_leave_what_matches(opened, report):
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


def test_a_search_of_all_texts_finds_thoughts(opened, report):
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


def test_a_prefix_of_the_grid_shows_its_candidates(opened, report):
    with opened(report) as shown:
        shown.page.locator('button.prefix[data-round="2"]').nth(1).click()
        shows(shown.page.locator("#browser-status"), "4 candidates of 4 questions")
        shown.page.locator(".card .facts", has_text="prefix B").first.wait_for()
        assert shown.page.locator(".card .facts").first.inner_text().count("prefix B") == 1


def test_the_list_of_questions_is_used_by_keyboard(opened, report):
    with opened(report) as shown:
        page = shown.page
        page.focus("#question-list")
        page.keyboard.press("End")
        shows(page.locator(".question-id"), "q2-3")
        assert page.locator("#question-list").get_attribute("aria-activedescendant") == "row-3"


def test_replies_are_shown_before_and_after(opened, report):
    with opened(report) as shown:
        page = shown.page
        page.check("input[value=held-out]")
        page.select_option("#filter-outcome", label="became right")
        shows(page.locator(".pair .card h4").last, "Round 2")
        titles = page.locator(".pair .card h4").all_inner_texts()
        assert titles == ["Round 0, before training", "Round 2"]
        assert page.locator(".pair .outcome").all_inner_texts() == ["wrong", "right"]


def test_replies_of_controls_and_verdicts_on_replies_are_shown(opened, tmp_path):
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
