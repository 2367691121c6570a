"""Plain text to tokens and back, and the tokens that end a turn."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoTokenizer, GenerationConfig, PreTrainedTokenizerFast

from thoughtrank.engines.tokenization import (
    continuation_ids,
    decode,
    decode_after,
    encode,
    encode_all,
    end_of_turn_tokens,
)


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


def word_tokenizer(kind=PreTrainedTokenizerFast, **more):
    """As BERT has it: transformers takes spaces out of its text if asked to."""
    words = {word: place for place, word in enumerate(["[UNK]", "a", "##b", ".", "!", "do", "n't", "[SEP]"])}
    core = Tokenizer(models.WordPiece(words, unk_token="[UNK]"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    core.decoder = decoders.WordPiece(cleanup=False)
    return kind(tokenizer_object=core, unk_token="[UNK]", sep_token="[SEP]", **more)


class ShoutingTokenizer(PreTrainedTokenizerFast):
    """Changes texts outside the tokenizers library, as some models' classes do."""

    def _encode_plus(self, text, **more):
        return super()._encode_plus([each.lower() for each in text] if isinstance(text, list) else text.lower(), **more)

    def _decode(self, *arguments, **more):
        return super()._decode(*arguments, **more).upper()


@pytest.fixture(scope="module")
def kinds(tiny_folder):
    """With special and other added tokens, some of which take the spaces beside them, and with every fallback."""
    made = {
        "byte-level": AutoTokenizer.from_pretrained(tiny_folder),
        "split": AutoTokenizer.from_pretrained(tiny_folder, split_special_tokens=True),
        "cleaning bytes": AutoTokenizer.from_pretrained(tiny_folder, clean_up_tokenization_spaces=True),
        "forced": AutoTokenizer.from_pretrained(tiny_folder, clean_up_tokenization_spaces=True, **{FORCED: True}),
        "byte fallback": byte_fallback_tokenizer(),
        "words": word_tokenizer(),
        "cleaning": word_tokenizer(clean_up_tokenization_spaces=True),
        "shouting": word_tokenizer(ShoutingTokenizer),
    }
    for each in made.values():
        each.add_tokens([AddedToken("<tool>"), AddedToken("<wide>", lstrip=True, rstrip=True, normalized=False)])
        each.add_special_tokens({"additional_special_tokens": [AddedToken("<mark>", special=True, lstrip=True)]})
    return made


FORCED = "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output"
KINDS = ("byte-level", "split", "cleaning bytes", "forced", "byte fallback", "words", "cleaning", "shouting")
PIECES = [*"ab .!üA\n\ufffd😀", " do n't", "<tool>", " <wide> ", " <mark>", "<unk>", "[SEP]"]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)).map("".join)


@pytest.mark.parametrize("kind", KINDS)
@given(numbers=st.lists(st.integers(0, 10**9), max_size=60))
@settings(max_examples=150, deadline=None)
def test_tokens_are_decoded_as_transformers_decodes_them(kinds, kind, numbers):
    # One beyond the last token, too, of which transformers makes nothing.
    ids = [number % (len(kinds[kind]) + 1) for number in numbers]
    assert decode(kinds[kind], ids) == kinds[kind].decode(ids, skip_special_tokens=False)


@pytest.mark.parametrize("kind", KINDS)
@given(texts=st.lists(TEXTS, max_size=5))
@settings(max_examples=150, deadline=None)
def test_texts_are_encoded_as_transformers_encodes_them(kinds, kind, texts):
    expected = [kinds[kind](text, add_special_tokens=False)["input_ids"] for text in texts]
    assert encode_all(kinds[kind], texts) == expected
    assert [encode(kinds[kind], text) for text in texts] == expected
    for ids in expected:
        assert decode(kinds[kind], ids) == kinds[kind].decode(ids, skip_special_tokens=False)


def test_the_fallbacks_differ_from_the_tokenizers_library(kinds):
    for kind, text in (("cleaning", "a !"), ("forced", "a !"), ("shouting", "a do")):
        backend = kinds[kind].backend_tokenizer
        assert decode(kinds[kind], encode(kinds[kind], text)) != backend.decode(encode(kinds[kind], text))
    assert encode(kinds["shouting"], "A") != kinds["shouting"].backend_tokenizer.encode("A").ids


def test_texts_are_encoded_whole_whatever_a_call_before_has_set(tiny_folder):
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    whole = encode_all(tokenizer, ["Tom has 12 apples", "a"])
    for setting in ({"truncation": True, "max_length": 2}, {"padding": True}, {"split_special_tokens": True}):
        tokenizer(["Tom has 12 apples", "a"], **setting)
        assert encode_all(tokenizer, ["Tom has 12 apples", "a"]) == whole
        tokenizer("Tom has 12 apples", **setting)
        special = str(tokenizer.eos_token)
        assert encode(tokenizer, special) == [tokenizer.eos_token_id]


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
