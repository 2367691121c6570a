"""The figures of a run, gathered from its stages: ``summary.json`` and the table at the end."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from thoughtrank.judging.audit import JudgeAudit
from thoughtrank.records import Candidate, RankedCandidate
from thoughtrank.report.model_card import percent
from thoughtrank.report.prefix_statistics import PrefixResult, prefix_results
from thoughtrank.storage.store import Stage
from thoughtrank.storage.tables import read_table

_STAGES = ("generation", "ranking", "selection", "training", "evaluation")


def round_summary(
    *,
    round_number: int,
    evaluation: Stage,
    metrics: Mapping[str, Any],
    questions_left_out: int = 0,
    held_out_left_out: int = 0,
    candidates: Stage | None = None,
    rankings: Stage | None = None,
    examples: Stage | None = None,
    training: Stage | None = None,
) -> dict[str, Any]:
    """One entry of ``summary.json``; round 0 has an evaluation only.

    Args:
        round_number: which.
        evaluation: its stage.
        metrics: what ``5_evaluation.json`` holds.
        questions_left_out: training questions of the round that the model had no room for.
        held_out_left_out: the same of the held-out ones.
        candidates, rankings, examples, training: the other stages.
    """
    stages = {
        "generation": candidates,
        "ranking": rankings,
        "selection": examples,
        "training": training,
        "evaluation": evaluation,
    }
    seconds = {name: stage.facts()["seconds"] if stage is not None else 0.0 for name, stage in stages.items()}
    judged = rankings.facts() if rankings is not None else {}
    return {
        "round": round_number,
        **{name: value for name, value in metrics.items() if name not in ("round", "families")},
        "questions_left_out": questions_left_out,
        "held_out_left_out": held_out_left_out,
        "examples": examples.facts()["examples"] if examples is not None else 0,
        "seconds": seconds,
        "judge_tokens": judged.get("judge_tokens", 0),
        "judge_cost": judged.get("judge_cost", 0.0),
        "judge_audit": judged.get("audit", {}),
        "unranked": judged.get("unranked", {}),
        "best_prefixes": [asdict(each) for each in _best_prefixes(candidates, rankings)],
    }


def _best_prefixes(candidates: Stage | None, rankings: Stage | None, *, number: int = 5) -> list[PrefixResult]:
    results = round_prefixes(candidates, rankings) if candidates is not None and rankings is not None else []
    decided = [result for result in results if result.win_rate is not None]
    return sorted(decided, key=lambda each: (-(each.win_rate or 0.0), each.prefix))[:number]


def round_prefixes(candidates: Stage, rankings: Stage) -> list[PrefixResult]:
    """How each prefix did in one round."""
    return prefix_results(read_table(candidates.place, Candidate), read_table(rankings.place, RankedCandidate))


def scalars(entry: Mapping[str, Any]) -> dict[str, float | None]:
    """The numbers of one entry, flat, for loggers: ``seconds_generation``, ``judge_audit_looks`` and so on."""
    flat: dict[str, float | None] = {}
    for name, value in entry.items():
        if name == "seconds":
            flat.update({f"seconds_{stage}": spent for stage, spent in value.items()})
        elif name == "judge_audit":
            flat.update({f"judge_audit_{figure}": measured for figure, measured in value.items()})
        elif value is None or isinstance(value, int | float):
            flat[name] = value
    return flat


def results_table(rounds: Sequence[Mapping[str, Any]]) -> str:
    """The table a run ends with, as fixed-width text."""
    header = ["round", "accuracy", "direct", "unseen families", "thoughts", "examples", "judge", "best prefixes"]
    header.append("seconds: gen rank select train eval")
    rows = [header]
    for entry in rounds:
        best = " ".join(each["prefix"] for each in entry["best_prefixes"]) or "–"
        spent = " ".join(f"{entry['seconds'][stage]:.0f}" for stage in _STAGES)
        judge = f"{entry['judge_tokens']} tok ${entry['judge_cost']:.2f}"
        rows.append(
            [
                str(entry["round"]),
                accuracy_text(entry, "accuracy", "accuracy"),
                accuracy_text(entry, "direct_accuracy", "direct"),
                accuracy_text(entry, "unseen_accuracy", "unseen"),
                percent(entry["thought_rate"]),
                str(entry["examples"]),
                judge,
                best,
                spent,
            ]
        )
    return fixed_width(rows)


def fixed_width(rows: Sequence[Sequence[str]]) -> str:
    """A table as text, its columns as wide as their widest cell; the first row is the header."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def audit_line(rounds: Sequence[Mapping[str, Any]]) -> str | None:
    """What the judge's verdicts said about the judge in the last round that asked one; None where no model judged."""
    for entry in reversed(rounds):
        if entry.get("judge_audit"):
            return f"judge in round {entry['round']}: {JudgeAudit(**entry['judge_audit']).line()}"
    return None


def accuracy_text(entry: Mapping[str, Any], name: str, bounds: str) -> str:
    """An accuracy and its interval as a cell of a table; ``bounds`` is what the interval's two fields begin with."""
    if entry[name] is None:
        return "–"
    return f"{percent(entry[name])} [{100 * entry[f'{bounds}_low']:.0f}–{100 * entry[f'{bounds}_high']:.0f}]"
