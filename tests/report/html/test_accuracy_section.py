import re
from dataclasses import replace

from stored_runs import stored_run

from thoughtrank.report.html.accuracy_section import accuracy_curves, accuracy_section
from thoughtrank.report.html.stored_run import read_run

FIGURES = {"accuracy": 0.25, "low": 0.15, "high": 0.4, "n": 40}


def test_every_arm_of_the_last_round_and_every_control_has_its_interval(tmp_path):
    run = read_run(stored_run(tmp_path))
    controls = {
        "answers_only": {"variants": {"pairs": {"arms": {"thought": FIGURES}}}},
        "random_thoughts": {"arms": {"thought": FIGURES}},
    }
    shown = accuracy_section(replace(run, findings={**run.findings, "controls": controls}), name="run-0")
    assert 'round 0: free reply<small class="meaning">before training</small>' in shown
    assert "in round 2, 40 of 40 of these replies close a thought anyway. So this arm does not show" in shown
    for text in (
        "own thought<small>own_thought: ",
        "answer at once<small>answer_at_once: ",
        "empty thought<small>room_to_",
    ):
        assert f"round 2: {text}" in shown.replace(' class="meaning"', "")
    assert "control answers only, pairs: free reply<small" in shown
    assert '<small class="meaning">answers_only/pairs: trained on the same answers' in shown
    assert "each distinct pair of question and answer once per epoch" in shown
    assert 'control random thoughts: free reply<small class="meaning">random_thoughts: ' in shown
    assert shown.count("25.0 % [15–40]") == 2
    assert shown.count("<circle") == 3 * 4
    assert "round 2: free reply − round 0: free reply" in shown


def test_the_legend_has_the_last_value_of_each_curve_the_highest_first(tmp_path):
    run = read_run(stored_run(tmp_path))
    first, middle, last = run.rounds
    arms = {
        "thought": {**FIGURES, "accuracy": 0.5},
        "answer_at_once": {**FIGURES, "accuracy": 0.002, "low": 0.0},
        "own_thought": {**FIGURES, "accuracy": 0.9},
    }
    rounds = [first, middle, replace(last, metrics={**last.metrics, "arms": arms})]
    shown = accuracy_section(replace(run, rounds=rounds), name="run-0")
    texts = re.findall(r'<span class="swatch"></span>([^<]*)</li>', shown)
    ended = f"empty thought: {100 * middle.metrics['arms']['room_to_reason']['accuracy']:.1f} % (round 1)"
    assert [each for each in texts if each != ended] == [
        "own thought: 90.0 %",
        "free reply: 50.0 %",
        "answer at once: 0.2 %",
    ]
    assert ended in texts


def test_the_control_of_the_thought_effect_is_a_point_of_the_chart(tmp_path):
    run = read_run(stored_run(tmp_path))
    arms = {"thought": FIGURES, "answer_at_once": FIGURES, "best_of_n": {**FIGURES, "accuracy": 0.3}}
    effect = {"points": 9.0, "low": 4.0, "high": 14.0, "p_value": 0.001, "n": 40, "parts": []}
    findings = {
        "comparisons": [],
        "thought_effect": {**effect, "against": "answers_only/pairs answer_at_once"},
        "controls": {"answers_only": {"variants": {"pairs": {"arms": arms}}}},
    }
    shown = accuracy_section(replace(run, findings=findings), name="run-0")
    assert "<title>control answers only, pairs, round 2: 25.0 % [15.0 to 40.0]</title>" in shown
    assert shown.count('class="marker"') == 1
    # Arms of equal accuracy are one row.
    assert "control answers only, pairs: the same in 2 arms, free reply, answer at once<small" in shown
    assert "control answers only, pairs: majority of n</th>" in shown


def test_questions_without_references_have_a_sentence(tmp_path):
    run = read_run(stored_run(tmp_path, rounds=0))
    (first,) = run.rounds
    bare = replace(run, rounds=[replace(first, metrics={"round": 0, "arms": {"thought": {"accuracy": None}}})])
    assert "No round has an accuracy yet" in accuracy_section(bare, name="run-0")


def test_chance_is_a_row_below_the_filler_thought_without_an_interval(tmp_path):
    run = read_run(stored_run(tmp_path))
    *before, last = run.rounds
    arms = {"thought": FIGURES, "filler_thought": FIGURES, "best_of_n": FIGURES}
    chance = {"answer": "<12>", "accuracy": 0.0425, "n": 38}
    with_chance = replace(last, metrics={**last.metrics, "arms": arms, "chance": chance})
    shown = accuracy_section(replace(run, rounds=[*before, with_chance]), name="run-0")
    row = re.search(r"<tr>(?:(?!<tr>).)*always “&lt;12&gt;”, the most frequent reference answer.*?</tr>", shown)[0]
    assert ">4.2 %<" in row
    assert ">38<" in row
    assert shown.index("filler thought<small") < shown.index(row) < shown.index("majority of n<small")


def test_how_often_the_edit_is_followed_stands_beside_its_arm(tmp_path):
    run = read_run(stored_run(tmp_path))
    last = run.rounds[-1]
    arms = {**last.metrics["arms"], "edited_thought": {**FIGURES, "follows": 0.8}}
    changed = replace(run, rounds=[*run.rounds[:-1], replace(last, metrics={**last.metrics, "arms": arms})])
    shown = accuracy_section(changed, name="run-0")
    assert 'accuracy</th><th scope="col">questions</th><th scope="col">answers the edited number</th>' in shown
    assert shown.count('<td data-column="answers the edited number">80.0 %</td>') == 1
    assert "answers the edited number" not in accuracy_section(run, name="run-0")


def test_an_arm_has_the_same_colour_whatever_other_arms_there_are(tmp_path):
    run = read_run(stored_run(tmp_path))
    without = [
        replace(each, metrics={**each.metrics, "arms": {**each.metrics["arms"], "own_thought": {}}})
        for each in run.rounds
    ]
    all_arms, fewer = (accuracy_curves(each) for each in (run, replace(run, rounds=without)))
    looks = dict(zip([name for name, _ in all_arms.series], all_arms.looks, strict=True))
    assert "own thought" in looks
    assert "own thought" not in dict(fewer.series)
    for (name, _), look in zip(fewer.series, fewer.looks, strict=True):
        assert looks[name] == look
