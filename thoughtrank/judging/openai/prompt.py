"""Renders the prompt of one judge call: the templates in ``prompts/`` with one question and its shuffled answers.

``rank.txt`` and ``score.txt`` are the two templates; ``rubric.txt``, ``criteria.txt`` and ``data.txt`` are parts of both.
"""

import random
import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from string import Template, ascii_uppercase

from thoughtrank.judging.protocol import AnswerView, JudgeRequest

_TEMPLATES = ("rank", "score")
_PARTS = ("rubric", "criteria", "data")

_MARKER = re.compile(r"<<+(?=\s*(?:begin|end)\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RenderedPrompt:
    """A prompt ready to send.

    Attributes:
        text: the whole user message.
        labels: each label in the prompt and its answer id, in the order shown.
        prompt_hash: sha256 of the text.
    """

    text: str
    labels: dict[str, str]
    prompt_hash: str


def render(request: JudgeRequest, *, criteria: str | None = None) -> RenderedPrompt:
    """The prompt of a request; its seed alone decides in which order and under which labels the answers appear.

    Args:
        request: the question and its answers.
        criteria: further criteria for these questions besides the rubric.
    """
    nonce = sha256(f"{request.seed}\0{request.question}".encode(errors="replace")).hexdigest()[:12]
    shown = _shuffled(request)
    labels = _labels(len(shown))
    reference = "" if request.reference is None else "\n" + _fenced("REFERENCE ANSWER", request.reference, nonce) + "\n"
    # One pass: a "$answers" that a question or an answer contains is never substituted.
    text = Template(_text(request.mode)).substitute(
        rubric=_text("rubric").strip(),
        criteria=Template(_text("criteria")).substitute(criteria=criteria.strip()) if criteria else "",
        data=Template(_text("data").strip()).substitute(nonce=nonce),
        question=_fenced("QUESTION", request.question, nonce),
        reference=reference,
        answers="\n\n".join(
            _fenced(f"ANSWER {label}", answer.text, nonce) for label, answer in zip(labels, shown, strict=True)
        ),
        labels=", ".join(labels),
    )
    return RenderedPrompt(
        text=text,
        labels={label: answer.answer_id for label, answer in zip(labels, shown, strict=True)},
        prompt_hash=sha256(text.encode()).hexdigest(),
    )


def template_hash() -> str:
    """sha256 of the prompt files; another wording makes another judge."""
    return sha256("\0".join(_text(name) for name in (*_TEMPLATES, *_PARTS)).encode()).hexdigest()


@cache
def _text(name: str) -> str:
    return files("thoughtrank.judging.openai").joinpath("prompts", f"{name}.txt").read_text(encoding="utf-8")


def _shuffled(request: JudgeRequest) -> list[AnswerView]:
    shown = list(request.answers)
    random.Random(f"labels/{request.seed}").shuffle(shown)
    return shown[::-1] if request.reverse else shown


def _labels(count: int) -> list[str]:
    """A, B, C...; for more than 26 answers A1, B1, ..., Z1, A2, ..."""
    if count <= len(ascii_uppercase):
        return list(ascii_uppercase[:count])
    return [f"{ascii_uppercase[i % 26]}{i // 26 + 1}" for i in range(count)]


def _fenced(name: str, text: str, nonce: str) -> str:
    """A text between marker lines that it cannot forge: marker lines and copies of the nonce inside it are altered."""
    text = text.encode(errors="replace").decode()  # a lone surrogate cannot be sent
    text = re.sub(nonce, "[removed]", text, flags=re.IGNORECASE)
    text = _MARKER.sub(lambda match: " ".join(match.group()), text)
    return f"<<BEGIN {name} {nonce}>>\n{text}\n<<END {name} {nonce}>>"
