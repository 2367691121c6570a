from dataclasses import replace

from stored_runs import stored_run
from test_prefix_section import statistics_of

from thoughtrank.report.html.candidate_sections import distribution_section, problems_section
from thoughtrank.report.html.stored_run import read_run


def test_ranks_gains_and_lengths_of_every_round(tmp_path):
    run = read_run(stored_run(tmp_path, questions=5))
    shown = distribution_section([statistics_of(run, 1), statistics_of(run, 2)], name="run-0")
    for caption in ("Ranks", "Gains of the thoughts", "Length of the thoughts"):
        assert f"<figcaption>{caption}</figcaption>" in shown
    assert "Not accuracy: a rank compares the candidates of one question" in shown
    assert "round 2 (10)" in shown  # ranked
    assert "round 2 (15)" in shown
    assert "no candidates yet" in distribution_section([], name="run-0")


def test_what_went_wrong_is_counted_by_round(tmp_path):
    run = read_run(stored_run(tmp_path, questions=5))
    last = run.rounds[-1]
    facts = {**last.facts, "training": {"examples_too_long": ["a", "b"]}}
    metrics = {**last.metrics, "truncation_rate": 0.1}
    run = replace(run, rounds=[*run.rounds[:-1], replace(last, facts=facts, metrics=metrics)])
    shown = problems_section(run, [statistics_of(run, 1), statistics_of(run, 2)], name="run-0")
    row = "<td>–</td><td>5 (33.3 %)</td><td>5 (33.3 %)</td>"
    assert f'<th scope="row">unranked: refused so 3 + 4 = 7</th>{row}' in shown
    assert f'<th scope="row">thought truncated at its limit</th>{row}' in shown
    assert "training examples too long for the model</th><td>0</td><td>0</td><td>2</td>" in shown
    assert '<th scope="row">candidates</th><td>–</td><td>15</td><td>15</td>' in shown
    assert '<th scope="row">held-out questions</th><td>40</td><td>40</td><td>40</td>' in shown
    assert '<th scope="row">free reply truncated</th><td>0</td><td>0</td><td>4 (10.0 %)</td>' in shown


def test_a_run_in_which_nothing_went_wrong(tmp_path):
    run = read_run(stored_run(tmp_path, rounds=0))
    assert "Nothing was truncated, failed or left unranked." in problems_section(run, [], name="run-0")
