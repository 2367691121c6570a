"""A question with candidates, some of which the run selected."""

from thoughtrank.controls.protocol import SelectedQuestion
from thoughtrank.records import Candidate, Question, RankedCandidate


def candidate(index, answer, **changes):
    values = {"thought": f"thought {index}", "thought_finish": "stop", "answer_finish": "stop"} | changes
    return Candidate(
        question_id="q",
        candidate_id=f"q-{index:03d}",
        prefix="a",
        answer=answer,
        thought_tokens=2,
        answer_tokens=3,
        thought_ids=(1, 2),
        **values,
    )


def selected_question(candidates, *, selected, ranks=None):
    """``selected`` are indices of ``candidates``, in the order of selection; without ``ranks`` these have rank 1."""
    ranks = ranks or [1 if index in selected else 2 for index in range(len(candidates))]
    return SelectedQuestion(
        question=Question("q", "What is 3 + 4?", answer="7"),
        candidates=candidates,
        ranking=[
            RankedCandidate(each.question_id, each.candidate_id, each.prefix, rank=rank, reason=None if rank else "tag")
            for each, rank in zip(candidates, ranks, strict=True)
        ],
        selected=[candidates[index] for index in selected],
    )
