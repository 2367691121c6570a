"""Plain text to tokens and back, and the tokens that end a turn."""

import pytest
from transformers import AutoTokenizer, GenerationConfig

from thoughtrank.engines.tokenization import continuation_ids, decode_after, encode, end_of_turn_tokens


@pytest.fixture(scope="module")
def tokenizer(tiny_folder):
    return AutoTokenizer.from_pretrained(tiny_folder)


def test_text_after_a_start_is_what_was_added(tokenizer):
    start, more = encode(tokenizer, "Tom has"), encode(tokenizer, " 12 apples")
    assert decode_after(tokenizer, start, more) == " 12 apples"
    assert decode_after(tokenizer, [], start) == "Tom has"
    assert tokenizer.eos_token_id not in start


@pytest.mark.parametrize(("stated", "expected"), [(None, set()), (7, {7}), ([7, 8], {7, 8})])
def test_the_turn_ends_by_the_config_and_by_the_tokenizer(tokenizer, stated, expected):
    config = GenerationConfig(eos_token_id=stated)
    assert end_of_turn_tokens(config, tokenizer) == expected | {tokenizer.eos_token_id}
    assert end_of_turn_tokens(None, tokenizer) == {tokenizer.eos_token_id}


def test_a_continuation_is_tokenised_as_it_reads_after_its_context(tiny_folder):
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    for context, text in (("The answer is", " 12"), ("<thought>", "12"), ("3 * 4 =", "\n12"), ("a", "b"), ("1", "2")):
        before, after = continuation_ids(tokenizer, context, text)
        assert before == encode(tokenizer, context)
        assert after
        assert decode_after(tokenizer, before, after) == text
