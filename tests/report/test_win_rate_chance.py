from thoughtrank.report.win_rate_chance import all_win_rates, corrected_p_values


def rate(p_value, win_rate=0.6):
    return {"win_rate": win_rate, "p_value": p_value}


ROUNDS = [{"round": 0}, {"round": 1, "win_rates": {"thought_vs_round_0": rate(0.01)}}]
PAIRS = {"round": 1, "win_rates": {"thought_vs_round_0": rate(0.02), "room_to_reason_vs_round_0": rate(1.0, None)}}
CONTROLS = {"answers_only": {**PAIRS, "variant": "pairs", "variants": {"copies": {"round": 1}, "pairs": PAIRS}}}


def test_the_win_rates_of_a_run_are_those_of_its_rounds_and_of_every_variant_of_its_controls():
    assert list(all_win_rates(ROUNDS, CONTROLS)) == [
        (1, None, "thought_vs_round_0"),
        (1, "answers_only/pairs", "thought_vs_round_0"),
        (1, "answers_only/pairs", "room_to_reason_vs_round_0"),
    ]


def test_p_values_are_corrected_for_the_win_rates_with_a_verdict():
    assert corrected_p_values(all_win_rates(ROUNDS, CONTROLS)) == {
        (1, None, "thought_vs_round_0"): 0.02,
        (1, "answers_only/pairs", "thought_vs_round_0"): 0.02,
    }
