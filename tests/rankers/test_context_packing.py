from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.judging.protocol import AnswerView, JudgeRequest
from thoughtrank.rankers.context_packing import packed_groups
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
