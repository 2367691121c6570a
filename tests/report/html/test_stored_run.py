import pytest
from stored_runs import stored_run, table, with_development

from thoughtrank.errors import UserError
from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.report.html.stored_run import read_run
from thoughtrank.storage.done_marker import write_done
from thoughtrank.storage.json_files import read_json, write_json
from thoughtrank.storage.run_paths import RunPaths


def test_every_round_is_read_with_its_facts_and_curve(tmp_path):
    run = read_run(stored_run(tmp_path / "mine"))
    assert run.name == "mine"
    assert [each.number for each in run.rounds] == [0, 1, 2]
    assert run.rounds[0].facts.keys() == {"evaluation"}
    assert run.rounds[1].facts["ranking"]["judge_tokens"] == 900
    assert [row["step"] for row in run.rounds[1].curve] == [1, 2, 3, 4, 5]
    assert len(run.rounds[2].replies) == 160
    assert run.config["selection"] == {"allow_truncated": False}


def test_an_unfinished_run_is_compared_with_its_base_model_all_the_same(tmp_path):
    run = read_run(stored_run(tmp_path))
    assert not run.finished
    compared = {(each["first"], each["second"]) for each in run.findings["comparisons"]}
    assert {("round 1 thought", "round 0 thought"), ("round 2 thought", "round 0 thought")} <= compared
    assert run.findings["thought_effect"] is None


def test_the_findings_of_a_finished_run_are_those_of_its_summary(tmp_path):
    stored_run(tmp_path)
    findings = {"thought_effect": {"points": 1.0}, "controls": {"answers_only": {"round": 2}}, "comparisons": []}
    write_json(tmp_path / "summary.json", {**findings, "rounds": [{}, {}, {}]})
    run = read_run(tmp_path)
    assert run.finished
    assert run.findings == findings
    write_json(tmp_path / "summary.json", {**findings, "rounds": [{}, {}]})
    assert not read_run(tmp_path).finished  # it was extended since


def test_accuracy_on_development_questions_has_its_name_in_the_summary(tmp_path):
    stored_run(tmp_path)
    assert "development_accuracy" not in read_run(tmp_path).rounds[2].metrics
    metrics = read_run(with_development(tmp_path, 0.625)).rounds[2].metrics
    assert (metrics["development_n"], metrics["development_accuracy"]) == (50, 0.625)
    assert metrics["n"] == 40


def test_arms_of_older_runs_have_their_names_of_today(tmp_path):
    stored_run(tmp_path, rounds=0)
    reply = {"question_id": "q", "family": None, "unseen": False, "reply": "r", "answer": None, "right": True}
    end = {"thought_well_formed": True, "reply_tokens": 1, "reply_finish": "stop"}
    rows = [HeldOutReply(**reply, arm=arm, **end) for arm in ("unprefixed", "direct")]
    table(tmp_path / "round_0" / "5_replies", rows, HeldOutReply)
    path = tmp_path / "round_0" / "5_evaluation.json"
    metrics = {**read_json(path), "direct_accuracy": 0.5, "direct_low": 0.4, "direct_high": 0.6}
    del metrics["arms"]
    write_json(path, metrics)
    (first,) = read_run(tmp_path).rounds
    assert [each.arm for each in first.replies] == ["thought", "room_to_reason"]
    assert first.metrics["arms"]["room_to_reason"]["accuracy"] == 0.5
    assert first.metrics["arms"]["thought"]["low"] == metrics["accuracy_low"]


def test_what_cannot_be_read_is_left_out(tmp_path):
    stored_run(tmp_path)
    (tmp_path / "config.yaml").write_text("a: [")
    (tmp_path / "round_1" / "5_evaluation.json").write_text("{")
    (tmp_path / "round_2" / "5_replies" / "part-00000.parquet").write_bytes(b"torn")
    run = read_run(tmp_path)
    assert run.config == {}
    assert [each.number for each in run.evaluated] == [0, 2]
    assert run.rounds[2].replies == []
    assert run.findings["comparisons"] == []


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match="is not a run folder"):
        read_run(tmp_path)
    with pytest.raises(UserError, match="none: no such folder; give the folder of a run"):
        read_run(tmp_path / "none")


def test_a_study_that_keeps_only_its_summary_has_the_figures_of_its_rounds(tmp_path):
    entry = {"n": 5, "accuracy_low": 0.1, "accuracy_high": 0.9, "seconds": {"evaluation": 3.0}, "judge_cost": 0.5}
    rounds = [{"round": number, "accuracy": 0.5, **entry} for number in (0, 1)]
    write_json(tmp_path / "summary.json", {"rounds": rounds})
    (tmp_path / "config.yaml").write_text("seed: 0\n")
    run = read_run(tmp_path)
    assert run.finished
    assert [each.metrics["arms"]["thought"]["accuracy"] for each in run.evaluated] == [0.5, 0.5]
    assert [(each.cost, each.seconds["evaluation"]) for each in run.rounds] == [(0.5, 3.0), (0.5, 3.0)]


def test_the_time_of_a_round_is_that_of_all_it_computed(tmp_path):
    folder = stored_run(tmp_path, rounds=1)
    before = read_run(folder).rounds[1].seconds
    paths = RunPaths(folder)
    screening = paths.screening(1)
    tables = (screening.candidates, screening.gains, paths.development_replies(1), paths.win_rates(1, "a"))
    for seconds, made in zip((1.0, 2.0, 4.0, 8.0), tables, strict=True):
        made.mkdir(parents=True)
        write_done(made, fingerprint="f", facts={"seconds": seconds})
    added = {"screening": 3.0, "development": 4.0, "win_rates": 8.0}
    assert read_run(folder).rounds[1].seconds == {**before, **added}
    write_json(folder / "summary.json", {"rounds": [{"round": 0, "seconds": {"evaluation": 9.0, **added}}]})
    kept = tmp_path / "kept"
    kept.mkdir()
    for name in ("summary.json", "config.yaml"):
        (kept / name).write_text((folder / name).read_text())
    assert read_run(kept).rounds[0].seconds.items() >= added.items()
