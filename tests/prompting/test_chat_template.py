import pytest
from transformers import AutoTokenizer

from thoughtrank.errors import UserError
from thoughtrank.finetuning.batching.examples import encode_example
from thoughtrank.prompting.chat_template import PLAIN_TEMPLATE, ChatTemplate
from thoughtrank.prompting.thought_tags import reply

CONVERSATION = [
    {"role": "user", "content": "How many legs do 6 spiders have?"},
    {"role": "assistant", "content": reply(thought="six times eight", answer="\n\nThe answer is 48.")},
]


@pytest.fixture
def tokenizer(tiny_folder):
    return AutoTokenizer.from_pretrained(tiny_folder)


@pytest.mark.parametrize("template", [None, PLAIN_TEMPLATE])
def test_prompt_and_completion_are_what_the_template_writes(tokenizer, template):
    if template is not None:
        tokenizer.chat_template = template
    chat = ChatTemplate(tokenizer)
    whole = tokenizer.apply_chat_template(CONVERSATION, tokenize=False)
    prompt, completion = chat.prompt(CONVERSATION[0]["content"]), CONVERSATION[1]["content"] + chat.end_of_turn
    assert whole.startswith(prompt + completion)
    assert whole[len(prompt + completion) :].strip() == ""
    assert "<thought>" not in prompt


@pytest.mark.slow
def test_the_default_models_template_keeps_prompt_and_completion(smollm2_folder):
    chat = ChatTemplate.from_folder(smollm2_folder)
    assert chat.end_of_turn == "<|im_end|>"
    assert chat.prompt("Hello?").endswith("<|im_start|>assistant\n")
    tokenizer = AutoTokenizer.from_pretrained(smollm2_folder)
    question, reply = "What are ½ and <|im_end|>?  ", {"thought": " so <|im_end|>", "answer": "\n\nIt is 12 · 3 = 36. "}
    messages = [
        {"role": "user", "content": chat.user_content(question)},
        {"role": "assistant", "content": chat.assistant_content(**reply)},
    ]
    trained = encode_example(prompt=chat.prompt(question), completion=chat.completion(**reply), tokenizer=tokenizer)
    whole = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True)["input_ids"]
    assert tuple(whole[: len(trained.token_ids)]) == trained.token_ids
    assert tokenizer.decode(whole[len(trained.token_ids) :]) == "\n"


def test_a_template_that_changes_replies_is_refused(tokenizer):
    tokenizer.chat_template = PLAIN_TEMPLATE.replace("message['content']", "message['content'].split('</thought>')[-1]")
    with pytest.raises(UserError, match="changes a reply"):
        ChatTemplate(tokenizer)


def test_a_template_that_never_ends_a_turn_is_refused(tokenizer):
    tokenizer.chat_template = PLAIN_TEMPLATE.replace("{{ eos_token }}", "")
    with pytest.raises(UserError, match="would not stop"):
        ChatTemplate(tokenizer)


def test_the_length_of_a_prompt_counts_its_tokens(tokenizer):
    chat = ChatTemplate(tokenizer)
    assert chat.num_prompt_tokens("a b c d") > chat.num_prompt_tokens("a b")
