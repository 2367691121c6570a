"""A group of requests for engines that generate through a completions server, and what the embedded engine makes of it."""

from pathlib import Path

from completions_server import CompletionsServer

from thoughtrank.engines.openai import OpenAIEngine
from thoughtrank.engines.protocol import Branch, GenerationRequest, Limits
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.thought_tags import EMPTY_THOUGHT, OPEN_TAG

LIMITS = Limits(thought_tokens=14, answer_tokens=10, min_answer_tokens=1)
QUESTIONS = ["Tom has 12 apples. He buys 7 more. How many are there?", "How many legs do 6 spiders have?"]
TOKENS = {"prompts": "tokens", "fields": {"return_token_ids": True}}


def requests_for(folder: Path, openers: list[str]) -> list[GenerationRequest]:
    chat = ChatTemplate.from_folder(folder)
    branches = tuple(Branch(opener=opener, in_thought=opener not in ("", EMPTY_THOUGHT)) for opener in openers)
    return [GenerationRequest(prompt=chat.prompt(question), branches=branches) for question in QUESTIONS]


def prefixed(folder: Path, prefixes: str) -> list[GenerationRequest]:
    return requests_for(folder, [OPEN_TAG + prefix for prefix in prefixes])


def engine(*servers: CompletionsServer, **options) -> OpenAIEngine:
    return OpenAIEngine(base_urls=[server.url for server in servers], concurrency=4, **options)


def write(made: OpenAIEngine, folder: Path, requests, *, limits=LIMITS, work=None):
    with made.open(folder, work_folder=work) as session:
        return session.generate(requests, limits=limits), session.facts()


def embedded(folder: Path, requests, *, limits=LIMITS):
    with TransformersEngine(dtype="float32", device="cpu").open(folder) as session:
        return session.generate(requests, limits=limits)
