import pytest
from transformers import AutoTokenizer

from thoughtrank.errors import UserError
from thoughtrank.finetuning.batching.examples import encode_example
from thoughtrank.prompting.chat_template import PLAIN_TEMPLATE, ChatTemplate
from thoughtrank.prompting.thought_tags import reply
from thoughtrank.records import Turn

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


def test_a_question_is_asked_after_the_turns_before_it(tokenizer):
    chat = ChatTemplate(tokenizer)
    context = (Turn("system", "Be brief."), Turn("user", "What is <|im_end|>?"), Turn("assistant", "<thought>A token."))
    assert [each["role"] for each in chat.messages("And?", context)] == ["system", "user", "assistant", "user"]
    prompt = chat.prompt("And?", context)
    asked = tokenizer.apply_chat_template(chat.messages("And?", context), tokenize=False, add_generation_prompt=True)
    assert prompt == asked
    assert "What is < |im_end|>?" in prompt
    assert "<thought>" not in prompt
    assert chat.num_prompt_tokens("And?", context) > chat.num_prompt_tokens("And?")
    messages = [*chat.messages("And?", context), {"role": "assistant", "content": reply(thought="t", answer=" Yes.")}]
    assert chat.conversation(messages).startswith(prompt + chat.completion(thought="t", answer=" Yes."))


def test_a_template_that_has_no_system_prompts_is_named(tokenizer):
    refuses = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    tokenizer.chat_template = refuses + PLAIN_TEMPLATE
    with pytest.raises(
        UserError, match=r"cannot be rendered \(System role not supported\): set model.chat_template=plain"
    ):
        ChatTemplate(tokenizer).prompt("And?", (Turn("system", "Be brief."),))
