"""Thought and answer as two completions, on servers that know neither tags nor minimum lengths."""

from dataclasses import replace

import pytest
from served_generation import TOKENS, embedded, engine, prefixed, write
from tokenizers import Tokenizer, decoders, models, processors
from transformers import PreTrainedTokenizerFast

from thoughtrank.engines.protocol import Branch, GenerationRequest, Limits
from thoughtrank.engines.serving.completion import Completion
from thoughtrank.engines.serving.completions_client import RequestRefusedError
from thoughtrank.engines.serving.two_phase_completion import TwoPhaseCompletion
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


def test_a_sampled_answer_has_a_temperature_and_its_seed(server, tiny_folder):
    branch = Branch(opener=OPEN_TAG + CLOSE_TAG, in_thought=False, answer_temperature=0.7, seed=11)
    write(engine(server), tiny_folder, [GenerationRequest(prompt="q", branches=(branch,))])
    assert [(each["temperature"], each.get("seed")) for each in server.received] == [(0.7, 11)]


WORDS = ["a", "b", "c", "<", "/", "thought", ">", "</", "</thought", "</thought>", ">b", "<end>"]
NUMBER = {word: number for number, word in enumerate(WORDS)}


@pytest.fixture(scope="module")
def tokenizer():
    """A tokenizer whose tokens are the words above, the longest that fits first."""
    core = Tokenizer(models.Unigram([(word, -1.0 / len(word)) for word in WORDS], unk_id=0))
    core.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<end>")


class Script:
    """Plays completions in order and notes the requests; an error in the script is raised."""

    def __init__(self, *script):
        self.script, self.received = list(script), []

    def __call__(self, body):
        self.received.append(body)
        following = self.script.pop(0)
        if isinstance(following, Exception):
            raise following
        return following


def generated(
    tokenizer, script, *, thought_tokens=9, answer_tokens=9, min_answer_tokens=0, ends_at_tag=False, **options
):
    made = TwoPhaseCompletion(
        complete=script,
        tokenizer=tokenizer,
        end_tokens=[tokenizer.eos_token_id],
        **({"token_prompts": False, "fields": {}} | options),
    )
    limits = Limits(thought_tokens=thought_tokens, answer_tokens=answer_tokens, min_answer_tokens=min_answer_tokens)
    return continued(made, "c", Branch("a", in_thought=True, ends_at_tag=ends_at_tag), limits), made


def continued(made, prompt, branch, limits):
    [start] = made.starts(GenerationRequest(prompt, (branch,)))
    return made.generate(start, branch, limits)


def test_a_thought_stopped_by_the_tag_is_closed_and_the_answer_continues_it(tokenizer):
    script = Script(Completion("bb", "stop"), Completion("c", "stop"))
    written, _ = generated(tokenizer, script, fields={"extra": 1})
    assert (written.thought, written.thought_tokens, written.answer) == ("bb", 2, "c")
    assert "".join(WORDS[each] for each in written.thought_ids) == "bb</thought>"
    assert [body["prompt"] for body in script.received] == ["ca", "cabb</thought>"]
    assert [body["stop"] for body in script.received] == [["</thought>", "<end>"], ["<end>"]]
    assert all(body["extra"] == 1 for body in script.received)


def test_prompts_as_tokens_are_exactly_the_tokens_so_far(tokenizer):
    script = Script(
        Completion("", "stop", (NUMBER["b"], NUMBER["</"], NUMBER["thought"], NUMBER[">b"])), Completion("c", "stop")
    )
    written, _ = generated(tokenizer, script, token_prompts=True)
    # The last token reaches past the tag: the rest of the tag replaces it.
    assert [WORDS[each] for each in written.thought_ids] == ["b", "</", "thought", ">"]
    assert (written.thought, written.thought_finish, written.thought_tokens) == ("b", "stop", 4)
    assert [WORDS[each] for each in script.received[1]["prompt"]] == ["c", "a", "b", "</", "thought", ">"]


def test_no_answer_is_requested_where_none_is_wanted(tokenizer):
    script = Script(Completion("b", "length"))
    written, _ = generated(tokenizer, script, answer_tokens=0)
    assert (written.thought_finish, written.answer, written.answer_finish) == ("length", "", "length")
    assert len(script.received) == 1


def test_a_short_answer_is_extended_with_the_end_excluded_and_then_freely(tokenizer):
    script = Script(
        *(Completion(text, finish) for text, finish in [("b", "stop"), ("a", "stop"), ("b", "length"), ("c", "stop")])
    )
    written, made = generated(tokenizer, script, min_answer_tokens=2)
    assert (written.answer, written.answer_finish, made.short_answers) == ("abc", "stop", 0)
    assert script.received[2]["logit_bias"] == {str(NUMBER["<end>"]): -100}
    assert [body["max_tokens"] for body in script.received] == [9, 9, 1, 7]


def test_a_server_that_cannot_exclude_tokens_is_asked_for_it_once(tokenizer):
    refused = RequestRefusedError("logit_bias is not supported")
    script = Script(Completion("b", "stop"), Completion("a", "stop"), refused, *[Completion("b", "stop")] * 2)
    written, made = generated(tokenizer, script, min_answer_tokens=2)
    assert (written.answer, made.short_answers) == ("a", 1)
    continued(made, "c", Branch("a", in_thought=True), Limits(thought_tokens=9, answer_tokens=9, min_answer_tokens=2))
    assert made.short_answers == 2
    assert script.script == []


def test_a_server_that_ends_turns_at_token_ids_gets_no_texts_for_them_and_the_least_length(tokenizer):
    script = Script(Completion("b", "stop", stopped_at=CLOSE_TAG), Completion("ab", "stop"))
    written, made = generated(tokenizer, script, min_answer_tokens=2, token_ends=True, ends_at_tag=True)
    assert (written.answer, made.short_answers) == ("ab", 0)
    assert [body.get("stop") for body in script.received] == [[CLOSE_TAG], [OPEN_TAG, CLOSE_TAG]]
    assert [body.get("min_tokens") for body in script.received] == [None, 2]
    assert [body["stop_token_ids"] for body in script.received] == [[NUMBER["<end>"]]] * 2


def test_the_least_length_is_never_above_the_limit_and_a_server_that_ignores_it_is_asked_again(tokenizer):
    script = Script(*(Completion(text, "stop") for text in ("b", "a")), Completion("b", "length"))
    written, _ = generated(tokenizer, script, min_answer_tokens=9, answer_tokens=2, token_ends=True)
    assert script.received[1]["min_tokens"] == 2
    assert script.received[2]["logit_bias"] == {str(NUMBER["<end>"]): -100}
    assert written.answer == "ab"


@pytest.mark.parametrize("adds_start", [True, False])
def test_a_start_token_that_the_server_adds_itself_is_not_sent_twice(adds_start):
    core = Tokenizer(models.WordLevel({"<s>": 0, "<end>": 1, "x": 2, "a": 3}, unk_token="x"))
    if adds_start:
        core.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<s>", eos_token="<end>")
    script = Script(Completion("x", "stop"))
    made = TwoPhaseCompletion(complete=script, tokenizer=tokenizer, end_tokens=[1], token_prompts=False, fields={})
    continued(made, "<s>a", Branch("", in_thought=False), Limits(thought_tokens=0, answer_tokens=1))
    assert script.received[0]["prompt"] == ("a" if adds_start else "<s>a")


@pytest.mark.parametrize("ends_at_tag", [True, False])
def test_no_answer_is_requested_after_a_thought_inside_the_thought_if_it_is_not_used(tokenizer, ends_at_tag):
    script = Script(Completion(f"b{OPEN_TAG}b", "stop"), Completion("c", "stop"))
    written, _ = generated(tokenizer, script, ends_at_tag=ends_at_tag)
    assert written.thought == f"b{OPEN_TAG}b"
    assert (written.answer, len(script.received)) == (("", 1) if ends_at_tag else ("c", 2))


@pytest.mark.parametrize("tag", [OPEN_TAG, CLOSE_TAG])
@pytest.mark.parametrize("min_answer_tokens", [0, 5])
def test_an_answer_ends_at_a_tag_on_a_server_that_names_its_stop_strings(tokenizer, tag, min_answer_tokens):
    script = Script(Completion("b", "stop", stopped_at=CLOSE_TAG), Completion("c", "stop", stopped_at=tag))
    written, _ = generated(tokenizer, script, ends_at_tag=True, min_answer_tokens=min_answer_tokens)
    assert [body["stop"] for body in script.received] == [[CLOSE_TAG, "<end>"], [OPEN_TAG, CLOSE_TAG, "<end>"]]
    # The tag is in the text, so that the candidate is marked.
    assert (written.answer, written.answer_finish) == (f"c{tag}", "stop")
    assert "".join(WORDS[each] for each in written.answer_ids) == f"c{tag}"


def test_the_tag_that_ended_an_answer_is_not_added_to_tokens_that_hold_it(tokenizer):
    ids = tuple(NUMBER[word] for word in ("c", "</", "thought", ">b"))
    script = Script(
        Completion("b", "stop", stopped_at=CLOSE_TAG), Completion("c", "stop", token_ids=ids, stopped_at=CLOSE_TAG)
    )
    written, _ = generated(tokenizer, script, ends_at_tag=True)
    assert (written.answer, written.answer_ids) == (f"c{CLOSE_TAG}b", ids)


def test_an_extended_answer_ends_at_a_tag_too(tokenizer):
    script = Script(
        Completion("b", "stop", stopped_at=CLOSE_TAG),
        Completion("a", "stop"),
        Completion("b", "length"),
        Completion("c", "stop", stopped_at=OPEN_TAG),
    )
    written, _ = generated(tokenizer, script, ends_at_tag=True, min_answer_tokens=2)
    assert written.answer == f"abc{OPEN_TAG}"
    assert script.received[3]["stop"] == [OPEN_TAG, CLOSE_TAG, "<end>"]


@pytest.mark.parametrize(
    ("stopped_at", "ends_at_tag"), [(None, True), ("<end>", True), (CLOSE_TAG, False)], ids=["unnamed", "end", "all"]
)
def test_an_answer_does_not_stop_at_tags_where_that_could_not_be_noticed_or_is_not_wanted(
    tokenizer, stopped_at, ends_at_tag
):
    script = Script(Completion("b", "stop", stopped_at=stopped_at), Completion(f"c{OPEN_TAG}a", "stop"))
    written, _ = generated(tokenizer, script, ends_at_tag=ends_at_tag)
    assert script.received[1]["stop"] == ["<end>"]
    assert written.answer == f"c{OPEN_TAG}a"
