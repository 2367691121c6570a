import pytest

from thoughtrank.questions.protocol import QuestionSource, count_faults, require_round_number


class Nothing(QuestionSource):
    """A source with the defaults of the protocol."""

    def __init__(self, *, train_per_round=1, held_out=0, held_out_unseen=0):
        self.train_per_round = train_per_round
        self.held_out = held_out
        self.held_out_unseen = held_out_unseen


def test_a_source_has_no_scorer_and_skips_nothing_by_default():
    assert (Nothing().scorer, Nothing().skipped_rows) == (None, [])
    assert count_faults(Nothing()) == []


def test_every_wrong_count_is_a_fault_that_names_its_key():
    faults = count_faults(Nothing(train_per_round=0, held_out=-1, held_out_unseen=-2))
    assert [fault.split(":")[0] for fault in faults] == [
        "questions.train_per_round is 0",
        "questions.held_out is -1",
        "questions.held_out_unseen is -2",
    ]


def test_rounds_count_from_one():
    require_round_number(1)
    with pytest.raises(ValueError, match="count from 1, not 0"):
        require_round_number(0)
