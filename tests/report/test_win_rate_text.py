from thoughtrank.report.win_rate_text import win_rate_lines, win_rate_table

FIGURES = {
    "win_rate": 0.615,
    "low": 0.55,
    "high": 0.68,
    "length_controlled": 0.582,
    "n": 200,
    "p_value": 0.0004,
    "unjudged": 3,
    "judge_tokens": 4040,
    "judge_cost": 0.25,
}
ROUNDS = [
    {"round": 0, "win_rates": {"thought_vs_room_to_reason": {**FIGURES, "unjudged": 0}}},
    {"round": 1, "win_rates": {"thought_vs_round_0": FIGURES}},
]


def test_the_table_has_both_figures_of_every_comparison():
    header, first, second = win_rate_table(ROUNDS).splitlines()
    assert header.split() == ["round", "compared", "wins", "length-controlled", "p", "(Holm)", "judged", "cost"]
    assert first.startswith("0      free reply vs empty thought  61.5 % [55–68]  58.2 %")
    assert second.startswith("1      free reply vs round 0")
    assert "< 0.001" in second
    assert "200 of 203" in second
    assert second.endswith("$0.25")
    assert max(map(len, (header, first, second))) <= 100


def test_rounds_without_comparisons_have_no_table():
    assert win_rate_table([{"round": 0}, {"round": 1, "win_rates": {}}]) is None


def test_the_card_states_the_last_round():
    [line] = win_rate_lines(ROUNDS, controls={}, judge="gpt-4o")
    assert line.startswith(
        "In round 1, gpt-4o prefers free reply to that of round 0 in 61.5 % [55–68] of 200 questions (blind, "
    )
    assert "58.2 % at equal lengths; p < 0.001, corrected for all win rates of the run (Holm)." in line
    assert win_rate_lines([*ROUNDS, {"round": 2}], controls={}, judge="gpt-4o") == []


def test_the_card_states_the_win_rates_of_controls():
    entry = {"round": 1, "win_rates": {"thought_vs_round_0": FIGURES, "thought_vs_room_to_reason": FIGURES}}
    controls = {"answers_only": {**entry, "variant": "pairs", "variants": {"pairs": entry}}}
    lines = win_rate_lines(ROUNDS, controls=controls, judge="gpt-4o")
    assert [line.partition(" prefers ")[2].partition(" in 61.5 % [55–68]")[0] for line in lines] == [
        "free reply to that of round 0",
        "free reply of control answers only, pairs to that of round 0",
        "free reply of control answers only, pairs to empty thought",
    ]


def test_the_p_values_are_those_corrected_for_all_win_rates_of_rounds_and_controls():
    alone = [{"round": 1, "win_rates": {"thought_vs_round_0": {**FIGURES, "p_value": 0.02}}}]
    others = {"a_vs_b": {**FIGURES, "p_value": 0.5}, "c_vs_d": {**FIGURES, "p_value": 0.25}}
    controls = {"answers_only": {"round": 1, "win_rates": others}}
    assert "= 0.020" in win_rate_table(alone)
    lines = win_rate_table(alone, controls=controls).splitlines()
    assert [line.split("= ")[1][:5] for line in lines[1:]] == ["0.060", "0.500", "0.500"]
    assert "; p = 0.060, corrected" in win_rate_lines(alone, controls=controls, judge="gpt-4o")[0]


def test_a_comparison_without_a_verdict_has_dashes():
    nothing = {**FIGURES, "win_rate": None, "length_controlled": None, "n": 0, "p_value": 1.0}
    assert "  –  " in win_rate_table([{"round": 1, "win_rates": {"thought_vs_round_0": nothing}}]).splitlines()[1]


def test_the_comparisons_of_controls_follow_those_of_the_rounds():
    entry = {"round": 1, "win_rates": {"thought_vs_round_0": FIGURES}}
    controls = {
        "answers_only": {**entry, "variant": "pairs", "variants": {"copies": {"round": 1}, "pairs": entry}},
        "random_thoughts": entry,
    }
    lines = win_rate_table(ROUNDS, controls=controls).splitlines()
    assert [line.split("  61.5")[0].split(maxsplit=1)[1].strip() for line in lines[3:5]] == [
        "answers only, pairs: free reply vs round 0",
        "random thoughts: free reply vs round 0",
    ]
    assert win_rate_table([{"round": 1}], controls={"answers_only": {"round": 1}}) is None
