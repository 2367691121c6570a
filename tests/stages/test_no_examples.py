from thoughtrank.records import Candidate, RankedCandidate
from thoughtrank.selection.top_k import TopK
from thoughtrank.stages.no_examples import no_example_text, truncated_among_best

CHOOSES_NOTHING = TopK(thoughts="gain", min_gain=30)


def text_of(unranked, *, number=1, selector=CHOOSES_NOTHING, **values):
    made = {"generation": {"candidates": 62}, "ranking": {"unranked": unranked}}
    return no_example_text(f"round {number} found no example", made=made, selector=selector, **values)


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


def test_truncated_answers_are_counted_with_the_settings_that_would_select_them():
    text = text_of({}, truncated=(9, 10))
    assert "or the best were truncated (9 of 10), too few" in text
    assert "longer limits, selection.allow_truncated=true or a selection that leaves out less may help" in text
    for other in (
        text_of({}, truncated=(0, 10)),
        text_of({}, truncated=(9, 10), selector=TopK(min_gain=30, allow_truncated=True)),
    ):
        assert "allow_truncated" not in other


def test_the_best_that_were_truncated_are_counted_in_questions_that_do_not_tie():
    found = [
        *(("first", 1, "length", "stop"), ("first", 1, "stop", "stop"), ("first", 2, "length", "length")),
        *(("tied", 1, "length", "stop"), ("tied", 1, "length", "stop")),
        *(("last", None, "length", "stop"), ("last", 2, "stop", "length"), ("last", 3, "stop", "stop")),
    ]
    candidates = [
        Candidate(question, f"{number}", "a", "thought", "answer", 1, 1, thought, answer)
        for number, (question, _, thought, answer) in enumerate(found)
    ]
    ranking = [
        RankedCandidate(question, f"{number}", "a", rank, None) for number, (question, rank, *_) in enumerate(found)
    ]
    assert truncated_among_best(candidates, ranking) == (2, 3)
