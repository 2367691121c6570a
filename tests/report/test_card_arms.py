import pytest

from thoughtrank.evaluation.metrics import HeldOutReply, read_metrics
from thoughtrank.report.card_arms import thought_paragraphs

EFFECT = {"points": 2.0, "low": -1.0, "high": 5.0, "p_value": 0.2, "n": 4, "against": "answers_only/pairs thought"}


def paragraphs(*, effect=None, known=True, **right):
    """Of a round in which four questions were asked in each arm that ``right`` names, so many of them right."""
    replies = [
        HeldOutReply("q", "sums", False, arm, "7", "7", index < number if known else None, True, 5, "stop")
        for arm, number in right.items()
        for index in range(4)
    ]
    return thought_paragraphs([{**read_metrics(replies), "round": 2}], effect=effect)


def rows_of(text):
    """Arm to its number of questions and its accuracy."""
    _, _, table = text.partition("| forced |")
    rows = [line.strip("|").split("|") for line in table.partition("\n\n")[0].splitlines()[2:]]
    return {name.partition(":")[0].strip(): [each.strip() for each in figures] for name, *figures in rows}


def test_the_effect_leads_and_is_explained_only_where_it_is_measured():
    measured, unmeasured = paragraphs(effect=EFFECT, thought=2), paragraphs(thought=2)
    assert measured.startswith(
        "**thought effect: +2.0 points [-1.0 to +5.0], p = 0.200, n = 4, against answers only, pairs"
    )
    assert "p is the largest p-value of these differences" in measured
    assert unmeasured.startswith("**thought effect: not measured")
    assert "p-value" not in unmeasured


def test_every_arm_that_was_asked_has_a_row_with_its_number_of_questions_and_interval():
    assert rows_of(paragraphs(thought=2, own_thought=3, answer_at_once=0, swapped_thought=1, room_to_reason=2)) == {
        "answer at once": ["4", "0.0 % [0.0, 49.0]"],
        "own thought": ["4", "75.0 % [30.1, 95.4]"],
        "swapped thought": ["4", "25.0 % [4.6, 69.9]"],
        "empty thought": ["4", "50.0 % [15.0, 85.0]"],
    }


def test_chance_is_the_last_row_of_the_table():
    chance = {"answer": "a|b", "accuracy": 0.0525, "n": 4}
    replies = [
        HeldOutReply("q", "sums", False, arm, "7", "7", True, True, 5, "stop") for arm in ("thought", "own_thought")
    ]
    last = {**read_metrics(replies), "round": 2, "chance": chance}
    text = thought_paragraphs([last], effect=None)
    assert text.endswith("\n| chance: always “a\\|b”, the most frequent reference answer | 4 | 5.2 % |")
    assert "chance" not in thought_paragraphs([{**last, "chance": None}], effect=None)


def test_without_arms_or_without_reference_answers_there_is_no_table():
    for text in (paragraphs(thought=2), paragraphs(thought=2, room_to_reason=2, known=False)):
        assert rows_of(text) == {}
        assert text.count("\n\n") == 0


@pytest.mark.parametrize(
    ("free", "room", "said"), [(2, 2, True), (2, 4, True), (3, 2, True), (4, 1, False), (4, 0, False)]
)
def test_that_a_thought_is_worth_no_more_than_the_same_room_is_said_only_where_it_is_not_shown(free, room, said):
    text = paragraphs(thought=free, room_to_reason=room)
    assert ("do not show that a thought is worth more than the same room" in text) == said
    if said:
        assert f"is right on {100 * room / 4:.1f} %, against {100 * free / 4:.1f} % [" in text
        assert "(5 tokens per reply)" in text


def test_nothing_is_said_of_room_that_no_reply_had():
    assert "same room" not in paragraphs(thought=2, own_thought=2)
