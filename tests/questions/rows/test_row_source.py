"""The base class, with rows that are given instead of read."""

from functools import cached_property

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.errors import UserError
from thoughtrank.evaluation.scoring import ReferenceScorer
from thoughtrank.questions.question_file import QuestionFile
from thoughtrank.questions.rows.bad_row import BadRowError
from thoughtrank.questions.rows.file_reader import Row
from thoughtrank.questions.rows.loaded_questions import ReadRows
from thoughtrank.questions.rows.row_source import RowSource
from thoughtrank.records import Question


class Letters(RowSource):
    """One question per letter; capitals cannot be used."""

    def __init__(self, letters, **settings):
        defaults = {"seed": 0, "train_per_round": 2, "held_out": 1, "development": 0, "answer_stem": "It is"}
        super().__init__(**{**defaults, **settings})
        self.letters = letters

    @cached_property
    def _loaded(self):
        rows = [Row(number, {"letter": letter}) for number, letter in enumerate(self.letters, start=1)]
        found = ReadRows()
        questions = self._collect(rows, row_name=lambda number: f"row {number}", found=found)
        return self._split(questions, held_out=self.held_out, found=found)

    def _question(self, row):
        letter = row.values["letter"]
        if letter.isupper():
            raise BadRowError("a capital")
        return Question(question_id=letter, text=letter)

    def _too_few(self, *, rounds):
        missing = rounds * self.train_per_round - len(self._loaded.train)
        return [f"{missing} are missing"] if missing > 0 else []


def texts(questions):
    return "".join(question.text for question in questions)


def test_unusable_and_repeated_rows_are_skipped_with_their_names():
    assert Letters("aBca").skipped_rows == ["row 2: a capital", "row 4: repeats the question of row 1"]


def test_rounds_and_held_out_questions_are_disjoint_slices_of_one_order():
    source = Letters("abcdefghi", development=2)
    everything = texts(source.evaluation()) + "".join(texts(source.train(number)) for number in (1, 2, 3))
    assert sorted(everything + texts(source.development())) == list("abcdefghi")
    assert everything != "abcdefg"


def test_the_order_of_training_follows_the_seed_and_ignores_the_order_of_the_rows():
    assert Letters("abcdefg").train(1) == Letters("gfedcba").train(1)
    orders = {texts(Letters("abcdefg", seed=seed, train_per_round=6).train(1)) for seed in range(5)}
    assert len(orders) > 1


@given(
    st.sets(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), min_size=4),
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(),
)
def test_test_and_development_questions_depend_on_their_texts_alone(letters, held_out, development, seed):
    def parts(letters, **settings):
        source = Letters(letters, train_per_round=1, **settings)
        return texts(source.evaluation()), texts(source.development())

    test, dev = parts(sorted(letters), held_out=held_out, development=development)
    assert (len(test), len(dev)) == (held_out, development)
    assert not set(test) & set(dev)
    again = parts(sorted(letters, reverse=True), held_out=held_out, development=development, seed=seed)
    assert again == (test, dev)
    more_test, more_dev = parts(sorted(letters), held_out=2, development=2)
    assert more_test.startswith(test)
    assert more_dev.endswith(dev)
    # A row more moves at most one question out of each.
    grown_test, grown_dev = parts([*sorted(letters), "é"], held_out=held_out, development=development)
    assert len(set(test) - set(grown_test)) <= 1
    assert len(set(dev) - set(grown_dev)) <= 1


def test_too_few_questions_are_an_error_and_rounds_count_from_one():
    with pytest.raises(UserError, match="1 are missing"):
        Letters("abcd").train(2)
    with pytest.raises(ValueError, match="count from 1"):
        Letters("abcd").train(0)


def test_a_source_without_more_has_the_defaults_of_the_protocol():
    source = Letters("ab")
    assert (source.held_out_unseen, source.operational) == (0, frozenset())
    assert source.scorer.identity() == ReferenceScorer().identity()


def test_the_number_of_questions_that_were_read_is_known_once_they_were(tmp_path):
    path = tmp_path / "few.jsonl"
    path.write_text('{"question": "1?", "answer": "1"}\n{"question": "2?", "answer": "2"}\nnot a row\n')
    few = QuestionFile(path=str(path), seed=0, train_per_round=2, held_out=5)
    assert few.num_read is None
    with pytest.raises(UserError, match="has 2 questions"):
        few.evaluation()
    assert few.num_read == 2


def test_it_is_unknown_where_they_cannot_be_read(tmp_path):
    missing = QuestionFile(path=str(tmp_path / "missing.jsonl"), seed=0, train_per_round=2, held_out=5)
    assert missing.faults(rounds=1)
    assert missing.num_read is None
