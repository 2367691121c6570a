"""The results of a run, collected from its artifacts: the entries of ``summary.json``."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from thoughtrank.records import OTHER_STAGES, STAGES, Candidate, Gain, RankedCandidate
from thoughtrank.report.prefix_statistics import CandidateFigures, PrefixResult, PrefixTally, tallied
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.judge_costs import known_cost, total_of
from thoughtrank.storage.tables import TableRows


def round_summary(
    *,
    metrics: Mapping[str, Any],
    artifacts: Mapping[str, Artifact],
    screening: Sequence[Artifact] = (),
    prefixes: Sequence[PrefixResult] = (),
    candidates: CandidateFigures | None = None,
    opened: Mapping[str, Any] | None = None,
    questions_left_out: int = 0,
    held_out_left_out: int = 0,
    win_rates: Mapping[str, Mapping[str, Any]] | None = None,
    development: Artifact | None = None,
) -> dict[str, Any]:
    """One entry of ``summary.json``.

    Args:
        metrics: what ``5_evaluation.json`` holds.
        artifacts: by stage; round 0 has only its evaluation.
        screening: artifacts of the stages that screened the round's questions, the table of questions last.
        prefixes: how each prefix did in the round.
        candidates: all candidates of the round together.
        opened: how the model begins its own thoughts, see ``openings``.
        questions_left_out: training questions of the round that do not fit the model's context.
        held_out_left_out: the same of the held-out ones.
        win_rates: the figures of each judged comparison by its name; their costs are part of the round's.
        development: the evaluation on development questions, where these choose the exported round.
    """
    judged = artifacts["ranking"].facts if "ranking" in artifacts else {}
    paid = [judged, *(win_rates or {}).values()]
    return {
        "round": metrics["round"],
        **{name: value for name, value in metrics.items() if name != "round"},
        "questions_left_out": questions_left_out,
        "held_out_left_out": held_out_left_out,
        "screening": _screening_figures(screening),
        "candidates": {} if candidates is None else asdict(candidates),
        "examples": artifacts["selection"].facts["examples"] if "selection" in artifacts else 0,
        "questions_with_examples": _fact(artifacts, "selection", "questions_with_examples"),
        "training_steps": _fact(artifacts, "training", "steps"),
        "seconds": {
            **{name: artifacts[name].facts["seconds"] if name in artifacts else 0.0 for name in STAGES},
            **_other_seconds(screening, development, (win_rates or {}).values()),
        },
        "judge_tokens": sum(each.get("judge_tokens", 0) for each in paid),
        "judge_cost": total_of(known_cost(each) for each in paid),
        "judge_audit": judged.get("audit", {}),
        "unranked": judged.get("unranked", {}),
        "gains": _gain_figures(artifacts),
        "win_rates": dict(win_rates or {}),
        "best_prefixes": [asdict(each) for each in _best_prefixes(prefixes)],
        "openings": dict(opened or {}),
    }


def _fact(artifacts: Mapping[str, Artifact], stage: str, name: str) -> int:
    """A count of a stage; 0 where the round has no such stage, or it had nothing to do."""
    return int(artifacts[stage].facts.get(name, 0)) if stage in artifacts else 0


def _screening_figures(artifacts: Sequence[Artifact]) -> dict[str, float]:
    """How many questions were screened and kept, and how many are solved sometimes, never and always; empty without."""
    if not artifacts:
        return {}
    facts = artifacts[-1].facts
    figures = {name: facts[name] for name in ("screened", "kept", "sometimes", "never", "always")}
    return {**figures, "seconds": _seconds_of(artifacts)}


def _other_seconds(
    screening: Sequence[Artifact], development: Artifact | None, win_rates: Iterable[Mapping[str, Any]]
) -> dict[str, float]:
    """Seconds of ``OTHER_STAGES``, 0 for those that the round does not have."""
    values = (
        _seconds_of(screening),
        _seconds_of([] if development is None else [development]),
        sum((each.get("seconds", 0.0) for each in win_rates), 0.0),
    )
    return dict(zip(OTHER_STAGES, values, strict=True))


def _seconds_of(artifacts: Sequence[Artifact]) -> float:
    return sum((each.facts["seconds"] for each in artifacts), 0.0)


def _gain_figures(artifacts: Mapping[str, Artifact]) -> dict[str, float | None]:
    """How many thoughts were scored, and the fractions of large gains; none where the selection does not depend on gains."""
    facts = artifacts["gains"].facts if "gains" in artifacts else {}
    return {name: facts[name] for name in ("scored", "positive", "at_least_3") if name in facts}


def round_tally(artifacts: Mapping[str, Artifact]) -> PrefixTally:
    """How each prefix did in one round, and all candidates together; nothing for round 0."""
    if "ranking" not in artifacts:
        return PrefixTally()
    candidates = TableRows(artifacts["generation"].published, Candidate)
    gains = TableRows(artifacts["gains"].published, Gain) if "gains" in artifacts else None
    return tallied(candidates, TableRows(artifacts["ranking"].published, RankedCandidate), gains)


def _best_prefixes(prefixes: Sequence[PrefixResult], *, number: int = 5) -> list[PrefixResult]:
    decided = [result for result in prefixes if result.win_rate is not None]
    return sorted(decided, key=lambda each: (-(each.win_rate or 0.0), each.prefix))[:number]


def scalars(entry: Mapping[str, Any]) -> dict[str, float | None]:
    """The numbers of one entry, flat, for loggers: ``seconds_generation``, ``judge_audit_looks`` and so on."""
    flat: dict[str, float | None] = {}
    for name, value in entry.items():
        if name == "seconds":
            flat.update({f"seconds_{stage}": spent for stage, spent in value.items()})
        elif name == "arms":
            flat.update(
                {f"{arm}_{figure}": measured for arm, figures in value.items() for figure, measured in figures.items()}
            )
        elif name == "chance":
            flat[name] = None if value is None else value["accuracy"]
        elif name in ("candidates", "gains", "screening", "openings"):
            flat.update({f"{name}_{figure}": measured for figure, measured in value.items() if figure != "words"})
        elif name == "win_rates":
            flat.update(
                {
                    f"{comparison}_{figure}": each
                    for comparison, of_it in value.items()
                    for figure, each in of_it.items()
                }
            )
        elif name == "judge_audit":
            flat.update({f"judge_audit_{figure}": measured for figure, measured in value.items()})
        elif value is None or isinstance(value, int | float):
            flat[name] = value
    return flat
