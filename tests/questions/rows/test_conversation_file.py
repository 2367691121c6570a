import json

import pytest

from thoughtrank.errors import UserError
from thoughtrank.questions.rows.conversation_file import conversation_of_file, ends_with_question
from thoughtrank.records import Turn

SYSTEM, FIRST, REPLY = (
    {"role": "system", "content": "a"},
    {"role": "user", "content": "b"},
    {"role": "assistant", "content": "c"},
)


@pytest.fixture
def written(tmp_path):
    def write(value):
        path = tmp_path / "turns.json"
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        return path

    return write


@pytest.mark.parametrize(
    "value",
    [
        [SYSTEM, FIRST, REPLY],
        {"messages": [SYSTEM, FIRST, REPLY]},
        {"system": "a", "conversations": [{"from": "human", "value": "b"}, {"from": "gpt", "value": "c"}]},
    ],
)
def test_a_question_comes_after_the_turns(written, value):
    found = conversation_of_file(written(value), question="d?")
    assert found.question == "d?"
    assert found.context == (Turn("system", "a"), Turn("user", "b"), Turn("assistant", "c"))
    assert not ends_with_question(written(value))


def test_a_conversation_may_end_with_its_question(written):
    file = written([SYSTEM, FIRST])
    assert ends_with_question(file)
    assert conversation_of_file(file, question=None)[:2] == ((Turn("system", "a"),), "b")


def test_a_system_prompt_alone_is_a_context(written):
    found = conversation_of_file(written({"system": "a"}), question="b")
    assert found[:2] == ((Turn("system", "a"),), "b")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("{", "cannot be read as JSON"),
        ({"text": "x"}, "has no conversation"),
        (["x"], "has no conversation"),
        ([{"role": "tool", "content": "3"}], "turn 1 of 'messages' has the role 'tool'"),
        ([{"role": "assistant", "content": "b"}], "turn 1 of 'messages' is one of the assistant"),
    ],
)
def test_what_is_no_conversation_is_one_message_with_the_file(written, value, said):
    file = written(value)
    with pytest.raises(UserError) as caught:
        conversation_of_file(file, question="d?")
    assert said in str(caught.value)
    assert str(file) in str(caught.value)
