import pytest

from thoughtrank.evaluation.metrics import HeldOutReply, read_metrics
from thoughtrank.report.card_arms import thought_paragraphs

NONE = {}
EFFECT = {"points": 2.0, "low": -1.0, "high": 5.0, "p_value": 0.2, "n": 4, "against": "answers_only/pairs thought"}


def paragraphs(*, effect=None, controls=NONE, known=True, **right):
    """Of a round in which four questions were asked in each arm that ``right`` names, so many of them right."""
    replies = [
        HeldOutReply("q", "sums", False, arm, "7", "7", index < number if known else None, True, 5, "stop")
        for arm, number in right.items()
        for index in range(4)
    ]
    return thought_paragraphs([{**read_metrics(replies), "round": 2}], effect=effect, controls=controls)


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


def arm(accuracy, **figures):
    return {"n": 40, "accuracy": accuracy, "low": accuracy - 0.05, "high": accuracy + 0.05, **figures}


def test_the_edited_thought_and_the_vote_have_rows_with_what_belongs_to_them():
    arms = {
        "thought": arm(0.5),
        "edited_thought": arm(0.125, n=39, follows=0.75),
        "best_of_n": arm(0.25, samples=12),
    }
    text = thought_paragraphs([{"round": 2, "arms": arms}], effect=None, controls=NONE)
    rows = rows_of(text)
    assert rows["edited thought"] == ["39", "12.5 % [7.5, 17.5]; equals the edit in 75.0 %"]
    assert rows["majority of n"] == ["40", "25.0 % [20.0, 30.0]; n = 12"]


def control(examples, **arms):
    return {"round": 2, "examples": examples, "steps": 20, "arms": arms}


def test_every_variant_of_every_control_has_a_row_beside_the_model():
    controls = {
        "answers_only": {
            **control(9),
            "variants": {
                "copies": control(9, thought=arm(0.25), answer_at_once=arm(0.125)),
                "pairs": control(4, thought=arm(0.375)),
            },
        },
        "random_thoughts": control(9, thought=arm(0.5)),
    }
    text = paragraphs(thought=2, answer_at_once=1, controls=controls)
    table = text.partition("| model | questions | free reply | answer at once |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    assert rows[0] == ["the model after round 2", "4", "50.0 % [15.0, 85.0]", "25.0 % [4.6, 69.9]"]
    assert [row[0].partition(":")[0] for row in rows[1:]] == [
        "answers only, copies",
        "answers only, pairs",
        "random thoughts",
    ]
    assert rows[1][1:] == ["40", "25.0 % [20.0, 30.0]", "12.5 % [7.5, 17.5]"]
    assert "(4 examples, 20 steps)" in rows[2][0]
    assert rows[2][1:] == ["40", "37.5 % [32.5, 42.5]", "–"]
    unscored = {"answers_only": control(9, thought=arm(0.5) | {"accuracy": None})}
    for without in (NONE, unscored):
        assert "Training controls" not in paragraphs(thought=2, controls=without)


def test_chance_is_the_last_row_of_the_table():
    chance = {"answer": "a|b", "accuracy": 0.0525, "n": 4}
    replies = [
        HeldOutReply("q", "sums", False, arm, "7", "7", True, True, 5, "stop") for arm in ("thought", "own_thought")
    ]
    last = {**read_metrics(replies), "round": 2, "chance": chance}
    text = thought_paragraphs([last], effect=None, controls=NONE)
    assert text.endswith("\n| chance: always “a\\|b”, the most frequent reference answer | 4 | 5.2 % |")
    assert "chance" not in thought_paragraphs([{**last, "chance": None}], effect=None, controls=NONE)


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
