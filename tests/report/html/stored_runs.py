"""A run folder with made-up tables, as a run would have stored them; for tests of the report."""

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from thoughtrank.evaluation.metrics import HeldOutReply, read_metrics
from thoughtrank.evaluation.win_rates import JudgedPair, win_rate
from thoughtrank.records import Candidate, Example, Gain, Question, RankedCandidate
from thoughtrank.report.html.stored_run import StoredRun
from thoughtrank.storage.done_marker import write_done
from thoughtrank.storage.json_files import write_json
from thoughtrank.storage.run_paths import METRICS, RunPaths
from thoughtrank.storage.tables import TableRows, part_path, write_part

PREFIXES = ("A", "B", "7")
EFFECT = {
    "points": 9.0,
    "low": 4.0,
    "high": 14.0,
    "p_value": 0.001,
    "n": 40,
    "against": "answers_only/pairs thought",
    "parts": [],
}
"""A thought effect, as in ``summary.json``."""
ARMS = ("thought", "answer_at_once", "own_thought", "room_to_reason")
HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"><svg onload=alert(1)>"
    "<!--<style>*{display:none}</style>]]>\u2028\u2029\u202egnp.exe\x1b[31m\x00 ${alert(1)} {{7*7}} javascript:alert(1)"
)


def stored_run(
    folder: Path,
    *,
    rounds: int = 2,
    questions: int = 4,
    held_out: int = 40,
    text: str = "so 3 + 4 = 7",
    accuracy: Sequence[float] = (0.2, 0.5, 0.9),
    prefixes: Sequence[str] = PREFIXES,
    gains: bool = True,
    seed: int = 0,
) -> Path:
    """Write the tables of a run.

    Args:
        folder: of the run.
        rounds: number of rounds after round 0.
        questions: of each round.
        held_out: number of held-out questions.
        text: what every question, thought, answer, reply and verdict contains.
        accuracy: of each round, from round 0.
        prefixes: of the candidates; the first always has rank 1 and is selected, the last is unranked.
        gains: whether there is a table of gains.
        seed: decides which replies are right.
    """
    paths = RunPaths(folder)
    rng = random.Random(seed)
    asked = [Question(f"held-{number}", f"held out {number} {text}", "7", "adding") for number in range(held_out)]
    table(paths.questions, asked, Question, done=False)
    for number in range(rounds + 1):
        replies = [
            HeldOutReply(
                question_id=question.question_id,
                family="adding",
                unseen=False,
                arm=arm,
                reply=f"<thought>Let me think {text}</thought> reply {text}",
                answer=text,
                right=rng.random() < accuracy[number],
                thought_well_formed=True,
                reply_tokens=9,
                reply_finish="stop",
            )
            for question in asked
            for arm in ARMS
        ]
        table(paths.replies(number), replies, HeldOutReply, seconds=30.0)
        write_json(paths.evaluation(number), {"round": number, **read_metrics(replies)})
        if number:
            _write_candidates(paths, number, questions=questions, text=text, prefixes=prefixes, gains=gains)
    (folder / "config.yaml").write_text("seed: 0\nselection:\n  allow_truncated: false\n")
    return folder


def without_examples(run: StoredRun) -> StoredRun:
    """The same run, had no round found a training example."""
    rounds = [replace(each, facts={**each.facts, "selection": {"examples": 0}}) for each in run.rounds]
    return replace(run, rounds=rounds)


def unpriced(run: StoredRun) -> StoredRun:
    """The same run, had the price of its judge been unknown."""
    price = {"judge_cost": 0.0, "judge_unpriced_tokens": [800, 100]}
    changed = {each.number: {**each.facts.get("ranking", {}), **price} for each in run.rounds if each.number}
    rounds = [
        replace(each, facts={**each.facts, "ranking": changed[each.number]} if each.number else each.facts)
        for each in run.rounds
    ]
    return replace(run, rounds=rounds, judge_cost=0.0)


def with_development(folder: Path, accuracy: float) -> Path:
    """The accuracy of every round on 50 development questions, as its stage would have stored it."""
    paths = RunPaths(folder)
    for round_folder in sorted(folder.glob("round_*")):
        replies = paths.development_replies(int(round_folder.name.removeprefix("round_")))
        replies.mkdir()
        write_json(replies / METRICS, {"n": 50, "accuracy": accuracy, "accuracy_low": 0.0})
    return folder


def with_controls_and_win_rates(folder: Path) -> Path:
    """A control of round 2, and the judge's comparisons of both with round 0, in which one pair has no verdict."""
    paths = RunPaths(folder)
    replies = [row for row in TableRows(paths.replies(2), HeldOutReply) if row.arm == "thought"]
    of_control = [replace(row, reply=f"by the control {row.reply}") for row in replies]
    table(paths.control(2, "answers_only", "pairs").replies, of_control, HeldOutReply)
    pairs = [
        JudgedPair(
            question_id=row.question_id,
            problem=None,
            score=None if number == 1 else 1.0,
            in_order=None if number == 1 else 1.0,
            reversed_order=None if number == 1 else 1.0,
            length=20,
            against_length=20,
            reason="refused" if number == 1 else None,
        )
        for number, row in enumerate(replies)
    ]
    figures = {**asdict(win_rate(pairs, seed=0)), "judge_tokens": 100, "judge_cost": 0.5}
    table(paths.win_rates(2, "thought_vs_round_0"), pairs, JudgedPair, **figures)
    table(paths.control(2, "answers_only", "pairs").win_rates("thought_vs_round_0"), pairs, JudgedPair, **figures)
    return folder


def table(folder, rows, record_type, *, done=True, part=0, **facts) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_part(part_path(folder, part), rows, record_type=record_type)
    if done:
        write_done(folder, fingerprint="made up", facts={"seconds": 60.0, **facts})


def _write_candidates(paths, number, *, questions, text, prefixes, gains) -> None:
    asked = [Question(f"q{number}-{each}", f"question {each} {text}", "7", "adding") for each in range(questions)]
    table(paths.questions, asked, Question, done=False, part=number)
    candidates, ranking, weighed, examples = [], [], [], []
    for question in asked:
        for index, prefix in enumerate(prefixes):
            ids = {"question_id": question.question_id, "candidate_id": f"{question.question_id}-{index:03d}"}
            last = index == len(prefixes) - 1
            finish = "length" if last else "stop"
            candidates.append(
                Candidate(
                    **ids,
                    prefix=prefix,
                    thought=f"{prefix} thought {text}",
                    answer=f"answer {text}",
                    thought_tokens=10 + index,
                    answer_tokens=4,
                    thought_finish=finish,
                    answer_finish="stop",
                )
            )
            reason = f"refused {text}" if last else None
            ranking.append(RankedCandidate(**ids, prefix=prefix, rank=None if last else index + 1, reason=reason))
            if index == 0:
                weighed.append(
                    Gain(
                        **ids,
                        gain=1.5,
                        answer_logprob=-1.0,
                        baseline_logprob=-2.5,
                        answer="7",
                        answer_kind="number",
                        cut=None,
                    )
                )
                examples.append(Example(**ids, prompt="p", completion="c"))
    table(paths.candidates(number), candidates, Candidate, engine={"engine": "transformers", "torch": "2.13"})
    table(paths.rankings(number), ranking, RankedCandidate, judge_cost=0.25, judge_tokens=900, audit={"looks": 8})
    if gains:
        table(paths.gains(number), weighed, Gain)
    table(paths.examples(number), examples, Example, examples=len(examples))
    verdict = {"groups": [[candidates[0].candidate_id], [candidates[1].candidate_id]], "reply": text, "reason": text}
    line = json.dumps({"question_id": asked[0].question_id, "status": "ok", "mode": "rank", **verdict})
    (paths.rankings(number) / "_verdicts.jsonl").write_text(f"{line}\n")
    paths.model(number).mkdir()
    steps = [{"step": step, "loss": 1 / step, "lr": 1e-4, "gradient_norm": 1.0} for step in range(1, 6)]
    (paths.model(number) / "_metrics.jsonl").write_text("".join(f"{json.dumps(step)}\n" for step in steps))
    write_done(
        paths.model(number), fingerprint="made up", facts={"seconds": 60.0, "examples": len(examples), "steps": 5}
    )
