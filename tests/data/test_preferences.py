"""Who is rejected: always worse, never an equal, never unranked, never cut where the example is whole."""

from hypothesis import given, settings
from hypothesis import strategies as st

from thoughtrank.data.preferences import rejected_candidate
from thoughtrank.records import Candidate


def candidate(name, finish="stop"):
    return Candidate(
        question_id="q",
        candidate_id=name,
        prefix=name,
        thought="t",
        answer="a",
        thought_tokens=1,
        answer_tokens=1,
        thought_finish="stop",
        answer_finish=finish,
    )


candidates_and_ranks = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(1, 4)), st.sampled_from(["stop", "length"])), min_size=1, max_size=8
)


@given(candidates_and_ranks)
@settings(max_examples=200, deadline=None)
def test_the_rejected_is_the_worst_that_may_stand_there_and_none_is_missed(drawn):
    candidates = [candidate(f"c{place}", finish) for place, (_, finish) in enumerate(drawn)]
    ranks = {f"c{place}": rank for place, (rank, _) in enumerate(drawn) if rank is not None}
    for chosen in candidates:
        if chosen.candidate_id not in ranks:
            continue
        rank = ranks[chosen.candidate_id]
        allowed = [
            each
            for each in candidates
            if ranks.get(each.candidate_id, 0) > rank
            and (each.answer_finish == "stop" or chosen.answer_finish == "length")
        ]
        rejected = rejected_candidate(chosen, candidates=candidates, ranks=ranks)
        assert (rejected is None) == (not allowed)
        if rejected is not None:
            assert rejected in allowed
            assert ranks[rejected.candidate_id] == max(ranks[each.candidate_id] for each in allowed)
            assert rejected == rejected_candidate(chosen, candidates=candidates[::-1], ranks=ranks)


def test_examples_of_many_questions_do_not_all_reject_the_same_prefix():
    equals = [candidate(f"c{place}") for place in range(8)]
    ranks = {each.candidate_id: 9 for each in equals}
    chosen = [candidate(f"best{number}") for number in range(40)]
    found = {
        rejected_candidate(each, candidates=[each, *equals], ranks={**ranks, each.candidate_id: 1}) for each in chosen
    }
    assert len(found) >= 6
