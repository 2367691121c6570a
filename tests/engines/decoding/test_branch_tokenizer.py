"""Only tokens with the last character of the closing tag can complete it."""

from transformers import AutoTokenizer

from thoughtrank.engines.decoding.branch_tokenizer import BranchTokenizer


def test_every_token_that_can_complete_the_tag_is_known(tiny_folder):
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    branch_tokenizer = BranchTokenizer(tokenizer=tokenizer, end_tokens=frozenset([tokenizer.eos_token_id]))
    last = branch_tokenizer.encode("thought</thought>")[-1]
    assert last in branch_tokenizer.may_close
    assert all(">" in tokenizer.decode([token]) for token in branch_tokenizer.may_close)
    assert not set(branch_tokenizer.encode("Tom has 12 apples")) & branch_tokenizer.may_close


def test_text_is_encoded_and_decoded_after_a_start(tiny_folder):
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    branch_tokenizer = BranchTokenizer(tokenizer=tokenizer, end_tokens=frozenset())
    assert branch_tokenizer.decode_after(branch_tokenizer.encode("Tom"), branch_tokenizer.encode(" has")) == " has"
