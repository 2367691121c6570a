"""The tables of a run whose candidates are given by their thoughts, ranks and gains."""

from dataclasses import dataclass

from thoughtrank.records import Candidate, Gain, RankedCandidate
from thoughtrank.storage.done_marker import write_done
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.storage.tables import part_path, write_part


@dataclass(frozen=True)
class Given:
    """One candidate: its question, prefix and rank, its gain if it has one, and its thought if it is no other."""

    question: str
    prefix: str
    rank: int | None
    gain: float | None = None
    thought: str | None = None


def write_round(folder, number, rows):
    """Write the tables of one round; that of gains if any candidate has one."""
    paths = RunPaths(folder)
    candidates, rankings, gains = [], [], []
    for index, row in enumerate(rows):
        ids = {"question_id": row.question, "candidate_id": f"{number}-{index}"}
        thought = row.thought or f"{row.prefix} thinks"
        texts = {"thought": thought, "answer": "7", "thought_finish": "stop", "answer_finish": "stop"}
        candidates.append(Candidate(**ids, prefix=row.prefix, **texts, thought_tokens=1, answer_tokens=1))
        rankings.append(RankedCandidate(**ids, prefix=row.prefix, rank=row.rank, reason=None))
        if row.gain is not None:
            gains.append(
                Gain(
                    **ids,
                    gain=row.gain,
                    answer_logprob=0,
                    baseline_logprob=0,
                    answer="7",
                    answer_kind="number",
                    cut=None,
                )
            )
    _write(paths.candidates(number), candidates, Candidate)
    _write(paths.rankings(number), rankings, RankedCandidate)
    if gains:
        _write(paths.gains(number), gains, Gain)


def _write(folder, rows, record_type):
    folder.mkdir(parents=True)
    write_part(part_path(folder, 0), rows, record_type=record_type)
    write_done(folder, fingerprint="f", facts={})
