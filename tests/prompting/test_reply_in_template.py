"""Where a reply stands in the chat templates of families of models, and what ends it."""

import pytest
from chat_templates import FAMILIES, LLAMA2_CHAT, PHI3, QWEN3
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, PreTrainedTokenizerFast

from thoughtrank.engines.tokenization import end_of_turn_tokens
from thoughtrank.errors import UserError
from thoughtrank.finetuning.batching.examples import encode_example
from thoughtrank.models.model_files import ModelWriter
from thoughtrank.prompting.chat_template import PLAIN_TEMPLATE, ChatTemplate
from thoughtrank.prompting.reply_in_template import find_reply_format

THOUGHT, ANSWER = "Because\n\nso.", "\n\nThe answer is 4."


def tokenizer_of(family):
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=384, special_tokens=family.tokens, initial_alphabet=alphabet, show_progress=False
    )
    core.train_from_iterator(["The answer is 4."], trainer)
    options = {} if family.bos is None else {"bos_token": family.bos}
    return PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token=family.eos, chat_template=family.template, **options
    )


@pytest.fixture(params=FAMILIES)
def family(request):
    return FAMILIES[request.param]


@pytest.fixture
def prepared(family):
    tokenizer = tokenizer_of(family)
    ModelWriter().check(tokenizer, name="a model")
    return tokenizer


def test_a_reply_follows_its_prompt_and_is_ended_by_one_token(family, prepared):
    chat = ChatTemplate(prepared)
    prompt = chat.prompt("Why?")
    assert prompt.endswith(family.prompt)
    assert chat.end_of_turn == family.end
    assert chat.completion(thought=THOUGHT, answer=ANSWER) == f"<thought>{THOUGHT}</thought>{ANSWER}{family.end}"


def test_a_conversation_has_the_prompt_and_the_reply_unchanged(prepared):
    chat = ChatTemplate(prepared)
    content = chat.assistant_content(thought=THOUGHT, answer=ANSWER)
    messages = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": content}]
    whole = chat.conversation(messages)
    assert whole.startswith(chat.prompt("Why?"))
    assert whole.removeprefix(chat.prompt("Why?")).lstrip().startswith(content)


def test_an_example_ends_with_the_token_and_has_it_once_among_its_targets(family, prepared):
    chat = ChatTemplate(prepared)
    example = encode_example(
        prompt=chat.prompt("Why?"), completion=chat.completion(thought=THOUGHT, answer=ANSWER), tokenizer=prepared
    )
    end = prepared.convert_tokens_to_ids(family.end)
    assert example.token_ids[example.first_target :].count(end) == 1
    assert example.token_ids[-1] == end


def test_other_tools_prompt_the_written_model_as_it_is_trained(family, tiny_folder, tmp_path):
    model = AutoModelForCausalLM.from_pretrained(tiny_folder)
    ModelWriter().write(tmp_path, model=model, tokenizer=tokenizer_of(family), name="a model")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    messages = [{"role": "user", "content": "Why?"}]
    theirs = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert theirs == ChatTemplate.from_folder(tmp_path).prompt("Why?")
    end = tokenizer.convert_tokens_to_ids(family.end)
    assert end in end_of_turn_tokens(GenerationConfig.from_pretrained(tmp_path), tokenizer)
    assert AutoModelForCausalLM.from_pretrained(tmp_path).config.eos_token_id is not None


def test_several_turns_are_rendered_as_the_models_own_template_does(family, prepared):
    own = tokenizer_of(family)
    messages = [
        {"role": role, "content": text}
        for role, text in (("user", "Why?"), ("assistant", "So."), ("user", "And?"), ("assistant", "Then."))
    ]
    switched_off = {"enable_thinking": False} if "enable_thinking" in family.template else {}
    before = own.apply_chat_template(messages, tokenize=False, **switched_off)
    after = prepared.apply_chat_template(messages, tokenize=False)
    # Before the first turn, gpt-oss has the date; after the last one, Phi-3 has the end-of-sequence token.
    turns = [text.partition("Why?")[2].rpartition("Then.")[0] for text in (before, after)]
    assert turns[0] == turns[1]
    assert "So." in turns[0]


@pytest.mark.parametrize("family", [LLAMA2_CHAT, PHI3, QWEN3])
def test_the_plain_template_is_a_way_out_for_each(family):
    tokenizer = tokenizer_of(family)
    ModelWriter(chat_template="plain").check(tokenizer, name="a model")
    assert ChatTemplate(tokenizer).prompt("Why?").endswith("User: Why?\nAssistant: ")


def test_a_template_that_fits_is_left_as_it_is(tiny_folder):
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    for template in (tokenizer.chat_template, PLAIN_TEMPLATE):
        assert find_reply_format(tokenizer, template).template == template


def test_a_template_of_parts_that_drops_text_names_the_plain_one(tiny_folder):
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    parts = "{% for part in m.content %}{{ part.text }}{% endfor %}"
    tokenizer.chat_template = f"{{% for m in messages %}}{{{{ m.role }}}}: {parts}<|im_end|>{{% endfor %}}"
    with pytest.raises(UserError, match=r"model\.chat_template=plain") as caught:
        ModelWriter().check(tokenizer, name="a model")
    assert len(caught.value.faults) == 1


def test_a_template_that_raises_names_the_plain_one(tiny_folder):
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    tokenizer.chat_template = "{{ raise_exception('Give a system message first') }}"
    with pytest.raises(UserError, match=r"Give a system message first.*model\.chat_template=plain"):
        ModelWriter().check(tokenizer, name="a model")


def test_an_end_of_turn_that_the_template_does_not_write_names_the_token_that_it_writes():
    with pytest.raises(UserError, match=r"ends a reply with '<\|end\|>'.*model\.end_of_turn=null"):
        ModelWriter(end_of_turn="<|endoftext|>").check(tokenizer_of(PHI3), name="a model")
