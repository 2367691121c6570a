"""Plain text to tokens and back, and the tokens that end a turn."""

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoTokenizer, GenerationConfig, PreTrainedTokenizerFast

from thoughtrank.engines.tokenization import continuation_ids, decode_after, encode, encode_all, end_of_turn_tokens


@pytest.fixture(scope="module")
def tokenizer(tiny_folder):
    return AutoTokenizer.from_pretrained(tiny_folder)


def test_text_after_a_start_is_what_was_added(tokenizer):
    start, more = encode(tokenizer, "Tom has"), encode(tokenizer, " 12 apples")
    assert decode_after(tokenizer, start, more) == " 12 apples"
    assert decode_after(tokenizer, [], start) == "Tom has"
    assert tokenizer.eos_token_id not in start


def byte_fallback_tokenizer():
    """As Llama 2 has it: every character that is no token is written in tokens of single bytes."""
    words = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "a", "b", "▁a", "▁b"]
    core = Tokenizer(models.Unigram([(word, -1.0) for word in words], unk_id=0, byte_fallback=True))
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    core.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=core, unk_token="<unk>")


@pytest.mark.parametrize("kind", ["byte-level", "byte fallback"])
def test_text_is_the_same_after_the_last_tokens_of_a_start_as_after_all_of_them(tokenizer, kind):
    used = tokenizer if kind == "byte-level" else byte_fallback_tokenizer()
    ids = encode(used, "a b ab 😀😃 b\na" + "😀" * 30 + " ab" * 40 + "ü a")
    assert len(ids) > 100
    for cut in range(0, len(ids) + 1, 3):
        whole = used.decode(ids, skip_special_tokens=False)
        assert decode_after(used, ids[:cut], ids[cut:]) == whole[len(used.decode(ids[:cut])) :]


def test_many_texts_are_encoded_as_each_is(tokenizer):
    texts = ["Tom has 12", "", "<thought>a"]
    assert encode_all(tokenizer, texts) == [encode(tokenizer, text) for text in texts]
    assert encode_all(tokenizer, []) == []


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
