from thoughtrank.stages.no_examples import no_example_text


def test_ties_are_the_cause_where_the_judge_gave_its_verdicts():
    text = no_example_text(
        "round 2 found no example", candidates=62, unranked={"empty answer": 40, "thought tag inside the answer": 9}
    )
    assert text.startswith("round 2 found no example: in every question all answers tied")
    assert "easier or harder questions" in text
    assert "verdict" not in text


def test_failed_verdicts_are_the_cause_where_most_answers_have_none():
    unranked = {"malformed: the reply is empty": 50, "judge_refused: no": 8, "empty answer": 4}
    text = no_example_text("round 1 found no example", candidates=62, unranked=unranked)
    assert text == (
        "round 1 found no example: the judge gave no verdict on 58 of 62 answers; the most common reason (50): malformed: the "
        "reply is empty. It keeps the model it started with"
    )


def test_a_few_failed_verdicts_are_reported_beside_the_ties():
    text = no_example_text(
        "round 1 found no example", candidates=62, unranked={"too_long: HTTP 400: context length": 3}
    )
    assert "all answers tied" in text
    assert "no verdict on 3 of 62 answers; the most common reason (3): too_long: HTTP 400" in text
