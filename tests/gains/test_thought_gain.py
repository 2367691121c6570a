"""What is scored of a candidate, and the gain from the scores."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.engines.protocol import ContinuationScore, ScoredAnswer
from thoughtrank.gains.thought_gain import own_answer, thought_scores
from thoughtrank.records import Candidate, Question

STEM = "The answer is"
AT_ONCE = "<thought></thought>\n\nThe answer is"


def scores_of(thought, answer="The answer is 12.", *, reference="12", question="How many?", stem=STEM):
    candidate = Candidate("q", "q-000", "a", thought, answer, 5, 5, "stop", "stop")
    return thought_scores(candidate, Question("q", question, reference), stem=stem, escape=lambda text: text)


def test_the_thought_is_cut_before_its_answer_and_the_white_space_goes_to_the_answer():
    found = scores_of("3 * 4 = 12, so 12")
    assert found.with_thought == ScoredAnswer("<thought>3 * 4 =", " 12", "number")
    assert found.at_once == ScoredAnswer(AT_ONCE, " 12", "number")
    assert (found.answer, found.kind, found.cut) == ("12", "number", 8)
    assert scores_of("so\n\n12").with_thought == ScoredAnswer("<thought>so", "\n\n12", "number")
    assert scores_of("12").with_thought == ScoredAnswer("<thought>", "12", "number")
    assert scores_of("x=12").with_thought.answer == "12"


def test_a_thought_that_never_states_the_answer_is_closed():
    found = scores_of("3 * 4")
    assert found.with_thought == ScoredAnswer("<thought>3 * 4</thought>\n\nThe answer is", " 12", "number")
    assert found.cut is None


def test_a_number_is_scored_as_it_is_written_without_currency_and_unit():
    found = scores_of("It is $1,200.00 then", reference="$1200 a year")
    assert found.with_thought == ScoredAnswer("<thought>It is $", "1,200.00", "number")
    assert found.at_once.answer == " 1200"


def test_a_stem_may_end_in_white_space_and_a_letter_is_scored_bare():
    found = scores_of("so option B.", reference="(B)", stem="Answer: ")
    assert found.with_thought == ScoredAnswer("<thought>so option", " B", "text")
    assert found.at_once == ScoredAnswer("<thought></thought>\n\nAnswer:", " B", "text")


def test_without_a_reference_the_candidates_own_answer_counts():
    found = scores_of("3 * 5 = 15", "The answer is 15.", reference=None)
    assert (found.answer, found.with_thought.opener) == ("15", "<thought>3 * 5 =")


@pytest.mark.parametrize("reference", [None, "A long reference that is free text, and not only a few words."])
def test_a_long_answer_is_scored_whole_after_the_closed_thought(reference):
    answer = "\nOnce upon a time there was a fox. It lived in a wood, and had 3 cubs."
    found = scores_of("a fox", answer, reference=reference)
    assert (found.kind, found.cut, found.answer) == ("free_text", None, answer)
    assert found.with_thought == ScoredAnswer("<thought>a fox</thought>", answer, "text")
    assert found.at_once == ScoredAnswer("<thought></thought>", answer, "text")
    gain = found.gain(ContinuationScore(-10.0, 20), ContinuationScore(-30.0, 20))
    assert (gain.answer_logprob, gain.baseline_logprob, gain.gain) == (-0.5, -1.5, 1.0)


def test_the_gain_is_the_difference_in_nats_and_never_not_a_number():
    gain = scores_of("3 * 4 = 12").gain(ContinuationScore(-0.5, 2), ContinuationScore(-6.0, 2))
    assert (gain.question_id, gain.candidate_id, gain.answer_logprob, gain.baseline_logprob) == (
        "q",
        "q-000",
        -0.5,
        -6.0,
    )
    assert gain.gain == 5.5
    too_long = ContinuationScore(-math.inf, 2)
    assert scores_of("3").gain(too_long, too_long).gain == -math.inf


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The answer is 12.", ("12", "number")),
        ("12", ("12", "number")),
        ("12 apples.", ("12", "number")),
        ("First 3. So the answer is 3 + 2 = 5.", ("5", "number")),
        (r"So \boxed{7}", ("7", "number")),
        ("Paris", ("Paris", "short_text")),
        ("I think of it, and the answer is Paris.", ("Paris", "short_text")),
        ("(B)", ("(B)", "letter")),
        ("The answer is B.", ("B", "letter")),
    ],
)
def test_the_final_answer_of_a_short_text(text, expected):
    assert own_answer(text) == expected


def test_a_long_text_is_its_own_answer():
    text = "There are 12 of them in the wood, and 3 at home.\nGood luck!"
    assert own_answer(text) == (text, "free_text")


@given(thought=st.text(max_size=60), answer=st.text(max_size=60), reference=st.none() | st.text(max_size=30))
def test_any_candidate_can_be_scored(thought, answer, reference):
    found = scores_of(thought, answer, reference=reference)
    for text in found.texts:
        assert text.opener.startswith("<thought>")
        assert text.opener == text.opener.rstrip(" \t\r\n") or found.kind == "free_text"
    if found.cut is not None:
        assert found.with_thought.opener + found.with_thought.answer == (
            "<thought>" + thought[: found.cut + len(found.with_thought.answer.lstrip())]
        )
