import tracemalloc
from array import array

import pytest
from batch_plans import PATIENT
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from thoughtrank.errors import UserError
from thoughtrank.finetuning.batching.examples import EncodedExample, EncodedExamples, encode_example, read_examples
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.thought_tags import reply
from thoughtrank.records import Example
from thoughtrank.storage.tables import write_part


@pytest.fixture(scope="module")
def tokenizer(tiny_folder):
    return AutoTokenizer.from_pretrained(tiny_folder)


@settings(PATIENT, max_examples=60)
@given(question=st.text(), thought=st.text(), answer=st.text())
def test_the_targets_are_exactly_the_completion(tokenizer, question, thought, answer):
    chat = ChatTemplate(tokenizer)
    prompt, completion = chat.prompt(question), reply(thought=thought, answer=answer) + chat.end_of_turn
    encoded = encode_example(prompt=prompt, completion=completion, tokenizer=tokenizer)
    assert tokenizer.decode(encoded.token_ids[: encoded.first_target]) == prompt
    assert tokenizer.decode(encoded.token_ids[encoded.first_target :]) == completion


def test_the_end_of_the_turn_is_the_last_target(tokenizer):
    chat = ChatTemplate(tokenizer)
    completion = reply(thought="a", answer="7") + chat.end_of_turn
    encoded = encode_example(prompt=chat.prompt("Why?"), completion=completion, tokenizer=tokenizer)
    assert encoded.token_ids[-1] == tokenizer.eos_token_id
    assert encoded.token_ids.count(tokenizer.eos_token_id) == 2  # the other one ends the question


@settings(PATIENT, max_examples=60)
@given(
    text=st.text(st.characters(exclude_characters="\ufffd", exclude_categories=["Cs"]), min_size=1)
    | st.just("How many apples?"),
    data=st.data(),
)
def test_a_token_is_a_target_exactly_when_any_of_its_text_belongs_to_the_completion(tokenizer, text, data):
    split = data.draw(st.integers(0, len(text) - 1))
    prompt, completion = text[:split], text[split:]
    encoded = encode_example(prompt=prompt, completion=completion, tokenizer=tokenizer)
    assert prompt.startswith(tokenizer.decode(encoded.token_ids[: encoded.first_target]))
    assert tokenizer.decode(encoded.token_ids[encoded.first_target :]).endswith(completion)
    assert not tokenizer.decode(encoded.token_ids[encoded.first_target + 1 :]).endswith(completion)


def test_prompt_and_completion_are_tokenized_as_one_text(tokenizer):
    encoded = encode_example(prompt="How many app", completion="les does he have", tokenizer=tokenizer)
    assert list(encoded.token_ids) == tokenizer("How many apples does he have")["input_ids"]


@settings(PATIENT, max_examples=40)
@given(thought=st.text(min_size=1).filter(str.strip), answer=st.text())
def test_without_its_answer_an_example_ends_with_the_closing_tag_and_is_otherwise_the_same(tokenizer, thought, answer):
    chat = ChatTemplate(tokenizer)
    thought = chat.user_content(thought)
    texts = {"prompt": chat.prompt("Why?"), "completion": reply(thought=thought, answer=answer) + chat.end_of_turn}
    whole = encode_example(**texts, tokenizer=tokenizer)
    cut = encode_example(**texts, tokenizer=tokenizer, with_answer=False)
    assert cut.token_ids == whole.token_ids[: len(cut.token_ids)]
    assert cut.first_target == whole.first_target
    kept = tokenizer.decode(cut.token_ids[cut.first_target :])
    wanted = f"<thought>{thought}</thought>"
    # A token may reach beyond the tag; the one before it must not complete it.
    assert kept.startswith(wanted)
    assert len(tokenizer.decode(cut.token_ids[cut.first_target : -1])) < len(wanted)


@pytest.mark.parametrize("completion", ["<thought></thought>7", "<thought> </thought>7", "7", "</thought>7"])
def test_an_example_without_a_thought_keeps_its_answer(tokenizer, completion):
    whole, cut = (
        encode_example(prompt="Why?", completion=completion, tokenizer=tokenizer, with_answer=with_answer)
        for with_answer in (True, False)
    )
    assert whole == cut


def test_the_examples_that_are_learned_without_their_answer_are_chosen_and_counted(tokenizer, tmp_path):
    rows = ["<thought>a</thought>7", "<thought>b</thought>7", "<thought></thought>7"]
    found = read_examples(
        [table(tmp_path / "t", *rows)], tokenizer=tokenizer, context=100, learns_answer=lambda name: name == "q1-000"
    )
    texts = [tokenizer.decode(each.token_ids[each.first_target :]) for each in found.used]
    assert texts == ["<thought>a</thought>", "<thought>b</thought>7", "<thought></thought>7"]
    assert found.without_answer == 1


def table(folder, *completions):
    folder.mkdir()
    rows = [
        Example(question_id=f"q{number}", candidate_id=f"q{number}-000", prompt="How many?", completion=completion)
        for number, completion in enumerate(completions)
    ]
    write_part(folder / "part-00000.parquet", rows, record_type=Example)
    return str(folder)


def test_an_example_longer_than_the_context_is_left_out_and_named(tokenizer, tmp_path):
    examples = read_examples([table(tmp_path / "t", "7", "7 " * 200)], tokenizer=tokenizer, context=100)
    assert [example.question_id for example in examples.used] == ["q0"]
    assert examples.too_long == ["q1-000"]


@pytest.mark.parametrize(
    ("completions", "clue"), [(("7 " * 200,), "q0-000"), ((), "nothing to train on"), (("7", ""), "q1-000")]
)
def test_examples_without_anything_to_learn_are_refused(tokenizer, tmp_path, completions, clue):
    with pytest.raises(UserError, match=clue):
        read_examples([table(tmp_path / "t", *completions)], tokenizer=tokenizer, context=100)


def test_examples_come_back_as_they_were_added():
    added = [
        EncodedExample(
            token_ids=tuple(range(100_000, 100_000 + number)),
            first_target=number // 2,
            question_id=f"q{number}",
            weight=number + 0.5,
        )
        for number in (3, 1, 0, 7)
    ]
    examples = EncodedExamples()
    for example in added:
        examples.append(example)
    assert list(examples) == added
    assert (examples[-1], examples[1:3], len(examples)) == (added[-1], added[1:3], 4)
    with pytest.raises(IndexError):
        examples[4]
    examples.set_weights(array("d", [1.0, 2.0, 3.0, 4.0]))
    assert [example.weight for example in examples] == [1.0, 2.0, 3.0, 4.0]


def test_a_token_takes_about_four_bytes_of_memory():
    tracemalloc.start()
    try:
        examples = EncodedExamples()
        for number in range(200):
            examples.append(
                EncodedExample(token_ids=tuple(range(10_000, 11_000)), first_target=5, question_id=f"q{number}")
            )
        assert tracemalloc.get_traced_memory()[0] < 6 * 200 * 1000
    finally:
        tracemalloc.stop()
