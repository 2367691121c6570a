from dataclasses import replace

from stored_runs import stored_run

from thoughtrank.report.html.stored_run import read_run
from thoughtrank.report.html.thought_effect_notes import against, effect_note, empty_thought_note

EFFECT = {
    "points": 9.0,
    "low": 4.0,
    "high": 14.0,
    "p_value": 0.0001,
    "n": 40,
    "against": "answers_only/copies answer_at_once",
    "parts": [{}, {}],
}
CONTROLS = {"answers_only": {"variants": {"copies": {}, "pairs": {}}}}


def with_arms(run, **arms):
    last = run.rounds[-1]
    changed = {**last.metrics["arms"], **arms}
    return replace(run, rounds=[*run.rounds[:-1], replace(last, metrics={**last.metrics, "arms": changed})])


def test_the_effect_names_its_control_and_what_the_variants_are(tmp_path):
    run = read_run(stored_run(tmp_path))
    assert against(run) is None
    assert effect_note(run) is None
    run = replace(run, findings={"thought_effect": EFFECT, "controls": CONTROLS, "comparisons": []})
    assert against(run) == ("answers_only/copies", "answer_at_once")
    text = effect_note(run)
    assert text.startswith("Thought effect: +9.0 points (95 % interval +4.0 to +14.0, p < 0.001), more than chance.")
    assert "trained in 2 variants: copies (one example for each of the run's" in text
    assert text.endswith("difference to answers_only/copies, arm answer_at_once, the strictest of 2 comparisons.")


def test_an_empty_thought_has_a_sentence_only_where_it_is_as_good(tmp_path):
    run = read_run(stored_run(tmp_path))
    thought = {"accuracy": 0.5, "low": 0.4, "high": 0.6, "n": 40}
    good = {"accuracy": 0.45, "low": 0.3, "high": 0.6, "n": 40, "reply_tokens": 46.2}
    text = empty_thought_note(with_arms(run, thought=thought, room_to_reason=good, answer_at_once={"accuracy": 0.1}))
    assert "(room_to_reason) the trained model reaches 45.0 %, in replies of 46 tokens on average." in text
    assert "(answer_at_once), it reaches 10.0 %." in text
    worse = {**good, "accuracy": 0.3}
    assert empty_thought_note(with_arms(run, thought=thought, room_to_reason=worse)) is None
    assert empty_thought_note(read_run(stored_run(tmp_path / "base", rounds=0))) is None
