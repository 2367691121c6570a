import pytest
from earlier_runs import Given, write_round

from thoughtrank.prefixes.earlier_run import GenuineThought
from thoughtrank.prefixes.mined import MinedPrefixes
from thoughtrank.prefixes.protocol import Prefix

THOUGHTS = {
    "q1": ["Each bag has 3 apples", "There are 12", "12 / 4 = 3"],
    "q2": ["Each bag costs 2", "We subtract 4 from 9"],
    "q3": ["There are 7 left", "We subtract 1"],
    "q4": ["There are 8 of them"],
}


@pytest.fixture
def run(tmp_path):
    rows = [Given(question, "x", 1, 1.0, thought) for question, thoughts in THOUGHTS.items() for thought in thoughts]
    rows += [Given(question, "x", 9, None, "Each bag is wrong") for question in THOUGHTS]
    rows.append(Given("q3", "x", 1, -1.0, "Lucky number seven is the answer"))
    rows.append(Given("q4", "x", 1, -1.0, "Lucky number eight is the answer"))
    write_round(tmp_path / "first", 1, sorted(rows, key=lambda row: row.question))
    return str(tmp_path / "first")


def texts(mined):
    assert mined.faults() == []
    return [prefix.text for prefix in mined.prefixes()]


def test_first_words_of_genuine_thoughts_are_taken_if_several_questions_share_them(run):
    # Neither what won by luck, nor what lost, nor the numbers of a single question.
    assert texts(MinedPrefixes(run=run, count=9)) == ["There are", "Each bag", "We subtract"]
    assert MinedPrefixes(run=run, count=1).prefixes() == (Prefix(name="There are", text="There are"),)


def test_other_lengths_and_single_questions_can_be_asked_for(run):
    assert texts(MinedPrefixes(run=run, count=9, words=1)) == ["There", "Each", "We"]
    assert "12 /" in texts(MinedPrefixes(run=run, count=9, min_questions=1))


def test_openers_without_end_are_no_fault_but_none_at_all_is(run):
    mined = MinedPrefixes(run=run, count=3, words=9)
    assert mined.prefixes() == ()
    [fault] = mined.faults()
    assert fault.endswith(
        "no 9 first words of genuine thoughts are shared by 2 questions: lower prefixes.mined.words or "
        "prefixes.mined.min_questions"
    )


def test_only_what_can_be_lowered_is_to_be_lowered(run):
    [fault] = MinedPrefixes(run=run, count=3, words=1, min_questions=99).faults()
    assert fault.endswith(
        "no first word of genuine thoughts is shared by 99 questions: lower prefixes.mined.min_questions"
    )
    [fault] = MinedPrefixes(run=run, count=3, words=99, min_questions=1).faults()
    assert fault.endswith("no genuine thought has more than 99 words: lower prefixes.mined.words")


def test_a_missing_run_and_wrong_numbers_are_faults(tmp_path):
    [fault] = MinedPrefixes(run=str(tmp_path / "nowhere"), count=3).faults()
    assert fault.startswith("prefixes.mined.run: ")
    faults = MinedPrefixes(run="nowhere", count=0, words=0, min_questions=0, rounds=0).faults()
    assert [fault.split("=")[0] for fault in faults] == [
        f"prefixes.mined.{key}" for key in ("count", "words", "min_questions", "rounds")
    ]


def test_without_an_earlier_run_round_1_has_the_fallback():
    mined = MinedPrefixes(count=3, fallback="ab")
    assert mined.mines_own_run
    assert texts(mined) == ["a", "b"]
    assert len(texts(MinedPrefixes(count=3))) == 62
    [fault] = MinedPrefixes(count=3, fallback=["a", "<"]).faults()
    assert "cannot contain <" in fault


def test_an_earlier_run_leaves_the_run_itself_alone(run):
    assert not MinedPrefixes(run=run, count=3, fallback=[]).mines_own_run


def test_the_run_itself_gives_no_opener_that_the_context_has_no_room_for():
    mined = MinedPrefixes(count=9, words=1, min_questions=1)
    long = "x" * mined.longest_opener
    thoughts = [GenuineThought(question_id="q", thought=f"{word} follows") for word in (long, f"{long}x", "ü" * 13)]
    assert [each.opener for each in mined.mine(thoughts, prefix_set="mined")] == [long]


def test_what_decides_on_the_openers_is_part_of_the_settings():
    settings = MinedPrefixes(count=3).mining_settings()
    for key, value in {"count": 4, "words": 1, "min_questions": 1, "rounds": 1}.items():
        assert MinedPrefixes(**{"count": 3, key: value}).mining_settings() != settings
    assert MinedPrefixes(count=3, fallback="xy").mining_settings() == settings
