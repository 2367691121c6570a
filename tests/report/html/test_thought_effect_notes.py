from dataclasses import replace

from stored_runs import stored_run

from thoughtrank.report.html.stored_run import read_run
from thoughtrank.report.html.thought_effect_notes import against, effect_note, effect_sides

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


def test_the_effect_names_its_control_and_what_the_variants_are(tmp_path):
    run = read_run(stored_run(tmp_path))
    assert against(run) is None
    assert effect_note(run) is None
    run = replace(run, findings={"thought_effect": EFFECT, "controls": CONTROLS, "comparisons": []})
    assert against(run) == ("answers_only/copies", "answer_at_once")
    text = effect_note(run)
    assert text.startswith(
        "Thought effect: +9.0 points (95 % interval +4.0 to +14.0, p < 0.001), unlikely to be chance."
    )
    assert "trained in 2 variants: copies (one example per training example of the run" in text
    assert text.endswith(
        "difference to “answers only, copies: answer at once”, the smallest of 2 differences to this control, with the largest "
        "of their p-values."
    )


def test_the_two_accuracies_of_the_effect_are_named_only_where_their_difference_is_the_effect(tmp_path):
    run = read_run(stored_run(tmp_path))
    own = run.rounds[-1].metrics["arms"]["own_thought"]["accuracy"]
    arms = {"answer_at_once": {"accuracy": own - 0.09}}
    effect = {**EFFECT, "parts": [{"arm": "own_thought", "against": EFFECT["against"]}]}
    controls = {"answers_only": {"variants": {"copies": {"arms": arms}}}}
    findings = {"thought_effect": effect, "controls": controls, "comparisons": []}
    assert effect_sides(replace(run, findings=findings)) == (own - 0.09, own)
    other = {**findings, "thought_effect": {**effect, "points": 12.0}}
    assert effect_sides(replace(run, findings=other)) is None
    assert effect_sides(run) is None
