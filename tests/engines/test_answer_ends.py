"""Which tokens end a number and which a text, for tokenizers that write spaces in their own ways."""

import pytest
from transformers import AutoTokenizer

from thoughtrank.engines.answer_ends import AnswerEnds, ends_answer


@pytest.mark.parametrize(
    ("following", "number", "text"),
    [
        (".", True, True),
        ("\n", True, True),
        (" apples", True, True),
        ("</", True, True),
        ("<|im_end|>", True, True),
        ("6", False, False),
        ("6 apples", False, False),
        (".5", False, True),
        (",000", False, True),
        (",", True, True),
        (".\n", True, True),
        (" 6", True, True),
        ("s", True, False),
        ("é", True, False),
        ("\ufffd", True, False),
        ("", True, False),
    ],
)
def test_what_ends_an_answer(following, number, text):
    assert ends_answer(following, "number") is number
    assert ends_answer(following, "text") is text


def test_every_token_of_a_vocabulary_is_read_as_it_stands_after_an_answer(tiny_folder):
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    ends = AnswerEnds(tokenizer=tokenizer, end_tokens=[tokenizer.eos_token_id])
    for form in ("number", "text"):
        found = ends.tokens(form)
        assert tokenizer.eos_token_id in found
        assert found == sorted(set(found))
        for text, expected in (("7", False), (".", True), (" ", True), ("\n", True), ("a", form == "number")):
            tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
            if len(tokens) == 1:
                assert (tokens[0] in found) is expected, (form, text)


def test_a_sentencepiece_token_with_a_space_does_not_continue_a_number():
    """Alone, such a token is decoded without its space."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {"<unk>": 0, "▁": 1, "1": 2, "▁5": 3, "5": 4, ".": 5, "</s>": 6, "▁a": 7, "a": 8, "▁1": 9}
    core = Tokenizer(models.BPE(vocab=vocabulary, merges=[("▁", "1")], unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    core.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="</s>", unk_token="<unk>")
    assert tokenizer.decode([3]) == "5"
    number, text = (AnswerEnds(tokenizer=tokenizer, end_tokens=[6]).tokens(form) for form in ("number", "text"))
    assert {3, 5, 6, 7, 8} <= set(number)
    assert not {2, 4} & set(number)
    assert {3, 5, 6, 7} <= set(text)
    assert not {2, 4, 8} & set(text)
