import re

from thoughtrank.report.results_table import accuracy_text, arms_table, audit_line, family_line, results_table
from thoughtrank.report.text_layout import percent

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


def test_the_table_has_a_line_per_round_and_what_a_round_took_below():
    results, costs = (block.splitlines() for block in results_table([BASE, FIRST]).split("\n\n"))
    for column in ("round", "accuracy", "empty thought", "unseen families", "thoughts", "examples", "judge"):
        assert column in results[0]
    for block in (results, costs):
        assert [line.split()[0] for line in block] == ["round", "0", "1"]
    assert "75.0 % [30–95]" in results[2]  # Wilson, 3 of 4
    assert "1200 tok $0.25" in results[2]
    assert "–" in results[1]
    assert re.split("  +", costs[0])[1:] == [
        "best prefixes",
        "seconds: gen",
        "rank",
        "gain",
        "select",
        "train",
        "eval",
    ]
    assert costs[2].startswith("1      g a b c d  ")
    assert costs[2].split()[-6:] == ["1"] * 6


def test_the_seconds_of_every_stage_end_under_its_name():
    seconds = dict(zip(STAGES, (4.0, 0.0, 1.0, 0.0, 123456.0, 5.0), strict=True))
    table = results_table([BASE, {**FIRST, "seconds": seconds}])
    header, _, line = table.split("\n\n")[-1].splitlines()
    ends = {name: header.index(name) + len(name) for name in ("gen", "rank", "gain", "select", "train", "eval")}
    numbers = dict(zip(ends, ("4", "0", "1", "0", "123456", "5"), strict=True))
    assert {name: line[: ends[name]].split()[-1] for name in ends} == numbers


def test_a_price_that_is_unknown_is_no_zero():
    table = results_table([BASE, entry(1, examples=6, tokens=1200, cost=None, prefixes="")])
    assert "1200 tok ?" in table
    assert "1200 tok $" not in table


def test_the_columns_of_the_table_stand_under_each_other():
    lines = results_table([BASE, FIRST]).splitlines()
    start = lines[0].index("examples")
    assert lines[1][start] == "0"
    assert lines[2][start] == "6"


def test_the_table_of_a_long_run_with_a_costly_judge_fits_a_hundred_columns():
    many = entry(10, examples=99_999, tokens=9_999_999, cost=99.99, prefixes=[f"first_token_{n}" for n in range(5)])
    many |= {f"{name}accuracy": 1.0 for name in ("", "direct_", "unseen_")}
    many |= {f"{name}_{end}": 1.0 for name in ("accuracy", "direct", "unseen") for end in ("low", "high")}
    many |= {"thought_rate": 1.0, "seconds": dict.fromkeys(STAGES, 99_999.0)}
    lines = results_table([BASE, many]).splitlines()
    assert max(map(len, lines)) <= 100


def test_long_prefixes_are_whole_in_lines_of_their_own():
    words = [f"To find how many are left after {number}" for number in range(5)]
    table, lines = results_table([BASE, entry(1, examples=6, tokens=0, cost=0.0, prefixes=words)]).split(
        "best prefixes"
    )
    assert table.splitlines()[-1].split()[-6:] == ["1"] * 6
    assert " ".join(lines.split()) == f"in round 1: {', '.join(words)}"
    assert max(map(len, lines.splitlines())) <= 100


def arm(accuracy, *, n=9, **figures):
    return {"n": n, "accuracy": accuracy, "low": 0.0, "high": 1.0, "unseen_accuracy": None, **figures}


ARMS = {
    **{name: arm(1.0) for name in ("thought", "answer_at_once", "own_thought", "swapped_thought", "filler_thought")},
    "edited_thought": arm(0.125, n=8, follows=1.0),
    "room_to_reason": arm(None),
    "best_of_n": arm(0.5, samples=12),
}


def test_the_arms_of_a_round_stand_beside_its_accuracy_in_a_hundred_columns():
    lines = arms_table([BASE, {**FIRST, "arms": ARMS}]).splitlines()
    rows = {cells[0]: cells[1:] for cells in (re.split(r"  +", line.strip()) for line in lines)}
    assert rows["arm"] == ["in the config", "round 0", "round 1"]
    assert rows["free reply"] == ["thought", "–", "100.0 %"]
    assert rows["empty thought"] == ["room_to_reason", "–", "–"]
    assert rows["edited thought"] == ["edited_thought", "–", "12.5 % of 8"]
    assert rows["follows the edit"] == ["–", "100.0 %"]
    assert rows["majority of n"] == ["best_of_n", "–", "50.0 % (n 12)"]
    assert max(map(len, lines)) <= 100


def test_rounds_without_other_arms_have_no_second_table():
    two = {"thought": arm(0.5), "room_to_reason": arm(0.5)}
    assert arms_table([BASE, {**FIRST, "arms": two}]) is None


def test_the_mean_over_families_has_a_line_where_it_differs_from_the_accuracy_by_half_a_point():
    def rounds(*macro):
        return [{"round": number, "accuracy": 0.5, "family_macro_accuracy": each} for number, each in enumerate(macro)]

    assert family_line(rounds(0.5, 0.4949)) == (
        "accuracy with equal weight of all families of questions: round 0 50.0 %, round 1 49.5 %"
    )
    assert family_line(rounds(0.5, 0.504)) is None
    assert family_line(rounds(None, None)) is None
    assert family_line([{"round": 0, "accuracy": 0.5}, {"round": 1, "accuracy": None}]) is None


def test_an_interval_is_part_of_the_accuracy():
    assert accuracy_text(BASE, "accuracy", "accuracy") == "75.0 % [30–95]"
    assert accuracy_text(BASE, "unseen_accuracy", "unseen") == "–"


def test_a_fraction_is_shown_in_percent():
    assert (percent(0.125), percent(None)) == ("12.5 %", "–")


def test_a_run_without_a_judging_model_has_no_audit():
    assert audit_line([BASE, FIRST]) is None
