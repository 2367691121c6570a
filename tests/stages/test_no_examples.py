from thoughtrank.selection.top_k import TopK
from thoughtrank.stages.no_examples import no_example_text

CHOOSES_NOTHING = TopK(thoughts="gain", min_gain=30)


def text_of(unranked, *, number=1):
    made = {"generation": {"candidates": 62}, "ranking": {"unranked": unranked}}
    return no_example_text(f"round {number} found no example", made=made, selector=CHOOSES_NOTHING)


def test_ties_and_the_rules_of_the_selection_are_the_causes_where_the_judge_gave_its_verdicts():
    text = text_of({"empty answer": 40, "thought tag inside the answer": 9}, number=2)
    assert text.startswith("round 2 found no example: in every question all answers tied")
    assert (
        "or left out by the selection (for each answer, keeps the thoughts with the largest gain; requires a gain of at"
        in text
    )
    assert "easier or harder questions" in text
    assert "verdict" not in text


def test_failed_verdicts_are_the_cause_where_most_answers_have_none():
    assert text_of({"malformed: the reply is empty": 50, "judge_refused: no": 8, "empty answer": 4}) == (
        "round 1 found no example: the judge gave no verdict on 58 of 62 answers; the most common reason (50): malformed: the "
        "reply is empty. It keeps the model it started with"
    )


def test_a_few_failed_verdicts_are_reported_beside_the_ties():
    text = text_of({"too_long: HTTP 400: context length": 3})
    assert "all answers tied" in text
    assert "no verdict on 3 of 62 answers; the most common reason (3): too_long: HTTP 400" in text
