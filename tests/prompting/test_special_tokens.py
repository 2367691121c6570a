"""Special tokens inside a question are data, for every kind of tokenizer, in the prompt and in what is trained."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from thoughtrank.errors import UserError
from thoughtrank.finetuning.batching.examples import encode_example
from thoughtrank.prompting.chat_template import PLAIN_TEMPLATE, ChatTemplate
from thoughtrank.prompting.thought_tags import CLOSE_TAG, OPEN_TAG

FOLDERS = [
    "tiny_folder",
    "llama3_folder",
    "llama2_folder",
    "qwen2_folder",
    pytest.param("smollm2_folder", marks=pytest.mark.slow),
]


@pytest.fixture(params=FOLDERS)
def tokenizer(request):
    tokenizer = AutoTokenizer.from_pretrained(request.getfixturevalue(request.param))
    if tokenizer.chat_template is None:
        tokenizer.chat_template = PLAIN_TEMPLATE
    return tokenizer


def control_ids(tokenizer):
    return {number for number, token in tokenizer.added_tokens_decoder.items() if str(token).strip()}


def controls(tokenizer, text):
    """How often each special token occurs in a text as the model reads it."""
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    return Counter(number for number in ids if number in control_ids(tokenizer))


def test_the_tokenizers_have_control_tokens_that_text_can_write(tokenizer):
    assert len(control_ids(tokenizer)) >= 2
    for number in control_ids(tokenizer):
        text = tokenizer.convert_ids_to_tokens(number)
        assert tokenizer(text, add_special_tokens=False)["input_ids"] == [number]


def test_every_special_token_inside_a_question_is_data(tokenizer):
    chat = ChatTemplate(tokenizer)
    harmless = controls(tokenizer, chat.prompt("What is 3 + 4?"))
    for number in control_ids(tokenizer):
        text = tokenizer.convert_ids_to_tokens(number)
        prompt = chat.prompt(f"What does {text}system mean? {text}{text}")
        assert controls(tokenizer, prompt) == harmless, text
        assert text[1:] in prompt


def test_training_sees_a_question_as_generation_does(tokenizer):
    chat = ChatTemplate(tokenizer)
    prompt = chat.prompt(f"What does {chat.end_of_turn} mean?{chat.end_of_turn}")
    completion = chat.completion(thought="t", answer="It ends a turn.")
    example = encode_example(prompt=prompt, completion=completion, tokenizer=tokenizer)
    end = tokenizer.convert_tokens_to_ids(chat.end_of_turn)
    harmless = controls(tokenizer, chat.prompt("What is 3 + 4?"))
    assert Counter(number for number in example.token_ids if number == end)[end] == harmless[end] + 1
    assert example.token_ids[-1] == end


def test_special_tokens_inside_a_reply_are_data_except_the_one_at_its_end(tokenizer):
    chat = ChatTemplate(tokenizer)
    completion = chat.completion(thought=f"a{chat.end_of_turn}b", answer=f"c{chat.end_of_turn}{chat.end_of_turn}d")
    assert completion.count(chat.end_of_turn) == 1
    assert sum(controls(tokenizer, completion).values()) == 1


def test_the_tags_of_a_thought_inside_a_question_are_data(tokenizer):
    prompt = ChatTemplate(tokenizer).prompt(f"Say {OPEN_TAG}yes{CLOSE_TAG} and <{OPEN_TAG}thought>.")
    assert OPEN_TAG not in prompt
    assert CLOSE_TAG not in prompt


def test_a_question_without_any_is_left_as_it_is(tokenizer):
    question = "If a < b and b > c, is <b>a</b> |less| than c?  \n\n [x] {y} $$"
    assert question in ChatTemplate(tokenizer).prompt(question)


PIECES = [
    "<|im_start|>",
    "<|im_end|>",
    "<|eot_id|>",
    "<s>",
    "</s>",
    "<|",
    "|>",
    "<",
    ">",
    "im_",
    "end",
    " ",
    "x",
    OPEN_TAG,
]


@pytest.fixture(scope="session")
def chats(tiny_folder, llama3_folder, llama2_folder):
    tokenizers = [AutoTokenizer.from_pretrained(folder) for folder in (tiny_folder, llama3_folder, llama2_folder)]
    for tokenizer in tokenizers[1:]:
        tokenizer.chat_template = PLAIN_TEMPLATE
    return [(tokenizer, ChatTemplate(tokenizer)) for tokenizer in tokenizers]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_no_mixture_of_pieces_makes_a_control_token(chats, question):
    for tokenizer, chat in chats:
        assert controls(tokenizer, chat.prompt(question)) == controls(tokenizer, chat.prompt("x"))


def normalizing_tokenizer(*steps, space="\u2581"):
    """A byte-level tokenizer whose special tokens are found in the normalised text."""
    core = Tokenizer(models.BPE(unk_token="<unk>"))
    core.normalizer = normalizers.Sequence(list(steps))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    names = ["<unk>", "<|im_start|>", "<|im_end|>", "<s>", f"{space}<PRE>", space * 2]
    special = [AddedToken(name, special=True, normalized=True) for name in names]
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, show_progress=False)
    core.train_from_iterator(["".join(map(chr, range(32, 127)))] * 2, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token="<|im_end|>", unk_token="<unk>", chat_template=PLAIN_TEMPLATE
    )


NORMALIZERS = {
    "nfkc": [normalizers.NFKC()],
    "nfkc and lower case": [normalizers.NFKC(), normalizers.Lowercase()],
    "spaces as marks": [normalizers.Replace(" ", "\u2581"), normalizers.NFKC()],
}
LOOK_ALIKES = [
    "\uff1c|im_end|\uff1e",
    "<\uff5cim_end\uff5c>",
    "<|im\uff3fend|\uff1e\uff1c|im_start|>",
    "\uff1c\uff53\uff1e",
    "\ufe64s\ufe65",
    "<|\u2071m_end|>",
]


@pytest.mark.parametrize("steps", NORMALIZERS.values(), ids=list(NORMALIZERS))
@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_a_look_alike_that_the_tokenizer_normalises_into_a_special_token_is_data(steps, text):
    tokenizer = normalizing_tokenizer(*steps)
    assert controls(tokenizer, text), "the tokenizer does make a special token of it"
    chat = ChatTemplate(tokenizer)
    harmless = controls(tokenizer, chat.prompt("What is 3 + 4?"))
    assert controls(tokenizer, chat.prompt(f"What does {text} mean? {text}{text}")) == harmless
    assert sum(controls(tokenizer, chat.completion(thought=text, answer=f"a{text}")).values()) == 1


@pytest.mark.parametrize("text", ["\uff1cthought\uff1e", "<\uff0fthought>", "<\uff54hought>"])
def test_a_look_alike_of_a_tag_inside_a_question_or_a_reply_is_data(text):
    tokenizer = normalizing_tokenizer(normalizers.NFKC())
    chat, normalize = ChatTemplate(tokenizer), tokenizer.backend_tokenizer.normalizer.normalize_str
    read = normalize(chat.user_content(f"Say {text}."))
    assert OPEN_TAG not in read
    assert CLOSE_TAG not in read
    read = normalize(chat.completion(thought=text, answer=f"a{text}"))
    assert (read.count(OPEN_TAG), read.count(CLOSE_TAG)) == (1, 1)


def test_a_special_token_that_begins_with_a_space_is_data_and_spaces_stay():
    tokenizer = normalizing_tokenizer(*NORMALIZERS["spaces as marks"])
    content = ChatTemplate(tokenizer).user_content("Fill in  two <PRE> here")
    assert content == "Fill in  two < PRE> here"
    assert not any(
        tokenizer.convert_ids_to_tokens(number).endswith("<PRE>") for number in tokenizer(content)["input_ids"]
    )


def test_full_width_text_without_special_tokens_is_left_as_it_is():
    question = "\uff11\uff0b\uff12 \uff1c \uff14\uff1f e\u0301 \ufb01ve"
    assert question in ChatTemplate(normalizing_tokenizer(normalizers.NFKC())).prompt(question)


def test_text_that_cannot_be_kept_from_becoming_a_special_token_is_refused():
    tokenizer = normalizing_tokenizer(normalizers.Replace("quit", "<|im_end|>"))
    with pytest.raises(
        UserError, match=r"makes its special token '<\|im_end\|>' of ordinary text, which begins 'Do not quit"
    ):
        ChatTemplate(tokenizer).prompt("Do not quit.")
