from dataclasses import replace

import pytest
from stored_runs import stored_run, unpriced, with_controls_and_win_rates

from thoughtrank.report.html.headline import headline
from thoughtrank.report.html.key_figures import key_figures
from thoughtrank.report.html.run_sections import judge_section
from thoughtrank.report.html.stored_run import read_run
from thoughtrank.report.html.totals import duration_text, other_cost, total_cost, total_seconds
from thoughtrank.storage.judge_costs import StageCost, read_judge_costs, write_judge_costs
from thoughtrank.storage.run_paths import RunPaths


def test_sums_are_over_rounds_and_controls(tmp_path):
    run = read_run(stored_run(tmp_path))
    assert total_cost(run) == pytest.approx(0.5)
    assert total_seconds(run) == 3 * 30 + 2 * 5 * 60
    controls = {"answers_only": {"seconds": 1.0, "variants": {"copies": {"seconds": 4.0}, "pairs": {"seconds": 6.0}}}}
    assert total_seconds(replace(run, findings={**run.findings, "controls": controls})) == 3 * 30 + 2 * 5 * 60 + 10


def test_what_the_run_no_longer_asks_for_is_part_of_the_cost_and_has_a_line_of_its_own(tmp_path):
    folder = stored_run(tmp_path)
    before = total_cost(read_run(folder))
    assert other_cost(read_run(folder)) == 0.0
    paths = RunPaths(folder)
    for account, cost in (("made up", before), ("dropped", 2.25)):
        costs = {**read_judge_costs(paths), account: StageCost(stage="round_1/2_rankings", cost=cost, lost=1.0)}
        write_judge_costs(paths, costs)
    run = read_run(folder)
    assert (other_cost(run), total_cost(run)) == (pytest.approx(2.25), pytest.approx(before + 2.25))
    shown = judge_section(run, name="run-0")
    assert '<th scope="row">unfinished, or no longer asked for</th><td>$2.25</td>' in shown
    assert f'<th scope="row">everything</th><td>${before + 2.25:.2f}</td>' in shown


@pytest.mark.parametrize(("seconds", "text"), [(12, "12 s"), (600, "10 min"), (7500, "2 h 05 min")])
def test_durations(seconds, text):
    assert duration_text(seconds) == text


def test_what_comparing_replies_cost_is_part_of_the_cost(tmp_path):
    run = read_run(with_controls_and_win_rates(stored_run(tmp_path)))
    assert total_cost(run) == 1.0


def test_a_judge_of_unknown_price_has_tokens_and_no_cost_of_zero(tmp_path):
    run = unpriced(read_run(stored_run(tmp_path)))
    assert (total_cost(run), other_cost(run)) == (None, 0.0)
    text = "the judge used 1,800 tokens of unknown price (set judge.price_per_million)"
    assert headline(run).endswith(f"; {text}.")
    shown = key_figures(run, [])
    assert "<b>?, 12 min</b>" in shown
    assert text in shown
    section = judge_section(run, name="run-0")
    assert '<th scope="row">all rounds</th><td>?</td><td>1,800</td>' in section
    assert "$" not in section.partition("<table")[2].replace("$0.00", "", 1)  # of round 0
