"""A thought tag where none belongs ends a generated candidate, and its token ids with it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from thoughtrank.engines.tokenization import decode_after, encode
from thoughtrank.prompting.thought_tags import CLOSE_TAG, OPEN_TAG, first_tag
from thoughtrank.records import Candidate
from thoughtrank.stages.candidate_tags import cut_at_tags, mark_tags

START = f"What is 3 + 4?{OPEN_TAG}L"


@pytest.fixture(scope="module")
def tokenizer(llama3_folder):
    """Its tokens reach over the borders of the tags."""
    return AutoTokenizer.from_pretrained(llama3_folder)


def generated(tokenizer, thought, answer):
    """A candidate with the prefix "L", whose tokens are those of its texts."""
    thought_ids, answer_ids = encode(tokenizer, thought + CLOSE_TAG), encode(tokenizer, answer)
    return Candidate(
        question_id="q",
        candidate_id="q-000",
        prefix="L",
        thought=f"L{thought}",
        answer=answer,
        thought_tokens=len(thought_ids),
        answer_tokens=len(answer_ids),
        thought_finish="stop",
        answer_finish="length",
        thought_ids=tuple(thought_ids),
        answer_ids=tuple(answer_ids),
    )


def cut(tokenizer, thought, answer):
    return cut_at_tags(generated(tokenizer, thought, answer), prefix="L", start=START, tokenizer=tokenizer)


@pytest.mark.parametrize("text", ["7", "7 < 8 > 6", "< thought >", "<thou", "thought>", "<Thought>", ""])
def test_a_candidate_without_a_tag_stays_as_it_is(tokenizer, text):
    written = generated(tokenizer, text, text)
    assert cut_at_tags(written, prefix="L", start=START, tokenizer=tokenizer) is written
    assert mark_tags(written) == written


@pytest.mark.parametrize("tag", [OPEN_TAG, CLOSE_TAG])
@pytest.mark.parametrize(
    ("before", "after"), [("The answer is 7.", "wait"), ("7 ", ">"), ("", ""), ("é<", "<"), ("7<", "a")]
)
def test_an_answer_ends_before_a_tag(tokenizer, tag, before, after):
    written = cut(tokenizer, "et me add", before + tag + after)
    assert (written.answer, written.answer_finish) == (before, "tag")
    assert tokenizer.decode(written.answer_ids) == before
    assert written.answer_tokens == len(written.answer_ids)
    assert (written.thought, written.thought_finish) == ("Let me add", "stop")
    assert written.is_malformed


def test_a_thought_ends_before_a_tag_and_has_no_answer(tokenizer):
    written = cut(tokenizer, f"et me {OPEN_TAG} add", "7")
    assert (written.thought, written.thought_finish) == ("Let me ", "tag")
    assert tokenizer.decode(written.thought_ids) == "et me "
    assert written.thought_tokens == len(written.thought_ids)
    assert (written.answer, written.answer_ids, written.answer_tokens, written.answer_finish) == ("", (), 0, "tag")


def test_a_tag_that_begins_in_the_prefix_ends_the_thought_there(tokenizer):
    candidate = generated(tokenizer, "hought>", "7")
    whole = Candidate(**{**{name: getattr(candidate, name) for name in Candidate.__slots__}, "thought": "a<thought>"})
    written = cut_at_tags(whole, prefix="a<t", start=f"{OPEN_TAG}a<t", tokenizer=tokenizer)
    assert (written.thought, written.thought_ids, written.thought_finish) == ("a", (), "tag")


@pytest.mark.parametrize(
    ("thought", "answer"), [(f"a{OPEN_TAG}b", "7"), ("a", f"7{OPEN_TAG}b"), ("a", f"7{CLOSE_TAG}")]
)
def test_an_imported_candidate_is_marked_and_never_rewritten(tokenizer, thought, answer):
    imported = generated(tokenizer, thought, answer)
    marked = mark_tags(imported)
    assert (marked.thought, marked.answer) == (imported.thought, imported.answer)
    assert marked.is_malformed
    assert (marked.thought_finish == "tag") == (OPEN_TAG in thought)
    assert marked.answer_finish == ("length" if answer == "7" else "tag")


PIECES = st.lists(
    st.sampled_from([OPEN_TAG, CLOSE_TAG, "<", "</", "thought", ">", " ", "7", "é", "答", "\n"]), max_size=8
)


@settings(max_examples=100, deadline=None)
@given(PIECES.map("".join), PIECES.map("".join))
def test_no_text_has_a_tag_and_ids_and_text_agree(tokenizer, thought, answer):
    thought = thought.split(CLOSE_TAG)[0]
    written = cut(tokenizer, thought, answer)
    assert first_tag(written.thought) is None
    assert first_tag(written.answer) is None
    assert written.is_malformed == (first_tag(thought + " " + answer) is not None)
    before = [*encode(tokenizer, START), *written.thought_ids]
    assert decode_after(tokenizer, before, written.answer_ids) == written.answer
