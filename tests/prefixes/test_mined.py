import pytest
from earlier_runs import Given, write_round

from thoughtrank.prefixes.mined import MinedPrefixes, first_words
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
    assert "no 9 first words of its genuine thoughts are shared by 2 questions" in fault


def test_a_missing_run_and_wrong_numbers_are_faults(tmp_path):
    [fault] = MinedPrefixes(run=str(tmp_path / "nowhere"), count=3).faults()
    assert fault.startswith("prefixes.mined.run: ")
    faults = MinedPrefixes(run="nowhere", count=0, words=0, min_questions=0, rounds=0).faults()
    assert [fault.split("=")[0] for fault in faults] == [
        f"prefixes.mined.{key}" for key in ("count", "words", "min_questions", "rounds")
    ]


@pytest.mark.parametrize(
    ("thought", "count", "words"),
    [
        ("There are 12 apples", 2, "There are"),
        ("  So  we add", 2, "So  we"),
        ("There are", 2, None),
        ("12", 1, None),
        ("", 1, None),
        ("3 <= 4 holds", 2, None),
        ("5 mor\ufffd apples", 2, None),
    ],
)
def test_the_first_words_leave_something_to_think(thought, count, words):
    assert first_words(thought, count=count) == words
