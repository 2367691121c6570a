import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thoughtrank.prompting.thought_tags import (
    CLOSE_TAG,
    EMPTY_THOUGHT,
    OPEN_TAG,
    ParsedReply,
    SplitThought,
    first_tag,
    opener,
    parse_reply,
    reply,
    split_thought,
)

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

PIECES = st.sampled_from([OPEN_TAG, CLOSE_TAG, "<", ">", "/", "thought", " ", "\n", "19", "é"])
TEXTS = (st.text() | st.lists(PIECES, max_size=8).map("".join)).filter(
    lambda text: OPEN_TAG not in text and CLOSE_TAG not in text
)


@PATIENT
@given(thought=TEXTS, answer=TEXTS)
def test_a_reply_without_tags_inside_comes_back_as_it_was_written(thought, answer):
    parsed = parse_reply(reply(thought=thought, answer=answer))
    assert parsed == ParsedReply(answer=answer, thought=thought, well_formed=bool(answer.strip()))


@PATIENT
@given(prefix=TEXTS, rest=TEXTS, answer=TEXTS)
def test_a_reply_begins_with_the_opener_of_its_prefix(prefix, rest, answer):
    assert reply(thought=prefix + rest, answer=answer).startswith(opener(prefix))


@PATIENT
@given(TEXTS)
def test_a_reply_that_opens_no_thought_is_its_own_answer(text):
    assert parse_reply(text) == ParsedReply(answer=text, thought=None, well_formed=False)


@PATIENT
@given(thought=TEXTS, before=TEXTS)
def test_an_unclosed_thought_is_no_answer(thought, before):
    assert parse_reply(f"{OPEN_TAG}{thought}") == ParsedReply(answer=None, thought=thought, well_formed=False)
    assert parse_reply(f"{before}{OPEN_TAG}{thought}").answer is None


def test_a_thought_that_is_opened_again_and_not_closed_is_no_answer():
    parsed = parse_reply("<thought>a</thought>19<thought>wait, no")
    assert (parsed.answer, parsed.well_formed) == (None, False)


def test_the_answer_that_counts_follows_the_second_thought():
    parsed = parse_reply("<thought>a</thought>19<thought>wait, no</thought>20")
    assert parsed == ParsedReply(answer="20", thought="a", well_formed=False)


def test_the_answer_that_counts_follows_the_second_closing_tag():
    parsed = parse_reply("<thought>a</thought>19</thought>20")
    assert parsed == ParsedReply(answer="20", thought="a", well_formed=False)


def test_a_tag_that_is_opened_twice_and_closed_once_still_leaves_the_answer():
    assert parse_reply("<thought><thought>a</thought>19").answer == "19"


@pytest.mark.parametrize("before", [" ", "Sure: ", "19"])
def test_text_before_the_tag_is_neither_well_formed_nor_the_answer(before):
    assert parse_reply(f"{before}<thought>a</thought>20") == ParsedReply(answer="20", thought="a", well_formed=False)


@pytest.mark.parametrize("answer", ["", " ", "\n"])
def test_an_empty_answer_is_not_well_formed(answer):
    parsed = parse_reply(f"<thought>a</thought>{answer}")
    assert parsed == ParsedReply(answer=answer, thought="a", well_formed=False)


def test_an_empty_thought_is_well_formed():
    assert parse_reply(f"{EMPTY_THOUGHT}19") == ParsedReply(answer="19", thought="", well_formed=True)


@PATIENT
@given(st.lists(PIECES, max_size=10).map("".join))
def test_no_answer_contains_a_tag_or_precedes_a_closing_one_where_a_thought_was_opened(text):
    parsed = parse_reply(text)
    if parsed.thought is not None and parsed.answer is not None:
        assert text.endswith(parsed.answer)
        assert OPEN_TAG not in parsed.answer
        assert CLOSE_TAG not in parsed.answer
    if parsed.well_formed:
        assert text == reply(thought=parsed.thought, answer=parsed.answer)


def test_a_thousand_thoughts_are_parsed_and_the_answer_follows_the_last():
    text = "".join(f"<thought>t{number}</thought>a{number}" for number in range(1000))
    assert parse_reply(text) == ParsedReply(answer="a999", thought="t0", well_formed=False)
    assert parse_reply(text + "<thought>and") == ParsedReply(answer=None, thought="t0", well_formed=False)


def test_a_tag_that_only_arises_across_the_closing_tag_does_not_count():
    assert parse_reply("<thought><thou</thought>ght>7") == ParsedReply(
        answer="ght>7", thought="<thou", well_formed=True
    )


@PATIENT
@given(thought=TEXTS, rest=st.text())
def test_a_thought_ends_at_the_first_closing_tag(thought, rest):
    assert split_thought(thought + CLOSE_TAG + rest) == SplitThought(thought, closed=True, rest=rest)
    assert split_thought(thought) == SplitThought(thought, closed=False, rest="")


def test_the_first_tag_of_a_text_is_found():
    assert first_tag("a </thought> b") == CLOSE_TAG
    assert first_tag("a </thought> <thought>") == OPEN_TAG
    assert first_tag("a < thought >") is None
