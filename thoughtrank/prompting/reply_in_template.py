"""How a reply stands in a chat template: the text that it continues, and the token that ends it.

A template writes prompts for generation and whole conversations, and the two have to agree: the conversation is the prompt,
the unchanged reply, and then one token. Templates of reasoning models do so only without their reasoning part: it is switched
off, or the prompt ends where the conversation has the reply. What is changed is written into the template itself, so that every
tool that loads the model prompts it as it was trained.
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from thoughtrank.errors import UserError
from thoughtrank.prompting.thought_tags import reply

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_REASONING_SWITCHES = ("enable_thinking", "thinking")
"""Variables of templates that leave the reasoning part out where they are false (Qwen3, GLM-4.5, SmolLM3; DeepSeek-V3.1)."""

WAYS_OUT = "set model.chat_template=plain, or another template in the model folder"


class ReplyFormat(NamedTuple):
    """A chat template that replies can be trained with.

    Attributes:
        template: in Jinja; its generation prompt is the text that a reply continues.
        end_of_turn: the token that it writes after a reply.
    """

    template: str
    end_of_turn: str


class _Probe(NamedTuple):
    """A question and a reply to it."""

    question: str
    reply: str

    @property
    def messages(self) -> list[dict[str, str]]:
        return [{"role": "user", "content": self.question}, {"role": "assistant", "content": self.reply}]


_PROBES = (
    _Probe("Question?", reply(thought="t", answer="\n\nAnswer.")),
    _Probe("Two lines:\n\n 3 < 4?", reply(thought="It is.\nSo", answer=" yes")),
)


def find_reply_format(tokenizer: "PreTrainedTokenizerBase", template: str) -> ReplyFormat:
    """``template`` as it is where that can be; else without its reasoning part.

    Args:
        tokenizer: of the model.
        template: its chat template.

    Raises:
        UserError: a reply has no fixed position in the template, is changed by it, or is not ended by one token.
    """
    as_it_is = _read(tokenizer, template)
    if isinstance(as_it_is, ReplyFormat):
        return as_it_is
    for candidate in _adapted(tokenizer, template):
        found = _read(tokenizer, candidate)
        if isinstance(found, ReplyFormat):
            return found
    raise as_it_is


def read_reply_format(tokenizer: "PreTrainedTokenizerBase", template: str) -> ReplyFormat:
    """``template`` as it is.

    Raises:
        UserError: replies cannot be trained with it.
    """
    found = _read(tokenizer, template)
    if isinstance(found, UserError):
        raise found
    return found


def render(
    tokenizer: "PreTrainedTokenizerBase", messages: list[dict[str, str]], *, template: str, add_generation_prompt: bool
) -> str:
    """Messages as ``template`` writes them.

    Raises:
        UserError: it cannot.
    """
    from jinja2 import TemplateError

    try:
        return str(
            tokenizer.apply_chat_template(
                messages, chat_template=template, tokenize=False, add_generation_prompt=add_generation_prompt
            )
        )
    except (TemplateError, TypeError, ValueError) as error:
        raise UserError(f"the model's chat template cannot be rendered ({error}): {WAYS_OUT}") from error


def _read(tokenizer: "PreTrainedTokenizerBase", template: str) -> ReplyFormat | UserError:
    try:
        ends = {_end_after_reply(tokenizer, template, probe) for probe in _PROBES}
    except UserError as error:
        return error
    [end] = ends
    return ReplyFormat(template, end)


def _end_after_reply(tokenizer: "PreTrainedTokenizerBase", template: str, probe: _Probe) -> str:
    """The token that ends a reply.

    Raises:
        UserError: there is none; or the prompt and the unchanged reply are not the beginning of the conversation, white space
            between the two apart (Mistral, Llama 2).
    """
    prompt = render(tokenizer, probe.messages[:1], template=template, add_generation_prompt=True)
    whole = render(tokenizer, probe.messages, template=template, add_generation_prompt=False)
    rest = whole.removeprefix(prompt).lstrip()
    if not whole.startswith(prompt) or not rest.startswith(probe.reply):
        raise UserError(
            "the model's chat template changes a reply when it renders the conversation, or writes something before it, so "
            f"training and generation would differ: {WAYS_OUT}"
        )
    rest = rest.removeprefix(probe.reply).strip()
    if not rest:
        # Some end a reply with the token that begins the next turn (GLM-4).
        messages = [*probe.messages, {"role": "user", "content": probe.question}]
        longer = render(tokenizer, messages, template=template, add_generation_prompt=True)
        rest = longer.rpartition(probe.reply)[2].strip()
    end = next((token for token in _tokens(tokenizer) if rest.startswith(token)), None)
    if end is None:
        raise UserError(
            f"the model's chat template does not end a reply with its end-of-sequence token {tokenizer.eos_token!r}, nor with "
            "another special token, so a tuned model would not stop: set model.chat_template=plain, and model.end_of_turn= to "
            "a token of the vocabulary if the tokenizer has no end-of-sequence token"
        )
    return end


def _tokens(tokenizer: "PreTrainedTokenizerBase") -> list[str]:
    """Tokens that may end a turn: the end-of-sequence token, and then all that were added to the vocabulary, longest first."""
    added = {str(token) for token in tokenizer.added_tokens_decoder.values()} | set(tokenizer.all_special_tokens)
    longest_first = sorted((token for token in added if token.strip()), key=lambda token: (-len(token), token))
    return [str(tokenizer.eos_token)] * bool(tokenizer.eos_token) + longest_first


def _adapted(tokenizer: "PreTrainedTokenizerBase", template: str) -> Iterator[str]:
    """The template with its reasoning switched off; then with the prompt that conversations have before a reply."""
    for name in _REASONING_SWITCHES:
        if name in template:
            yield f"{{%- set {name} = false %}}{template}"
    probe = _PROBES[0]
    try:
        asked = render(tokenizer, probe.messages[:1], template=template, add_generation_prompt=False)
        whole = render(tokenizer, probe.messages, template=template, add_generation_prompt=False)
    except UserError:
        return
    before, found, _ = whole.partition(probe.reply)
    if found and before.startswith(asked):
        yield _with_generation_prompt(template, before.removeprefix(asked).rstrip(" "))


def _with_generation_prompt(template: str, text: str) -> str:
    """The template with another generation prompt than its own."""
    own = "{%- set asks_for_reply = add_generation_prompt %}{%- set add_generation_prompt = false %}"
    # Jinja drops one line break at the very end.
    return f"{own}{template.removesuffix(chr(10))}{{% if asks_for_reply %}}{{{{ {json.dumps(text)} }}}}{{% endif %}}"
