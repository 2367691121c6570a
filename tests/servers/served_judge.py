"""A judge that talks to the scripted server, and one request for it."""

from thoughtrank.judging.openai.judge import OpenAICompatibleJudge
from thoughtrank.judging.protocol import AnswerView, JudgeRequest

KEY = "sk-secret-0123456789abcdef"
REQUEST = JudgeRequest(
    question_id="q1",
    question="Which fruit?",
    answers=tuple(AnswerView(f"id{text}", text) for text in ("cherry", "apple", "banana", "date")),
    reference=None,
    seed=7,
)
BY_TEXT = (("idapple",), ("idbanana",), ("idcherry",), ("iddate",))
"""What the server replies: the answers in the order of their texts."""


def judge_at(server, **settings):
    defaults = {"model": "org/judge-1", "base_url": server.url, "api_key_env": "JUDGE_KEY", "max_retries": 1}
    return OpenAICompatibleJudge(**(defaults | {"timeout_seconds": 10.0} | settings))
