from thoughtrank.questions.word_problems.source import WordProblems
from thoughtrank.questions.wrapped_source import WrappedSource


class Backwards(WrappedSource):
    """The training questions in the opposite order."""

    def train(self, round_number):
        return self._source.train(round_number)[::-1]

    def faults(self, *, rounds):
        return [f"{rounds} rounds"]


def test_what_is_not_overridden_is_the_inner_sources():
    inner = WordProblems(seed=0, train_per_round=4, held_out=5, held_out_unseen=2, development=3, screen=2)
    wrapped = Backwards(inner)
    numbers = ("train_per_round", "held_out", "held_out_unseen", "num_development", "screen", "screen_prefixes")
    assert [getattr(wrapped, name) for name in numbers] == [getattr(inner, name) for name in numbers]
    assert (wrapped.answer_stem, wrapped.scorer, wrapped.skipped_rows) == (
        inner.answer_stem,
        inner.scorer,
        inner.skipped_rows,
    )
    assert (wrapped.evaluation(), wrapped.development(), wrapped.notes()) == (
        inner.evaluation(),
        inner.development(),
        inner.notes(),
    )
    assert wrapped.num_read == inner.num_read is None
    assert (wrapped.train(1), wrapped.faults(rounds=3)) == (inner.train(1)[::-1], ["3 rounds"])
