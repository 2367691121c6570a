"""The chat template of a model folder: from a question to the prompt, and to the token that ends a reply."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from thoughtrank.errors import UserError
from thoughtrank.prompting.fixed_date import DEFAULT_DATE, reads_the_clock, with_fixed_date
from thoughtrank.prompting.reply_in_template import read_reply_format, render
from thoughtrank.prompting.special_tokens import SpecialTokenEscaper
from thoughtrank.prompting.thought_tags import CLOSE_TAG, OPEN_TAG, reply
from thoughtrank.records import Turn

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PLAIN_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}Assistant: {{ message['content'] }}{{ eos_token }}\n"
    "{% else %}{{ message['role'] | capitalize }}: {{ message['content'] }}\n{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}Assistant: {% endif %}"
)
"""For base models without a chat template; saved with the tokenizer."""


class ChatTemplate:
    """Renders prompts and replies with a tokenizer's chat template, which gets a fixed date if it asks for today's.

    Args:
        tokenizer: one with a chat template.

    Attributes:
        tokenizer: as given.
        end_of_turn: the token that ends a reply.

    Raises:
        UserError: the template changes a reply, or does not end it with the tokenizer's end-of-sequence token.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        self.tokenizer = tokenizer
        if tokenizer.chat_template is None:
            raise UserError(
                "the model's tokenizer has no chat template: set tokenizer.chat_template, and save it again"
            )
        self._template = tokenizer.get_chat_template()
        if reads_the_clock(self._template):
            # The model sources of this project write a fixed date into the template; other folders may lack it.
            self._template = with_fixed_date(self._template, fixed=DEFAULT_DATE)
        self._special_tokens = SpecialTokenEscaper(tokenizer)
        self._special_tokens_and_tags = SpecialTokenEscaper(tokenizer, also=(OPEN_TAG, CLOSE_TAG))
        self.end_of_turn = self._find_end_of_turn()

    @classmethod
    def from_folder(cls, folder: Path) -> "ChatTemplate":
        """Load the tokenizer of a model folder (about two seconds, no weights).

        Raises:
            UserError: there is none, or it is broken.
        """
        from transformers import AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(folder)
        except Exception as error:
            # The files are read by several libraries, each of which has errors of its own.
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            raise UserError(f"no tokenizer can be loaded from {folder} ({reason}): copy the folder again") from error
        return cls(tokenizer)

    def user_content(self, question: str) -> str:
        """The content of a turn that is given to the model. Special tokens and thought tags in it are escaped."""
        return self._special_tokens_and_tags.escape(question)

    def assistant_content(self, *, thought: str, answer: str) -> str:
        """The content of the assistant's turn, without the token that ends it.

        Special tokens in it are escaped, and so are tags other than the two around the thought.
        """
        escape = self._special_tokens_and_tags.escape
        return self._special_tokens.escape(reply(thought=escape(thought), answer=escape(answer)))

    def messages(self, question: str, context: Sequence[Turn] = ()) -> list[dict[str, str]]:
        """The turns that a reply follows: those of ``context``, and the question."""
        return [
            {"role": turn.role, "content": self.user_content(turn.content)}
            for turn in (*context, Turn("user", question))
        ]

    def prompt(self, question: str, context: Sequence[Turn] = ()) -> str:
        """The text that a reply to ``question`` continues.

        Args:
            question: its text.
            context: the turns before it.

        Raises:
            UserError: the template cannot render a turn of the context, such as a system prompt.
        """
        return self._render(self.messages(question, context), add_generation_prompt=True)

    def completion(self, *, thought: str, answer: str) -> str:
        """The reply as the model should write it; its only special token is the end of the turn."""
        return self.assistant_content(thought=thought, answer=answer) + self.end_of_turn

    def conversation(self, messages: list[dict[str, str]]) -> str:
        """A finished conversation as the template renders it, with any text after the last turn."""
        return self._render(messages, add_generation_prompt=False)

    def num_prompt_tokens(self, question: str, context: Sequence[Turn] = ()) -> int:
        """Length of the prompt for ``question`` after the turns of ``context``, in tokens."""
        return len(self.token_ids(self.prompt(question, context)))

    def token_ids(self, text: str) -> tuple[int, ...]:
        """Token ids of ``text``; no special tokens are added."""
        return tuple(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _render(self, messages: list[dict[str, str]], *, add_generation_prompt: bool) -> str:
        return render(self.tokenizer, messages, template=self._template, add_generation_prompt=add_generation_prompt)

    def _find_end_of_turn(self) -> str:
        """The end-of-sequence token that the template writes after a reply.

        Raises:
            UserError: the template changes a reply, or ends it with another token or none.
        """
        end = read_reply_format(self.tokenizer, self._template).end_of_turn
        if end != self.tokenizer.eos_token:
            raise UserError(
                f"the model's chat template ends a reply with {end!r}, and not with its end-of-sequence token "
                f"{self.tokenizer.eos_token!r}, so a tuned model would not stop: set model.end_of_turn=null, or "
                "model.chat_template=plain"
            )
        return end
