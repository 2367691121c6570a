"""Who is rejected: always clearly worse, never an equal, never unranked, never cut where the example is whole."""

from math import hypot

from hypothesis import given, settings
from hypothesis import strategies as st

from thoughtrank.data.preferences import rejected_candidate
from thoughtrank.records import Candidate, RankedCandidate


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


def row(name, rank, *, score=None, score_sd=None):
    return RankedCandidate(
        question_id="q", candidate_id=name, prefix=name, rank=rank, reason=None, score=score, score_sd=score_sd
    )


candidates_and_ranks = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(1, 4)), st.sampled_from(["stop", "length"])), min_size=1, max_size=8
)


@given(candidates_and_ranks)
@settings(max_examples=200, deadline=None)
def test_the_rejected_is_the_worst_that_may_stand_there_and_none_is_missed(drawn):
    candidates = [candidate(f"c{place}", finish) for place, (_, finish) in enumerate(drawn)]
    ranked = {f"c{place}": row(f"c{place}", rank) for place, (rank, _) in enumerate(drawn)}
    for chosen in candidates:
        rank = ranked[chosen.candidate_id].rank
        if rank is None:
            continue
        allowed = [
            each
            for each in candidates
            if (ranked[each.candidate_id].rank or 0) > rank
            and (each.answer_finish == "stop" or chosen.answer_finish == "length")
        ]
        rejected = rejected_candidate(chosen, candidates=candidates, ranked=ranked)
        assert (rejected is None) == (not allowed)
        if rejected is not None:
            assert rejected in allowed
            assert ranked[rejected.candidate_id].rank == max(ranked[each.candidate_id].rank for each in allowed)
            assert rejected == rejected_candidate(chosen, candidates=candidates[::-1], ranked=ranked)


def test_examples_of_many_questions_do_not_all_reject_the_same_prefix():
    equals = [candidate(f"c{place}") for place in range(8)]
    ranked = {each.candidate_id: row(each.candidate_id, 9) for each in equals}
    chosen = [candidate(f"best{number}") for number in range(40)]
    found = {
        rejected_candidate(
            each, candidates=[each, *equals], ranked={**ranked, each.candidate_id: row(each.candidate_id, 1)}
        )
        for each in chosen
    }
    assert len(found) >= 6


scores = st.lists(
    st.tuples(st.floats(-4, 4), st.floats(0.01, 2)), min_size=2, max_size=8, unique_by=lambda each: each[0]
)


@given(scores)
@settings(max_examples=200, deadline=None)
def test_what_the_judge_cannot_tell_from_the_example_is_never_rejected(drawn):
    drawn = sorted(drawn, reverse=True)
    candidates = [candidate(f"c{place}") for place in range(len(drawn))]
    ranked = {
        f"c{place}": row(f"c{place}", place + 1, score=score, score_sd=sd) for place, (score, sd) in enumerate(drawn)
    }
    best_score, best_sd = drawn[0]
    clear = [place for place, (score, sd) in enumerate(drawn) if place and best_score - score >= hypot(best_sd, sd)]
    rejected = rejected_candidate(candidates[0], candidates=candidates, ranked=ranked)
    assert rejected == (candidates[clear[-1]] if clear else None)


def test_a_candidate_that_ends_at_a_tag_is_never_rejected():
    chosen, malformed = candidate("a", "length"), candidate("b", "tag")
    ranked = {"a": row("a", 1), "b": row("b", 2)}
    assert rejected_candidate(chosen, candidates=[chosen, malformed], ranked=ranked) is None
