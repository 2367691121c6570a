import pytest
from hypothesis import given
from hypothesis import strategies as st
from ranked_candidates import candidate, row

from thoughtrank.records import Gain
from thoughtrank.selection.thought_trimming import trimmed
from thoughtrank.selection.top_k import TopK


def gain(candidate, cut, *, nats=5.0):
    return Gain(candidate.question_id, candidate.candidate_id, nats, nats - 9, -9.0, "10", "number", cut)


def trained(thought, stated="10"):
    """What is trained on of a thought that states the answer where ``stated`` first occurs."""
    written = candidate(0, "The answer is 10.", thought=thought)
    return trimmed(written, gain(written, thought.index(stated))).thought


@pytest.mark.parametrize(
    ("thought", "expected"),
    [
        ("It is 5 + 5 = 10 minutes. So, Zoe drew 10 minutes.", "It is 5 + 5 = 10 minutes."),
        ("5 + 5 = 10\nThe answer is 10.", "5 + 5 = 10"),
        ("First 5 + 5 = 10.0 minutes! Or not?", "First 5 + 5 = 10.0 minutes!"),
        ('She says "it is 10." Then she leaves.', 'She says "it is 10."'),
        ("(It is 10.) That is all.", "(It is 10.)"),
        ("5 + 5 = 10。因此是 10。", "5 + 5 = 10。"),
        ("10. The rest", "10."),
        ("It is 5 + 5 = 10", "It is 5 + 5 = 10"),
        ("It is 5 + 5 = 10.  \n", "It is 5 + 5 = 10.  \n"),
    ],
)
def test_a_thought_ends_with_the_sentence_or_line_that_states_the_answer(thought, expected):
    assert trained(thought) == expected


def test_a_thought_that_never_states_the_answer_stays_whole():
    written = candidate(0, "10", thought="Hm. Well.")
    assert trimmed(written, gain(written, None)) is written


@given(st.text(alphabet="a1 .\n!", min_size=1), st.data())
def test_what_is_left_is_the_beginning_and_has_the_answer(thought, data):
    written = candidate(0, "10", thought=thought)
    cut = data.draw(
        st.integers(0, len(thought) - 1).filter(lambda place: not thought[place].isspace())
        if thought.strip()
        else st.none()
    )
    left = trimmed(written, gain(written, cut)).thought
    assert thought.startswith(left)
    assert cut is None or len(left) > cut


def chosen(thoughts, **settings):
    """The thoughts that are trained on, of candidates that state the answer where "= 10" ends."""
    candidates = [candidate(number, "10", thought=thought) for number, thought in enumerate(thoughts)]
    gains = {each.candidate_id: gain(each, each.thought.index("10")) for each in candidates}
    every = [*candidates, candidate(25, "wrong")]
    selector = TopK(thoughts_per_answer=9, thoughts="shortest", **settings)
    ranking = [row(each, 2 if each.answer == "wrong" else 1) for each in every]
    return [each.thought for each in selector.select_by_gain(every, ranking, gains)]


def test_what_is_cut_is_neither_checked_nor_counted():
    thoughts = ["2 * 5 = 10. So 3 * 4 = 10.", "2 * 5 = 10. It is 10.", "Now 2 * 5 = 10."]
    assert chosen(thoughts, check_calculations=True, trim_thoughts=True) == ["2 * 5 = 10.", "Now 2 * 5 = 10."]
    assert chosen(thoughts, check_calculations=True) == ["Now 2 * 5 = 10.", "2 * 5 = 10. It is 10."]
    assert chosen(thoughts) == sorted(thoughts, key=len)


def test_a_run_without_it_is_the_same_as_before():
    assert "trim_thoughts" not in TopK().identity()
    assert TopK(trim_thoughts=True).identity() != TopK().identity()
    assert TopK(thoughts="hash", trim_thoughts=True).needs_gains
