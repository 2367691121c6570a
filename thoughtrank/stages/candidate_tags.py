"""Thought tags where none belongs: another thought inside an answer or a thought.

A judge must never see a thought, and a reply with two thoughts must not be trained on. So a generated candidate ends before
such a tag, whatever the engine, and its ``finish`` says ``tag``; an imported one is marked in the same way and keeps its text.
Marked candidates are neither ranked nor selected.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from thoughtrank.engines.tokenization import decode_after, encode
from thoughtrank.prompting.thought_tags import first_tag, text_before_tag
from thoughtrank.records import Candidate

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TAG_RULES = 1
"""Version of these rules: part of the fingerprint of every table of candidates."""


def cut_at_tags(candidate: Candidate, *, prefix: str, start: str, tokenizer: "PreTrainedTokenizerBase") -> Candidate:
    """A generated candidate, ended before the first tag inside its thought or its answer; itself where there is none.

    Args:
        candidate: as an engine generated it.
        prefix: the forced part of its thought.
        start: prompt and forced text, after which its tokens were generated.
        tokenizer: of the model; where a token reaches into the tag, the text before the tag gets new ids.
    """
    thought, answer = text_before_tag(candidate.thought), text_before_tag(candidate.answer)
    if thought is None and answer is None:
        return candidate
    before = encode(tokenizer, start)
    if thought is not None:
        ids = _ids(thought[len(prefix) :], candidate.thought_ids, before=before, tokenizer=tokenizer)
        thought_part = replace(
            candidate, thought=thought, thought_ids=ids, thought_tokens=len(ids), thought_finish="tag"
        )
        return replace(thought_part, answer="", answer_ids=(), answer_tokens=0, answer_finish="tag")
    assert answer is not None
    ids = _ids(answer, candidate.answer_ids, before=[*before, *candidate.thought_ids], tokenizer=tokenizer)
    return replace(candidate, answer=answer, answer_ids=ids, answer_tokens=len(ids), answer_finish="tag")


def mark_tags(candidate: Candidate) -> Candidate:
    """An imported candidate, marked where its thought or its answer contains a tag; the texts stay as they are."""
    return replace(
        candidate,
        thought_finish=candidate.thought_finish if first_tag(candidate.thought) is None else "tag",
        answer_finish=candidate.answer_finish if first_tag(candidate.answer) is None else "tag",
    )


def _ids(
    text: str, ids: Sequence[int], *, before: Sequence[int], tokenizer: "PreTrainedTokenizerBase"
) -> tuple[int, ...]:
    """Ids of ``text``, which begins the text of ``ids``: those that are wholly in it, and new ones for what is left."""
    kept = list(ids)
    while kept and not text.startswith(decode_after(tokenizer, before, kept)):
        kept.pop()
    rest = text[len(decode_after(tokenizer, before, kept)) :]
    return (*kept, *encode(tokenizer, rest))
