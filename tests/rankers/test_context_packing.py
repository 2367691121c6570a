from hypothesis import given
from hypothesis import strategies as st
from ranker_states import fresh, ids

from thoughtrank.judging.protocol import AnswerView, JudgeRequest
from thoughtrank.rankers.context_packing import packed_groups, with_group_calls
from thoughtrank.rankers.token_estimate import call_tokens

REQUEST = JudgeRequest("q", "What?", (), None, 1)


@given(st.lists(st.integers(1, 4000), min_size=2, max_size=70), st.integers(3, 12), st.none() | st.integers(500, 9000))
def test_groups_are_balanced_never_of_one_and_fit_where_they_can(lengths, size, context):
    answers = [AnswerView(str(index), "x" * length) for index, length in enumerate(lengths)]
    groups = packed_groups(answers, size=size, request=REQUEST, context_tokens=context)
    assert [answer for group in groups for answer in group] == answers
    sizes = [len(group) for group in groups]
    assert 2 <= min(sizes) <= max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1
    if context is None:
        assert len(groups) == -(-len(answers) // size)
    elif any(call_tokens(question="What?", reference=None, answers=group) > context for group in groups):
        assert len(groups) == max(len(answers) // 2, -(-len(answers) // size))


def test_each_repetition_has_its_own_shuffle_and_every_answer_once():
    before = fresh(20)
    calls = with_group_calls(before, before.ids, salt="groups", size=5, context_tokens=None, repetitions=3).requests()
    assert len(calls) == 12
    repetitions = [[ids(call) for call in calls[start : start + 4]] for start in (0, 4, 8)]
    assert all(sorted(each for group in groups for each in group) == before.ids for groups in repetitions)
    assert len({frozenset(frozenset(group) for group in groups) for groups in repetitions}) == 3
