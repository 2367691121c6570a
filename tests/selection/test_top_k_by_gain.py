"""Which thoughts are chosen by how much they raise the log probability of the answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ranked_candidates import LOSER, SELECTORS, answers, candidate, questions, row, select

from thoughtrank.records import Gain
from thoughtrank.selection.top_k import Best, TopK


def gain(candidate, nats, *, baseline=-9.0, kind="number"):
    return Gain(candidate.question_id, candidate.candidate_id, nats, baseline + nats, baseline, "7", kind, 3)


def by_gain(selector, gains, *ranked):
    """What is chosen where the candidates have these gains, in order."""
    found = {each.candidate_id: gain(each, nats) for (each, _), nats in zip(ranked, gains, strict=False)}
    return selector.select_by_gain([each for each, _ in ranked], [row(*each) for each in ranked], found)


FOUR = [(candidate(number, "7", thought="a long thought"[: 14 - number]), 1) for number in range(4)]


def test_the_thoughts_of_an_answer_come_by_their_gain():
    chosen = by_gain(TopK(thoughts_per_answer=3, thoughts="gain"), [1.0, 5.0, -2.0, 3.0], *FOUR, LOSER)
    assert chosen == [FOUR[1][0], FOUR[3][0], FOUR[0][0]]


def test_by_hash_and_by_length_the_gain_does_not_matter():
    gains = [1.0, 5.0, -2.0, 3.0]
    for thoughts in ("hash", "shortest"):
        selector = TopK(thoughts_per_answer=2, thoughts=thoughts)
        assert by_gain(selector, gains, *FOUR, LOSER) == select(selector, *FOUR, LOSER)
    assert select(TopK(thoughts_per_answer=2, thoughts="shortest"), *FOUR, LOSER) == [FOUR[3][0], FOUR[2][0]]


def test_equal_gains_are_chosen_by_hash():
    selector = TopK(thoughts_per_answer=4, thoughts="gain")
    assert by_gain(selector, [2.0] * 4, *FOUR, LOSER) == select(TopK(thoughts_per_answer=4), *FOUR, LOSER)


def test_a_cut_thought_comes_last_whatever_its_gain():
    whole, cut = candidate(0, "7"), candidate(1, "7", thought_finish="length")
    assert by_gain(Best(allow_truncated=True, thoughts="gain"), [1.0, 9.0], (whole, 1), (cut, 1), LOSER) == [whole]


def test_a_least_gain_leaves_out_thoughts_and_replaces_the_least_share():
    wrong = [(candidate(number, "wrong"), 2) for number in range(10, 25)]
    selector = TopK(thoughts_per_answer=4, min_gain=3.0, min_winner_share=0.5)
    assert by_gain(selector, [1.0, 5.0, 3.0, 2.9], *FOUR, *wrong) in (
        [FOUR[1][0], FOUR[2][0]],
        [FOUR[2][0], FOUR[1][0]],
    )
    assert by_gain(selector, [0.0] * 4, *FOUR, *wrong) == []
    assert select(replace_setting(selector, min_gain=None), *FOUR, *wrong) == []


def replace_setting(selector, **settings):
    changed = TopK()
    vars(changed).update({**vars(selector), **settings})
    return changed


def test_an_answer_without_a_thought_of_the_least_gain_does_not_count_towards_k():
    ranked = [(candidate(0, "7"), 1), (candidate(1, "7"), 1), (candidate(2, "it is 7"), 1), LOSER]
    assert answers(by_gain(TopK(k=1, min_gain=3.0), [1.0, 2.0, 4.0], *ranked)) == ["it is 7"]


def test_a_question_that_is_known_at_once_gives_no_example():
    best = candidate(0, "7")
    for baseline, kind, known in ((-0.6, "number", True), (-0.7, "number", False), (-0.1, "free_text", False)):
        gains = {best.candidate_id: gain(best, 0.1, baseline=baseline, kind=kind)}
        arguments = [best, LOSER[0]], [row(best, 1), row(*LOSER)], gains
        assert TopK(skip_known=True).select_by_gain(*arguments) == ([] if known else [best])
        assert TopK().select_by_gain(*arguments) == [best]


@pytest.mark.parametrize(
    ("selector", "needs"),
    [
        (TopK(), False),
        (TopK(thoughts="hash"), False),
        (TopK(thoughts="shortest"), False),
        (TopK(thoughts="gain"), True),
        (TopK(thoughts="hash", min_gain=0.0), True),
        (Best(thoughts="hash", skip_known=True), True),
        (Best().for_engine(scores=True), True),
        (Best().for_engine(scores=False), False),
        (TopK(thoughts="shortest").for_engine(scores=True), False),
    ],
)
def test_gains_are_computed_only_where_the_choice_depends_on_them(selector, needs):
    assert selector.needs_gains is needs


def test_auto_is_resolved_by_what_the_engine_can_and_is_part_of_the_identity():
    auto = TopK(k=2)
    assert auto.for_engine(scores=True).identity() == TopK(k=2, thoughts="gain").identity()
    assert auto.for_engine(scores=False).identity() == TopK(k=2, thoughts="hash").identity()
    assert auto.identity()["thoughts"] == "auto"
    assert "auto: the engine scores answers" in auto.for_engine(scores=True).plan_line()
    assert "auto: the engine does not score" in auto.for_engine(scores=False).plan_line()
    assert "auto" not in TopK(thoughts="gain").for_engine(scores=True).plan_line()
    assert "at least 3 nats" in TopK(min_gain=3).plan_line()


@settings(max_examples=200)
@given(SELECTORS, questions(), st.data())
def test_every_candidate_that_is_chosen_could_be_chosen(selector, ranked, data):
    """Whatever the gains: so those of the choosable ones are enough."""
    candidates, rows = [each for each, _ in ranked], [row(*each) for each in ranked]
    choosable = selector.choosable(candidates, rows)
    gains = {each.candidate_id: gain(each, data.draw(st.floats(-5, 5))) for each in choosable}
    for changes in ({"thoughts": "gain"}, {"thoughts": "gain", "min_gain": 1.0}, {"min_gain": -5.0}, {}):
        chosen = replace_setting(selector, **changes).select_by_gain(candidates, rows, gains)
        assert all(each in choosable for each in chosen)
        if changes.get("min_gain"):
            assert all(gains[each.candidate_id].gain >= changes["min_gain"] for each in chosen)


def test_gains_and_their_settings_are_part_of_the_identity():
    several = [TopK(), TopK(thoughts="hash"), TopK(thoughts="shortest"), TopK(min_gain=0.0), TopK(skip_known=True)]
    assert len({str(each.identity()) for each in several}) == len(several)
