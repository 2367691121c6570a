"""Tokens of completions are counted here: a server's own counts change nothing."""

import pytest
from served_generation import LIMITS, engine, prefixed, write
from transformers import AutoTokenizer

from thoughtrank.engines.serving.completion import Completion
from thoughtrank.engines.serving.completion_tokens import CompletionReader, tolerance


@pytest.mark.parametrize("count", [0, -7, 10**9, "many", None, 2.5, True])
def test_wrong_token_counts_change_no_text_and_are_counted(server, tiny_folder, count):
    requests = prefixed(tiny_folder, "ab")
    expected, _ = write(engine(server), tiny_folder, requests)
    server.rewrite = lambda request, reply: reply | {"usage": {"completion_tokens": count}}
    written, facts = write(engine(server), tiny_folder, requests)
    assert written == expected
    assert facts["wrong_token_counts"] == facts["replies"] == 8


def test_a_completion_over_the_limit_is_cut_and_marked(server, tiny_folder):
    def endless(request, reply):
        [choice] = reply["choices"]
        return reply | {"choices": [choice | {"text": "word " * 500, "finish_reason": "stop"}]}

    server.rewrite = endless
    written, facts = write(engine(server), tiny_folder, prefixed(tiny_folder, "a"))
    for [each] in written:
        assert (each.thought_finish, each.thought_tokens) == ("length", LIMITS.thought_tokens)
        assert (each.answer_finish, len(each.answer_ids)) == ("length", LIMITS.answer_tokens)
    assert facts["replies_over_limit"] == 4


@pytest.fixture
def reader(tiny_folder):
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    return CompletionReader(tokenizer=tokenizer, end_tokens=[tokenizer.eos_token_id])


def test_ids_of_the_server_are_taken_up_to_the_end_of_the_turn(reader, tiny_folder):
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    ids = tokenizer("Tom has", add_special_tokens=False)["input_ids"]
    completion = Completion("unused", "stop", (*ids, tokenizer.eos_token_id, *ids), len(ids) + 1)
    read = reader.read(completion, before=[], limit=20)
    assert (read.text, read.ids, read.finish) == ("Tom has", ids, "stop")
    assert (reader.completions, reader.wrong_counts, reader.over_limit) == (1, 0, 0)


def test_text_without_ids_is_encoded(reader, tiny_folder):
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    read = reader.read(Completion("Tom has", "length", None, None), before=[], limit=20)
    assert read.ids == tokenizer("Tom has", add_special_tokens=False)["input_ids"]
    assert (read.finish, reader.wrong_counts) == ("length", 1)


def test_ids_over_the_limit_are_cut_exactly(reader):
    read = reader.read(Completion("", "stop", tuple(range(5, 12)), 7), before=[], limit=4)
    assert (read.ids, read.finish, reader.over_limit) == ([5, 6, 7, 8], "length", 1)


def test_text_is_cut_only_beyond_what_two_tokenisations_may_differ(reader, tiny_folder):
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    length = len(tokenizer("word word word", add_special_tokens=False)["input_ids"])
    read = reader.read(Completion("word word word", "length"), before=[], limit=length - 1)
    assert len(read.ids) == length
    assert tolerance(8) == 2
    assert reader.over_limit == 0
