"""Rows with a conversation: what is asked, what comes before it, and why a row cannot be used."""

import pytest
from question_files import everything, source, write

from thoughtrank.questions.rows.bad_row import BadRowError
from thoughtrank.questions.rows.conversations import read_conversation
from thoughtrank.questions.rows.row_to_question import digest
from thoughtrank.records import Turn


def turns(*pairs):
    return [{"role": role, "content": content} for role, content in pairs]


def shared(*pairs):
    return [{"from": role, "value": content} for role, content in pairs]


SYSTEM, FIRST, REPLY, SECOND = (
    ("system", "Be brief."),
    ("user", "What is 2 + 3?"),
    ("assistant", "5"),
    ("user", "Plus 4?"),
)
CONTEXT = (Turn("system", "Be brief."), Turn("user", "What is 2 + 3?"), Turn("assistant", "5"))


def test_the_last_turn_of_the_user_is_asked_after_the_turns_before_it(file):
    write(file, {"messages": turns(SYSTEM, FIRST, REPLY, SECOND), "answer": "9"})
    [question] = everything(file)
    assert (question.text, question.context, question.answer) == ("Plus 4?", CONTEXT, "9")


@pytest.mark.parametrize(
    ("column", "row"),
    [
        (
            "question",
            {"conversations": shared(("human", "What is 2 + 3?"), ("gpt", "5"), ("human", "Plus 4?"), ("gpt", "9"))},
        ),
        (
            "question",
            {"conversations": shared(("human", "What is 2 + 3?"), ("gpt", "5"), ("human", "Plus 4?")), "id": "x"},
        ),
        ("dialog", {"dialog": turns(FIRST, REPLY, SECOND), "question": "Not this?"}),
        (
            "question",
            {"messages": {"role": ["user", "assistant", "user"], "content": ["What is 2 + 3?", "5", "Plus 4?"]}},
        ),
        (
            "question",
            {"messages": turns(("system", " "), FIRST, REPLY, ("user", [{"type": "text", "text": "Plus 4?"}]))},
        ),
    ],
)
def test_conversations_come_in_several_shapes(file, column, row):
    [question] = everything(write(file, row), question_column=column)
    assert (question.text, question.context) == ("Plus 4?", CONTEXT[1:])


def test_a_system_prompt_may_stand_beside_the_conversation(file):
    [question] = everything(write(file, {"system": "Be brief.", "conversations": shared(("human", "Plus 4?"))}))
    assert question.context == CONTEXT[:1]


def test_the_reply_of_the_data_can_be_the_reference(file):
    row = {"messages": turns(FIRST, ("assistant", "2 + 3 = 5\n#### 5"))}
    write(file, row)
    assert [question.answer for question in everything(file)] == [None]
    [question] = everything(file, answer_column="messages")
    assert (question.text, question.context, question.answer) == ("What is 2 + 3?", (), "2 + 3 = 5\n#### 5")


@pytest.mark.parametrize(
    "reply", ["<think>2 and 3</think>\n5", "<thought>two</thought>5", "so 2 and 3</think>\n\n5", "<think></think>5"]
)
def test_thoughts_of_earlier_replies_are_left_out(reply):
    found = read_conversation(turns(FIRST, ("assistant", reply), SECOND), column="messages")
    assert found.context[-1] == Turn("assistant", "5")


def test_turns_of_one_speaker_in_a_row_are_joined():
    said = turns(
        SYSTEM, ("user", "Hello?"), FIRST, ("assistant", "Let me see."), REPLY, SECOND, ("user", "Or 5?"), REPLY
    )
    found = read_conversation(said, column="messages")
    assert [turn.content for turn in found.context[1:]] == ["Hello?\n\nWhat is 2 + 3?", "Let me see.\n\n5"]
    assert (found.question, found.reply) == ("Plus 4?\n\nOr 5?", "5")


def test_a_question_is_known_by_all_of_its_conversation(file):
    rows = [
        {"messages": turns(SECOND)},
        {"messages": turns(FIRST, REPLY, SECOND)},
        {"messages": turns(FIRST, ("assistant", "6"), SECOND)},
        {"messages": turns(FIRST, REPLY, SECOND)},
        {"question": "Plus 4?"},
    ]
    write(file, *rows)
    questions = everything(file)
    assert len({question.question_id for question in questions}) == len(questions) == 3
    assert [line.removeprefix(f"{file}:") for line in source(file).skipped_rows] == [
        f"4: repeats the question of {file}:2",
        f"5: repeats the question of {file}:1",
    ]
    assert f"file-{digest('Plus 4?')[:12]}" in {question.question_id for question in questions}


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "'messages' has no turn of the user"),
        (turns(("assistant", "Hello!")), "'messages' has no turn of the user"),
        (turns(REPLY, FIRST), "turn 1 of 'messages' is one of the assistant, where one of the user has to come"),
        (turns(REPLY, FIRST, REPLY, SECOND), "turn 1 of 'messages' is one of the assistant, where one of the user has"),
        (turns(FIRST, SYSTEM, SECOND), "turn 2 of 'messages' is one of the system, where"),
        (turns(SYSTEM, SYSTEM, FIRST), "'messages' begins with 2 system prompts: give one"),
        (turns(FIRST, ("tool", "3")), "turn 2 of 'messages' has the role 'tool': only turns of system, user and"),
        (
            [*turns(FIRST), {"role": "assistant", "content": "", "tool_calls": [{}]}],
            "turn 2 of 'messages' calls a tool",
        ),
        (turns(("user", None)), "turn 1 of 'messages' has no text"),
        (turns(("user", " ")), "the last turn of the user in 'messages' is empty"),
        (turns(("user", [{"type": "image_url", "image_url": "x"}])), "a part that is no text, such as an image"),
        (
            [{"speaker": "user", "text": "Hi"}],
            "turn 1 of 'messages' has neither 'role' and 'content' nor 'from' and 'value'",
        ),
        (turns(("user", "\ud800")), "half of a character"),
    ],
)
def test_a_conversation_that_cannot_be_asked_is_named_in_one_line(messages, reason):
    with pytest.raises(BadRowError) as caught:
        read_conversation(messages, column="messages")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_rows_that_cannot_be_asked_are_named_by_their_number(file):
    write(
        file, {"messages": turns(FIRST)}, {"messages": turns(("tool", "3"))}, {"messages": "text"}, {"question": "Q?"}
    )
    assert len(everything(file)) == 2
    said = [line.removeprefix(f"{file}:") for line in source(file).skipped_rows]
    assert said[0].startswith("2: turn 1 of 'messages' has the role 'tool'")
    assert said[1] == "3: no 'question' (it has messages)"


def test_a_line_may_be_the_turns_alone_and_a_turn_that_is_none_is_named(file):
    rows = [turns(FIRST), shared(("human", "Plus 4?")), [{"question": "Q?"}], {"messages": ["oops", *turns(FIRST)]}]
    write(file, *rows)
    assert {question.text for question in everything(file)} == {"What is 2 + 3?", "Plus 4?"}
    said = [line.removeprefix(f"{file}:") for line in source(file).skipped_rows]
    assert said == ["3: not a JSON object", "4: no 'question', and 'messages' has a turn that is no object"]


def test_parquet_has_conversations_in_place_of_a_question_column(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [{"messages": turns(SYSTEM, FIRST, REPLY, SECOND), "answer": 9}]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "rows.parquet")
    assert everything(tmp_path / "rows.parquet") == everything(write(tmp_path / "rows.jsonl", *rows))
