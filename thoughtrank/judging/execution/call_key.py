"""The key of a judge call in the verdict log."""

import json
from hashlib import sha256

from thoughtrank.judging.protocol import JudgeRequest


def call_key(request: JudgeRequest, *, judge_key: str) -> str:
    """sha256 of everything that decides a verdict: the judge's identity and every field of the request."""
    facts = [
        judge_key,
        request.question_id,
        request.question,
        request.reference,
        request.seed,
        request.mode,
        request.reverse,
        [[answer.answer_id, answer.text] for answer in request.answers],
    ]
    return sha256(json.dumps(facts).encode()).hexdigest()
