"""Forced replies through the embedded engine and through a completions server."""

from dataclasses import replace

import pytest
from completions_server import CompletionsServer

from thoughtrank.engines.openai import OpenAIEngine
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.evaluation.arms.registry import ARMS
from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.evaluation.scoring import ReferenceScorer
from thoughtrank.records import Question
from thoughtrank.stages.arm_replies import ReplySettings, held_out_tokens
from thoughtrank.stages.evaluation import Evaluation
from thoughtrank.storage.tables import read_table

SETTINGS = ReplySettings(reply_tokens=9, thought_tokens=6, answer_tokens=5, stem="The answer is", temperature=1.0)
QUESTIONS = [Question(f"q{number}", f"How much is {number} and 4?", answer=str(number + 4)) for number in range(4)]


@pytest.fixture
def server(tiny_folder):
    running = CompletionsServer(tiny_folder)
    yield running
    running.close()


def evaluation(base, store, engine):
    return Evaluation(
        name="evaluation",
        published=store.paths.replies(1),
        questions=QUESTIONS,
        model=base,
        engine=engine,
        arms=tuple(ARMS),
        settings=SETTINGS,
        scorer=ReferenceScorer(),
    )


def test_a_completions_server_gives_the_replies_of_the_embedded_engine(base, store, server):
    embedded = evaluation(base, store, TransformersEngine(dtype="float32", device="cpu"))
    served = evaluation(
        base,
        store,
        OpenAIEngine(base_urls=[server.url], prompts="tokens", fields={"return_token_ids": True}, concurrency=2),
    )
    ours = read_table(store.complete(embedded).folder, HeldOutReply)
    theirs = read_table(store.complete(replace(served, published=store.paths.replies(2))).folder, HeldOutReply)
    # This server does not sample.
    assert [row for row in theirs if row.arm != "best_of_n"] == [row for row in ours if row.arm != "best_of_n"]
    assert {row.arm for row in ours} >= set(ARMS) - {"edited_thought"}
    sampled = [request for request in server.received if request["temperature"] == 1.0]
    assert len({(str(request["prompt"]), request["seed"]) for request in sampled}) == len(sampled) > 0
    assert max(row.reply_tokens for row in ours if row.arm == "own_thought") <= SETTINGS.answer_tokens


def test_the_longest_forced_text_fits_into_what_is_kept_free(tiny_folder):
    from thoughtrank.prompting.chat_template import ChatTemplate
    from thoughtrank.prompting.thought_tags import answer_opener

    chat = ChatTemplate.from_folder(tiny_folder)
    forced = chat.token_ids(answer_opener(thought="x" * 9, stem=SETTINGS.stem))
    room = held_out_tokens(SETTINGS, arms=tuple(ARMS))
    assert len(forced) + SETTINGS.answer_tokens <= room
    assert held_out_tokens(SETTINGS, arms=("thought", "room_to_reason")) == SETTINGS.reply_tokens
