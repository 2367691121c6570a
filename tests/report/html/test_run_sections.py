import re
from dataclasses import replace

import pytest
from stored_runs import stored_run

from thoughtrank.report.html.run_sections import curves_of, judge_section, settings_section, training_section
from thoughtrank.report.html.stored_run import read_run
from thoughtrank.report.html.totals import duration_text


@pytest.fixture
def run(tmp_path):
    return read_run(stored_run(tmp_path))


def test_audit_and_spend_of_every_round(run):
    audit = {"looks": 1234, "swap_consistency": 0.9, "length_slope": 0.125, "same_family": True, "refused_share": None}
    last = run.rounds[-1]
    facts = {**last.facts, "ranking": {**last.facts["ranking"], "audit": audit}}
    shown = judge_section(replace(run, rounds=[*run.rounds[:-1], replace(last, facts=facts)]), name="run-0")
    for name, value in (
        ("judge calls", "1,234"),
        ("same order after a swap", "90.0 %"),
        ("length slope per doubling", "+0.12"),
    ):
        assert f'<th scope="row">{name}</th><td>' in shown
        assert f"<td>{value}</td>" in shown
    assert "<td>$0.25</td><td>900</td><td>60 s</td>" in shown
    assert '<th scope="row">all rounds</th><td>$0.50</td><td>1,800</td>' in shown


def test_the_spend_of_controls_adds_up_to_everything(run):
    controls = {"answers_only": {"variants": {"copies": {"seconds": 100.0}, "pairs": {"seconds": 260.0}}}}
    shown = judge_section(replace(run, findings={**run.findings, "controls": controls}), name="run-0")
    of_rounds = sum(sum(each.seconds.values()) for each in run.rounds)
    totals = dict(re.findall(r'<th scope="row">([^<]*)</th>(?:<td>[^<]*</td>)*<td>([^<]*)</td></tr>', shown))
    assert totals["control answers only, copies"] == "2 min"
    assert totals["control answers only, pairs"] == "4 min"
    assert totals["all rounds"] == duration_text(of_rounds)
    assert totals["everything"] == duration_text(of_rounds + 360)


def test_a_run_without_an_audit_says_so(run):
    rounds = [replace(each, facts={}) for each in run.rounds]
    assert "There is no audit of a judge" in judge_section(replace(run, rounds=rounds), name="run-0")
    exact = {"judge": {"_target_": "thoughtrank.judging.reference.ReferenceJudge"}}
    assert "No model judged" in judge_section(replace(run, rounds=rounds, config=exact), name="run-0")


def test_curves_go_on_from_round_to_round(run):
    curves = curves_of(run)
    assert curves["columns"]["step"] == list(range(1, 11))
    assert curves["columns"]["loss"][5] == 1.0
    assert curves["starts"] == [{"round": 1, "step": 1}, {"round": 2, "step": 6}]
    diverged = replace(run.rounds[1], curve=[{"step": 1, "loss": float("nan")}, {"step": 2}])
    assert curves_of(replace(run, rounds=[diverged]))["columns"] == {"step": [1, 2], "loss": [None, None]}


def test_trainings_as_a_table(run):
    shown = training_section(run, name="run-0")
    assert 'data-curves="run-0"' in shown
    assert "<td>4</td><td>–</td><td>5</td><td>1.000 → 0.200</td>" in shown
    assert "trains the base model again" not in shown
    again = training_section(replace(run, config={"training": {"start": "base", "examples": "all"}}), name="run-0")
    assert "the base model again, on the examples of all rounds so far. So the loss jumps there. Drag" in again
    assert "examples of all rounds so far</th>" in again
    assert "examples of all rounds so far</th>" not in training_section(run, name="run-0")
    assert "No round has a training curve." in training_section(replace(run, rounds=[]), name="run-0")


def test_config_and_versions(run):
    shown = settings_section(replace(run, config_text="key: <value>"), name="run-0")
    assert "key: &lt;value&gt;" in shown
    assert '<th scope="row">torch</th><td>2.13</td>' in shown
    assert "neither a config nor versions" in settings_section(replace(run, rounds=[], config_text=""), name="run-0")
