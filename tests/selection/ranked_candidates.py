"""Candidates of one question with their ranks, and what is selected from them."""

from hypothesis import strategies as st

from thoughtrank.records import Candidate, RankedCandidate
from thoughtrank.selection.top_k import Best, TopK

ANSWERS = ["7", " 7", "seven", "VII\n", "It is 7.", "", "  "]
FINISHES = st.sampled_from(["stop", "length", "tag"])


def candidate(number, answer, *, thought=None, thought_finish="stop", answer_finish="stop"):
    return Candidate(
        question_id="q",
        candidate_id=f"q-{number:03d}",
        prefix=chr(ord("a") + number),
        thought=f"thought {number}" if thought is None else thought,
        answer=answer,
        thought_tokens=2,
        answer_tokens=1,
        thought_finish=thought_finish,
        answer_finish=answer_finish,
    )


def row(candidate, rank):
    reason = "the judge refused" if rank is None else None
    return RankedCandidate(candidate.question_id, candidate.candidate_id, candidate.prefix, rank, reason)


def select(selector, *ranked):
    """What is chosen from pairs of a candidate and its rank."""
    return selector.select([each for each, _ in ranked], [row(*each) for each in ranked])


def answers(chosen):
    return [each.answer for each in chosen]


LOSER = (candidate(25, "wrong"), 9)


@st.composite
def questions(draw):
    """Candidates of one question with ranks that equal answers share, as every ranker gives them."""
    ranks = {answer.strip(): draw(st.none() | st.integers(1, 3)) for answer in ANSWERS}
    count = draw(st.integers(0, 12))
    drawn = [
        candidate(
            number,
            draw(st.sampled_from(ANSWERS)),
            thought=draw(st.sampled_from(["Let", "First", "Wait"])),
            thought_finish=draw(FINISHES),
            answer_finish=draw(FINISHES),
        )
        for number in range(count)
    ]
    return [(each, ranks[each.answer.strip()]) for each in drawn]


SELECTORS = st.builds(
    TopK,
    k=st.integers(1, 3),
    thoughts_per_answer=st.integers(1, 3),
    min_winner_share=st.sampled_from([0.0, 0.3]),
    max_winner_share=st.sampled_from([0.6, 1.0]),
    allow_truncated=st.booleans(),
) | st.builds(Best, min_winner_share=st.sampled_from([0.0, 0.3]), allow_truncated=st.booleans())
