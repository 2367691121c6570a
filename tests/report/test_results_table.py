from thoughtrank.report.results_table import accuracy_text, arms_table, audit_line, fixed_width, percent, results_table

STAGES = ("generation", "ranking", "gains", "selection", "training", "evaluation")


def entry(number, *, examples, tokens, cost, prefixes):
    return {
        "round": number,
        **{"accuracy": 0.75, "accuracy_low": 0.3006, "accuracy_high": 0.9544},
        **{"direct_accuracy": 0.5, "direct_low": 0.15, "direct_high": 0.85},
        **{"unseen_accuracy": None, "unseen_low": None, "unseen_high": None},
        "thought_rate": 0.25,
        "examples": examples,
        "judge_tokens": tokens,
        "judge_cost": cost,
        "judge_audit": {},
        "best_prefixes": [{"prefix": prefix} for prefix in prefixes],
        "seconds": dict.fromkeys(STAGES, 1.0),
    }


BASE = entry(0, examples=0, tokens=0, cost=0.0, prefixes="")
FIRST = entry(1, examples=6, tokens=1200, cost=0.25, prefixes="gabcd")


def test_the_table_has_a_line_per_round_under_its_header():
    header, base, first = results_table([BASE, FIRST]).splitlines()
    for column in ("round", "accuracy", "direct", "unseen families", "thoughts", "examples", "judge", "best prefixes"):
        assert column in header
    assert base.split()[0] == "0"
    assert first.split()[0] == "1"
    assert "75.0 % [30–95]" in first  # Wilson, 3 of 4
    assert "1200 tok $0.25" in first
    assert "g a b c d" in first
    assert "–" in base


def test_the_columns_of_the_table_stand_under_each_other():
    lines = results_table([BASE, FIRST]).splitlines()
    start = lines[0].index("examples")
    assert lines[1][start] == "0"
    assert lines[2][start] == "6"


def arm(accuracy, **figures):
    return {"n": 9, "accuracy": accuracy, "low": 0.0, "high": 1.0, "unseen_accuracy": None, **figures}


ARMS = {
    **{name: arm(1.0) for name in ("thought", "answer_at_once", "own_thought", "swapped_thought", "filler_thought")},
    "edited_thought": arm(0.125, follows=1.0),
    "room_to_reason": arm(None),
    "best_of_n": arm(0.5, samples=12),
}


def test_the_arms_of_a_round_stand_beside_its_accuracy_in_a_hundred_columns():
    header, base, first = arms_table([BASE, {**FIRST, "arms": ARMS}]).splitlines()
    assert header.split()[:6] == ["round", "thought", "own", "at", "once", "swapped"]
    assert set(base.split()[1:]) == {"–"}
    assert "12.5 % (follows 100)" in first
    assert "50.0 % (n 12)" in first
    assert max(map(len, (header, base, first))) <= 100


def test_rounds_without_other_arms_have_no_second_table():
    two = {"thought": arm(0.5), "room_to_reason": arm(0.5)}
    assert arms_table([BASE, {**FIRST, "arms": two}]) is None


def test_an_interval_is_part_of_the_accuracy():
    assert accuracy_text(BASE, "accuracy", "accuracy") == "75.0 % [30–95]"
    assert accuracy_text(BASE, "unseen_accuracy", "unseen") == "–"


def test_a_fraction_is_shown_in_percent():
    assert (percent(0.125), percent(None)) == ("12.5 %", "–")


def test_a_table_has_no_blanks_at_the_end_of_a_line():
    assert fixed_width([["a", "bb"], ["ccc", "d"]]) == "a    bb\nccc  d"


def test_a_run_without_a_judging_model_has_no_audit():
    assert audit_line([BASE, FIRST]) is None
