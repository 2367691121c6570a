"""Thought and answer as two completions, on servers that know neither tags nor minimum lengths."""

from dataclasses import replace

from served_generation import TOKENS, embedded, engine, prefixed, write

from thoughtrank.engines.protocol import Branch, GenerationRequest
from thoughtrank.prompting.thought_tags import CLOSE_TAG, OPEN_TAG


def test_an_answer_below_its_minimum_is_extended_as_by_the_embedded_engine(server, tiny_folder):
    # The server ends every answer at once, unless the end is ruled out.
    def end_at_once(request, reply):
        if "logit_bias" in request or CLOSE_TAG in (request.get("stop") or []) or reply["choices"][0]["text"] == "!":
            return reply
        asked_before = any("logit_bias" in each for each in server.received)
        return reply if asked_before else ended(reply)

    def ended(reply):
        return reply | {"choices": [{"index": 0, "text": "", "finish_reason": "stop", "token_ids": [1]}]}

    server.rewrite = end_at_once
    requests = [replace(each, branches=each.branches[:1]) for each in prefixed(tiny_folder, "a")[:1]]
    written, facts = write(engine(server, **TOKENS), tiny_folder, requests)
    assert written == embedded(tiny_folder, requests)
    assert [request.get("logit_bias") for request in server.received] == [None, None, {"1": -100}, None]
    assert facts["short_answers_not_held"] == 0


def test_text_after_a_tag_that_did_not_stop_the_server_is_dropped(server, tiny_folder):
    def runs_on(request, reply):
        [choice] = reply["choices"]
        if CLOSE_TAG in request.get("stop", []):
            choice = choice | {"text": f"b{CLOSE_TAG}no", "finish_reason": "stop"}
        return reply | {"choices": [choice]}

    server.rewrite = runs_on
    written, _ = write(engine(server), tiny_folder, prefixed(tiny_folder, "a"))
    for [each] in written:
        assert (each.thought, each.thought_finish) == ("b", "stop")
    answers = [request["prompt"] for request in server.received if CLOSE_TAG not in request.get("stop", [])]
    assert all(prompt.endswith(f"{OPEN_TAG}ab{CLOSE_TAG}") for prompt in answers)


def test_a_temperature_is_sent_for_the_thought_only_with_its_seed(server, tiny_folder):
    branch = Branch(opener=OPEN_TAG, in_thought=True, temperature=0.7, seed=11)
    write(engine(server), tiny_folder, [GenerationRequest(prompt="q", branches=(branch,))])
    assert [(each["temperature"], each.get("seed")) for each in server.received] == [(0.7, 11), (0.0, None)]
