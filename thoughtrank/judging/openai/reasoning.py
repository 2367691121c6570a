"""Removes from a reply what is not the answer to the request: reasoning, and tokens of the chat template.

Servers should return reasoning in a field of its own and no template tokens. Many do not, because the parser for the model is
missing, the template opens the reasoning block inside the prompt, or special tokens are decoded as text.
"""

import re
import string

from thoughtrank.judging.openai.lenient_json import json_object

_CLOSING = re.compile(
    r"</(?:\w+[:_])?(?:think(?:ing)?|thoughts?|reasoning|analysis|reflection|scratchpad)(?:_\w+)?>|\[/think(?:ing)?\]|◁/think▷"
    r"|<\|(?:end_thinking|end_of_thought|/think)\|>|<unused95>|<channel\|>|\[BEGIN FINAL RESPONSE\]|\.\.\.done thinking\.",
    re.IGNORECASE,
)
"""Ends of reasoning blocks. Only the text after the last one is the reply; a block without an end stays."""

_OPENING = re.compile(
    r"<(?:\w+[:_])?(?:think(?:ing)?|thoughts?|reasoning|analysis|reflection|scratchpad)(?:_\w+)?>|\[think(?:ing)?\]|◁think▷"
    r"|<\|(?:start_thinking|begin_of_thought|think)\|>|<unused94>|<\|channel\|?>|\A\s*(?:thinking\.\.\.|(?-i:analysis(?=[A-Z{])))",
    re.IGNORECASE,
)
"""Beginnings of reasoning blocks."""

_FINAL_CHANNEL = re.compile(
    r"<\|channel\|>\s*final\b(?:(?!<\|(?:message|end|start)\|>).)*<\|message\|>"
    r"(.*?)(?=<\|(?:end|return|call|start|channel)\|>|\Z)",
    re.DOTALL,
)
_DECODED_CHANNELS = re.compile(
    r"\A\s*(?:analysis|commentary).*\bassistant\s*final(?:\s*json)?(?=[\s{\[A-Z0-9`])(.*)\Z", re.DOTALL
)
"""The harmony format of gpt-oss where its special tokens are dropped: "analysis...assistantfinal..."."""

_OPENING_TOKENS = re.compile(
    r"\A(?:\s*(?:<s>|<bos>|<\|(?:begin_of_text|startoftext|start_response|begin_of_solution|begin_of_box|assistant)\|>"
    r"|<\|start_header_id\|>\s*assistant\s*<\|end_header_id\|>|<\|im_start\|>\s*assistant|<start_of_turn>\s*model"
    r"|<\|start_of_role\|>\s*assistant\s*<\|end_of_role\|>|\[/INST\]|assistant(?=\s*\n)|ASSISTANT:))+",
    re.IGNORECASE,
)
_END_TOKENS = re.compile(
    r"<\|(?:eot_id|eom_id|im_end|endoftext|end_of_text|end|return|eot|eos|end_of_turn|end_of_turn_token|end_response"
    r"|end_of_solution|end_of_box|endofassistant|end_of_sentence|user|observation|im_start|start_header_id|eos_token)\|>"
    r"|<\|role_end\|>|<[|｜]end[▁_]of[▁_]sentence[|｜]>|</s>|<(?:seed:)?eos>|<end_of_turn>|<turn\|>|\[EOS\]|\[e~\[|\[/?INST\]"
    r"|\[END FINAL RESPONSE\]",
    re.IGNORECASE,
)
"""Ends of the assistant's turn; what a model writes after one is not its reply."""

_INVISIBLE = string.whitespace + "\u00a0\u200b\u2060\ufeff"

_ANSWER = re.compile(r"\A\s*<(answer|output|response|final)>(.*)</\1>\s*\Z", re.DOTALL | re.IGNORECASE)


def answer_part(reply: str) -> str:
    """The reply without reasoning, template tokens and tags around the whole answer; a JSON object is returned as it is."""
    reply = reply.strip(_INVISIBLE)
    if json_object(reply) is not None:
        return reply
    text = _without_reasoning(reply)
    text = _OPENING_TOKENS.sub("", text.strip())
    if json_object(text) is None:
        text = _END_TOKENS.split(text, maxsplit=1)[0]
    tagged = _ANSWER.match(text)
    return (tagged[2] if tagged else text).strip()


def _without_reasoning(reply: str) -> str:
    if finals := _FINAL_CHANNEL.findall(reply):
        return str(finals[-1])
    if decoded := _DECODED_CHANNELS.match(reply):
        return decoded[1]
    return _CLOSING.split(reply)[-1]


def is_unfinished(text: str) -> bool:
    """Whether a reasoning block begins in ``text``, the reply without the blocks that ended."""
    return bool(_OPENING.search(text))
