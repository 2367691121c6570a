"""Tokens of completions are counted here: a server's own counts change nothing."""

import pytest
from served_generation import LIMITS, engine, prefixed, write


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
