"""Scores of a completions server are those of the embedded engine, as far as its few next tokens allow."""

import math

import pytest
from served_generation import TOKENS, engine
from transformers import AutoTokenizer

from thoughtrank.engines.protocol import ScoredAnswer, ScoreRequest
from thoughtrank.engines.serving.prompt_logprobs import PromptLogprobs
from thoughtrank.engines.serving.served_scores import ServedScores
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.errors import UserError
from thoughtrank.prompting.chat_template import ChatTemplate

ANSWERS = (
    ScoredAnswer("<thought></thought>The answer is", " 12", "number"),
    ScoredAnswer("<thought>6 * 8 =", " 48", "number"),
    ScoredAnswer("<thought>So it is", " Paris", "text"),
)


def requests_for(folder):
    chat = ChatTemplate.from_folder(folder)
    return [ScoreRequest(chat.prompt(question), ANSWERS) for question in ("What is 6 * 8?", "Where?")]


def scorer(folder, reply, *, how="echo", token_prompts=False, sent=None):
    def ask(body):
        if sent is not None:
            sent.append(body)
        return reply

    tokenizer = AutoTokenizer.from_pretrained(folder)
    return ServedScores(
        ask=ask,
        tokenizer=tokenizer,
        end_tokens=[tokenizer.eos_token_id],
        how=how,
        token_prompts=token_prompts,
        fields={"extra": 1},
        added_start="",
    )


@pytest.mark.parametrize("options", [{}, TOKENS])
def test_the_tokens_of_an_answer_have_the_log_probabilities_of_the_embedded_engine(
    server, tiny_folder, options, monkeypatch
):
    # With the whole vocabulary among the next tokens, the tokens that end an answer have the same total too.
    vocabulary = len(AutoTokenizer.from_pretrained(tiny_folder))
    monkeypatch.setattr("thoughtrank.engines.serving.served_scores._NUM_FOLLOWING", {"echo": vocabulary})
    requests, reports = requests_for(tiny_folder), []
    with engine(server, scores=True, **options).open(tiny_folder) as session:
        served = session.score(requests, on_step=lambda *report: reports.append(report))
    with TransformersEngine(dtype="float32", device="cpu").open(tiny_folder) as session:
        embedded = session.score(requests)
    for ours, theirs in zip(served, embedded, strict=True):
        assert [each.tokens for each in ours] == [each.tokens for each in theirs]
        assert [each.logprob for each in ours] == pytest.approx([each.logprob for each in theirs], abs=0.02)
    assert sum(finished for _, finished in reports) == 6


def test_what_ends_a_number_is_all_but_what_continues_it(tiny_folder):
    reply = PromptLogprobs(["Q", " 4"], [None, -2.0], {"8": math.log(0.3), ".5": math.log(0.1), ".": math.log(0.4)})
    score = scorer(tiny_folder, reply).score("Q", ScoredAnswer("", " 4", "number"))
    assert score.logprob == pytest.approx(-2.0 + math.log(0.6))


def test_what_ends_a_text_is_what_is_seen_to_end_it(tiny_folder):
    reply = PromptLogprobs(["Q", " Par", "is"], [None, -2.0, -1.0], {"ian": math.log(0.3), ".": math.log(0.4)})
    score = scorer(tiny_folder, reply).score("Q", ScoredAnswer("", " Paris", "text"))
    assert score.logprob == pytest.approx(-3.0 + math.log(0.4))
    unseen = PromptLogprobs(reply.texts, reply.logprobs, {"ian": math.log(0.75)})
    score = scorer(tiny_folder, unseen).score("Q", ScoredAnswer("", " Paris", "text"))
    assert score.logprob == pytest.approx(-3.0 + math.log(0.25)), "at most what the seen ones leave over"


def test_an_end_that_no_token_leaves_room_for_is_very_unlikely_but_not_impossible(tiny_folder):
    reply = PromptLogprobs(["Q", " 4"], [None, 0.0], {"8": 0.0})
    assert scorer(tiny_folder, reply).score("Q", ScoredAnswer("", " 4", "number")).logprob == pytest.approx(
        math.log(1e-6)
    )


def test_a_token_that_reaches_into_the_text_before_the_answer_counts(tiny_folder):
    reply = PromptLogprobs(["Q", " =4", "8"], [None, -2.0, -1.0], {".": 0.0})
    assert scorer(tiny_folder, reply).score("Q =", ScoredAnswer("", "48", "number")).logprob == pytest.approx(-3.0)


@pytest.mark.parametrize(("how", "field"), [("echo", {"echo": True}), ("prompt_logprobs", {"prompt_logprobs": 0})])
def test_the_fields_of_a_request(tiny_folder, how, field):
    sent = []
    reply = PromptLogprobs([], [None, *[-1.0] * 50], {".": 0.0})
    scorer(tiny_folder, reply, how=how, token_prompts=True, sent=sent).score("Q", ANSWERS[0])
    [body] = sent
    assert {**body, **field, "extra": 1, "max_tokens": 1, "temperature": 0.0} == body
    assert all(type(token) is int for token in body["prompt"])


def test_servers_without_log_probabilities_are_found_when_a_session_is_opened(server, tiny_folder):
    server.returns_logprobs = False
    with pytest.raises(
        UserError, match=r"engine\.scores=true, but the completions servers return no log-probabilities"
    ):
        engine(server, scores=True, max_retries=0).open(tiny_folder)
    with engine(server).open(tiny_folder) as session, pytest.raises(UserError, match="use another engine"):
        session.score(requests_for(tiny_folder))
