import pytest

from thoughtrank.evaluation.comparisons import comparisons


def outcomes(right, n=30):
    return {f"q{number}": number < right for number in range(n)}


ROUNDS = [
    {"thought": outcomes(2)},
    {"thought": outcomes(10)},
    {
        "thought": outcomes(25),
        "own_thought": outcomes(26),
        "answer_at_once": outcomes(1),
        "room_to_reason": outcomes(24),
    },
]


def found(rounds=ROUNDS, controls=None):
    made = comparisons(rounds, controls or {}, problems={}, seed=0)
    return {(each.first, each.second): each for each in made}


def test_arms_rounds_and_controls_are_compared_where_both_sides_have_replies():
    controls = {"answers_only/copies": {"thought": outcomes(20)}, "random_thoughts": {"own_thought": outcomes(3)}}
    assert list(found(controls=controls)) == [
        ("round 2 own_thought", "round 2 answer_at_once"),
        ("round 2 thought", "round 2 room_to_reason"),
        ("round 1 thought", "round 0 thought"),
        ("round 2 thought", "round 0 thought"),
        ("round 2 thought", "answers_only/copies thought"),
        ("round 2 own_thought", "random_thoughts own_thought"),
    ]


def test_one_thought_is_compared_with_samples_of_every_model_for_the_same_tokens():
    sampled = {"best_of_n": outcomes(12)}
    rounds = [{**ROUNDS[0], **sampled}, {**ROUNDS[2], **sampled}]
    made = found(rounds, {"answers_only/copies": sampled})
    against = [second for first, second in made if first == "round 1 thought" and second.endswith("best_of_n")]
    assert against == ["round 1 best_of_n", "round 0 best_of_n", "answers_only/copies best_of_n"]
    assert ("round 0 thought", "round 0 best_of_n") not in made


def test_each_has_its_difference_and_a_p_value_corrected_for_all():
    made = found()
    large = made["round 2 own_thought", "round 2 answer_at_once"]
    assert large.difference.points == pytest.approx(100 * 25 / 30)
    assert large.difference.p_value < large.adjusted_p_value < 1e-3
    assert made["round 2 thought", "round 2 room_to_reason"].adjusted_p_value == 1.0


def test_without_reference_answers_there_is_nothing_to_compare():
    assert found(rounds=[{"thought": {}}, {"thought": {}}]) == {}
