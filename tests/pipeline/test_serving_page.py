"""The Python of the page docs/serving.md, done as it stands there with the export of a finished run."""

import re
import shutil
from pathlib import Path

import pytest
from transformers import AutoTokenizer

PAGE = Path(__file__).parents[2] / "docs" / "serving.md"
REPLY = "<thought>jordan has 3 bags</thought> The answer is 39."


@pytest.fixture(scope="module")
def served(finished, tmp_path_factory):
    """The copy that the page makes, as a tokenizer."""
    place = tmp_path_factory.mktemp("serving")
    shutil.copytree(finished.path("base", "export"), place / "runs" / "first" / "export")
    program, *_ = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        exec(program, {})
    assert (place / "served" / "model.safetensors").exists()
    return AutoTokenizer.from_pretrained(place / "served")


def prompt(tokenizer):
    messages = [{"role": "user", "content": "How many?"}]
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)


def test_the_tokenizer_takes_thought_and_answer_apart(served):
    parsed = served.parse_response(REPLY, prefix=prompt(served))
    assert parsed["thinking"] == "jordan has 3 bags"
    assert parsed["content"].strip() == "The answer is 39."
    assert served.parse_response("The answer is 39.", prefix=prompt(served))["content"] == "The answer is 39."


@pytest.mark.parametrize("reply", [REPLY, "The answer is 39."])
def test_the_token_that_ends_a_reply_is_no_part_of_the_answer(served, reply):
    """`transformers serve` gives replies with it to the parser."""
    parsed = served.parse_response(reply + served.eos_token, prefix=prompt(served))
    assert parsed["content"].strip() == "The answer is 39."


def test_a_stream_is_taken_apart_wherever_it_is_cut(served):
    parser = served.get_response_parser(prefix=prompt(served))
    chunks = [REPLY[start : start + 3] for start in range(0, len(REPLY), 3)]
    events = [event for chunk in chunks for event in parser.feed(chunk)] + list(parser.finalize()[1])
    texts = {"thinking": "", "content": ""}
    for event in events:
        if event["type"] == "region_chunk":
            texts[event["field"]] += event["text"]
    assert texts["thinking"] == "jordan has 3 bags"
    assert texts["content"].strip() == "The answer is 39."


def test_the_export_itself_stays_as_it_is_and_prompts_stay_the_same(served, finished):
    tokenizer = AutoTokenizer.from_pretrained(finished.path("base", "export"))
    assert getattr(tokenizer, "response_template", None) is None
    assert prompt(tokenizer) == prompt(served)
    assert tokenizer(REPLY)["input_ids"] == served(REPLY)["input_ids"]


def test_the_line_for_any_server_splits_a_reply():
    (line,) = re.findall(r"```python\n(thought, closed, .*?)\n```", PAGE.read_text())
    for reply, expected in [
        (REPLY, ("jordan has 3 bags", "</thought>", " The answer is 39.")),
        ("<thought>never closed", ("never closed", "", "")),
    ]:
        found = {"reply": reply}
        exec(line, found)
        assert (found["thought"], found["closed"], found["answer"]) == expected
