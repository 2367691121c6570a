import pytest

from thoughtrank.report.effect_text import closing_lines, effect_line, p_text

EFFECT = {"points": 10.5, "low": 6.1, "high": 14.9, "p_value": 3e-5, "n": 400, "against": "answers_only/copies thought"}


def arms(**accuracies):
    return {name: {"accuracy": accuracy} for name, accuracy in accuracies.items()}


def control(examples, **accuracies):
    return {"examples": examples, "steps": 56, "arms": arms(**accuracies)}


SUMMARY = {
    "thought_effect": EFFECT,
    "controls": {
        "answers_only": {
            "variant": "copies",
            **control(445, thought=0.335),
            "variants": {
                "copies": control(445, thought=0.335),
                "pairs": control(106, thought=0.29) | {"kept_step": 42},
            },
        },
        "random_thoughts": control(445, own_thought=0.4),
    },
    "rounds": [
        {"round": 0, "arms": arms(own_thought=0.1)},
        {"round": 4, "arms": arms(thought=0.5, own_thought=0.445, answer_at_once=0.01, swapped_thought=0.02)},
    ],
}


def test_the_effect_has_points_interval_p_value_number_of_questions_and_what_it_is_against():
    line = "thought effect: +10.5 points [+6.1 to +14.9], p < 0.001, n = 400, against answers only, copies: free reply"
    assert effect_line(EFFECT) == line


def test_a_negative_effect_keeps_its_sign():
    assert "-3.0 points [-8.0 to +2.0], p = 0.210" in effect_line(
        EFFECT | {"points": -3.0, "low": -8.0, "high": 2.0, "p_value": 0.21}
    )


@pytest.mark.parametrize("examples", [(), (0, 4), (None,)])
def test_without_an_effect_it_is_said_what_it_takes(examples):
    assert "controls=[answers_only]" in effect_line(None, examples=examples)


def test_without_a_training_example_that_is_why_there_is_no_effect():
    assert effect_line(None, examples=[0, 0]) == ("thought effect: not measured; no round found a training example")
    rounds = [{"round": number, "examples": 0} for number in range(2)]
    assert closing_lines({"thought_effect": None, "controls": {}, "rounds": rounds}) == [
        effect_line(None, examples=[0])
    ]


@pytest.mark.parametrize(
    ("p_value", "text"), [(0.04321, "= 0.043"), (0.001, "= 0.001"), (0.00099, "< 0.001"), (1.0, "= 1.000")]
)
def test_small_p_values_are_bounded(p_value, text):
    assert p_text(p_value) == text


def test_the_closing_lines_lead_with_the_effect_and_show_arms_and_controls_beside_it():
    assert closing_lines(SUMMARY) == [
        effect_line(EFFECT),
        "round 4: own thought 44.5 %, answer at once 1.0 %, swapped thought 2.0 %",
        "control answers only, copies (445 examples, 56 steps): free reply 33.5 %",
        "control answers only, pairs (106 examples, 56 steps): free reply 29.0 %",
        "control random thoughts (445 examples, 56 steps): own thought 40.0 %",
        "copies: one example per training example of the run, so the same number of examples and steps",
        "pairs: each distinct pair of question and answer once per epoch, for the same number of steps; early stopping "
        "kept the weights of step 42",
    ]


def test_an_arm_with_fewer_questions_than_the_others_has_their_number():
    full, fewer = {"n": 400, "accuracy": 0.445}, {"n": 388, "accuracy": 0.02}
    last = {"round": 4, "arms": {"own_thought": full, "swapped_thought": fewer}}
    lines = closing_lines({"thought_effect": None, "controls": {}, "rounds": [last]})
    assert lines[1] == "round 4: own thought 44.5 %, swapped thought 2.0 % of 388"


def test_chance_stands_beside_the_arms_with_the_answer_that_it_always_gives():
    chance = {"answer": "12", "accuracy": 0.0425, "n": 400}
    last = {"round": 4, "arms": arms(filler_thought=0.01), "chance": chance}
    summary = {"thought_effect": None, "controls": {}, "rounds": [last]}
    assert closing_lines(summary)[1] == "round 4: filler thought 1.0 %, chance (always “12”) 4.2 %"
    summary["rounds"] = [{**last, "chance": None}]
    assert closing_lines(summary)[1] == "round 4: filler thought 1.0 %"


def test_a_control_without_development_questions_is_not_said_to_have_stopped_early():
    pairs = control(106, thought=0.29) | {"kept_step": None}
    variants = {"copies": control(445, thought=0.3), "pairs": pairs}
    copies_line, pairs_line = closing_lines(SUMMARY | {"controls": {"answers_only": pairs | {"variants": variants}}})[
        -2:
    ]
    assert copies_line.endswith("the same number of examples and steps")
    assert pairs_line.endswith("for the same number of steps; without early stopping")


def test_a_summary_of_an_older_version_has_none():
    assert closing_lines({"rounds": [{"round": 0}]}) == []
