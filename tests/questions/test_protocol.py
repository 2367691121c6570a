import pytest

from thoughtrank.questions.protocol import QuestionSource, count_faults, require_round_number


class Nothing(QuestionSource):
    """A source with the defaults of the protocol."""

    def __init__(self, *, train_per_round=1, held_out=0, held_out_unseen=0, development=0, answer_stem="So it is"):
        self.train_per_round = train_per_round
        self.held_out = held_out
        self.held_out_unseen = held_out_unseen
        self.num_development = development
        self.answer_stem = answer_stem


class Least(QuestionSource):
    """A source of a user's own that sets only what it must."""

    train_per_round, held_out = 1, 1


def test_a_source_has_no_scorer_and_skips_nothing_by_default():
    assert (Nothing().scorer, Nothing().skipped_rows) == (None, [])
    assert count_faults(Nothing()) == []


def test_every_wrong_count_is_a_fault_that_names_its_key():
    faults = count_faults(Nothing(train_per_round=0, held_out=-1, held_out_unseen=-2, development=-3))
    assert [fault.split(":")[0] for fault in faults] == [
        "questions.train_per_round is 0",
        "questions.held_out is -1",
        "questions.held_out_unseen is -2",
        "questions.development is -3",
    ]


def test_an_empty_answer_stem_is_a_fault():
    [fault] = count_faults(Nothing(answer_stem=" "))
    assert fault.startswith("questions.answer_stem is empty")


def test_a_source_that_sets_nothing_more_has_no_development_questions_and_the_usual_stem():
    source = Least()
    assert (source.development(), source.num_development, source.answer_stem) == ([], 0, "The answer is")
    assert count_faults(source) == []


def test_rounds_count_from_one():
    require_round_number(1)
    with pytest.raises(ValueError, match="count from 1, not 0"):
        require_round_number(0)
