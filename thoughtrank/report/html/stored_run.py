"""What a run folder holds for its report: figures of every round, findings, training curves and config.

Only stored files are read. What an older run, or one that is not finished, does not have is empty or None here, and its section
of the report is left out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from thoughtrank.errors import UserError
from thoughtrank.evaluation.arms.protocol import ArmName
from thoughtrank.evaluation.comparisons import comparisons
from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.output.redaction import redacted
from thoughtrank.records import OTHER_STAGES, STAGES
from thoughtrank.report.control_variants import control_variants
from thoughtrank.report.findings import comparison_entries, readings_of
from thoughtrank.storage.done_marker import read_done
from thoughtrank.storage.json_files import read_json_object
from thoughtrank.storage.judge_costs import known_cost, read_judge_costs, total_of
from thoughtrank.storage.line_log import read_json_lines
from thoughtrank.storage.run_log import start_date
from thoughtrank.storage.run_paths import METRICS, RunPaths, no_run_fault
from thoughtrank.storage.tables import TableRows

_FORMER_ARMS: dict[str, ArmName] = {"unprefixed": "thought", "direct": "room_to_reason"}
"""Names of arms in older tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRound:
    """One round, as far as it got.

    Attributes:
        number: 0 is the base model.
        metrics: what ``5_evaluation.json`` holds, with ``development_n`` and ``development_accuracy`` where development
            questions were asked; empty before the evaluation.
        facts: stage to the facts in its done-marker; of each of ``OTHER_STAGES`` that the round has, its seconds.
        curve: one row per logged step of the training.
        replies: to the held-out questions; empty where there is no readable table.
        win_rates: the figures of every comparison of replies by the judge, by its name.
    """

    number: int
    metrics: Mapping[str, Any]
    facts: Mapping[str, Mapping[str, Any]]
    curve: Sequence[Mapping[str, float]]
    replies: Sequence[HeldOutReply]
    win_rates: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def examples(self) -> int | None:
        """The number of its training examples; None where it is not stored."""
        found: int | None = self.facts.get("selection", {}).get("examples", self.metrics.get("examples"))
        return found

    @property
    def cost(self) -> float | None:
        """What its judge calls cost, those that compare replies included, in US dollars; None where a price was unknown."""
        return total_of(map(known_cost, self._judged()))

    @property
    def judge_tokens(self) -> int:
        """Tokens of the same calls."""
        return sum(each.get("judge_tokens", 0) for each in self._judged())

    def _judged(self) -> list[Mapping[str, Any]]:
        return [self.facts.get("ranking", {}), *self.win_rates.values()]

    @property
    def seconds(self) -> dict[str, float]:
        """Stage to the seconds of computation."""
        return {name: float(facts.get("seconds", 0.0)) for name, facts in self.facts.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """One run.

    Attributes:
        name: of its folder.
        paths: of its files.
        config: the composed config; empty where it cannot be read.
        config_text: the files ``config.yaml`` and ``resolved.yaml`` as they are, without secrets.
        rounds: in order; round 0 first.
        findings: the entries ``thought_effect``, ``controls`` and ``comparisons`` of ``summary.json``. While the run is not
            finished there are only comparisons of rounds and arms.
        finished: whether its summary describes all these rounds.
        started: the day of its first attempt; None without a log.
        judge_cost: US dollars of all its judge calls whose price is known, and that its folder knows of: also of stages that
            are not finished, and of those that it no longer asks for.
    """

    name: str
    paths: RunPaths
    config: Mapping[str, Any]
    config_text: str
    rounds: Sequence[StoredRound]
    findings: Mapping[str, Any]
    finished: bool
    started: str | None = None
    judge_cost: float = 0.0

    @property
    def controls(self) -> dict[str, Mapping[str, Any]]:
        """The figures of every variant of every control by its title."""
        return control_variants(self.findings["controls"])

    @property
    def examples(self) -> list[int | None]:
        """The number of training examples of each evaluated round but round 0; None where it is not stored."""
        return [each.examples for each in self.evaluated if each.number]

    @property
    def evaluated(self) -> list[StoredRound]:
        """The rounds with metrics."""
        return [each for each in self.rounds if each.metrics]


def read_run(folder: Path) -> StoredRun:
    """Read a run folder, or the folder of a study that keeps only the summary and the config of its run.

    Raises:
        UserError: it is none.
    """
    paths = RunPaths(folder)
    numbers = sorted(
        int(found[1]) for path in folder.glob("round_*") if (found := re.fullmatch(r"round_(\d+)", path.name))
    )
    if not numbers and not paths.config.exists():
        raise UserError(no_run_fault(folder, lacks="round, and no config.yaml"))
    summary = read_json_object(paths.summary) or {}
    rounds = [_read_round(paths, number) for number in numbers]
    if not rounds:
        rounds = [_round_of_summary(entry) for entry in summary.get("rounds", [])]
    finished = isinstance(summary.get("rounds"), list) and len(summary["rounds"]) == len(rounds)
    config_text = "\n".join(_text(path) for path in (paths.config, paths.resolved) if path.exists())
    config = _config(paths.config)
    return StoredRun(
        name=folder.resolve().name,
        paths=paths,
        config=config,
        config_text=redacted(config_text),
        rounds=rounds,
        findings=_findings(summary if finished else {}, rounds),
        finished=finished,
        started=start_date(paths),
        judge_cost=sum(each.cost for each in read_judge_costs(paths).values()),
    )


def _read_round(paths: RunPaths, number: int) -> StoredRound:
    folders = (paths.candidates, paths.rankings, paths.gains, paths.examples, paths.model, paths.replies)
    facts = {}
    for stage, folder in zip(STAGES, folders, strict=True):
        if (marker := read_done(folder(number))) is not None:
            facts[stage] = marker.facts
    win_rates = _win_rates(paths.win_rates(number, ""))
    facts |= _other_facts(paths, number, win_rates=win_rates)
    rows = {row["step"]: row for row in read_json_lines(paths.model(number) / "_metrics.jsonl") if "step" in row}
    metrics = _metrics(read_json_object(paths.evaluation(number)) or {})
    return StoredRound(
        number=number,
        metrics={**metrics, **_development(paths.development_replies(number))} if metrics else metrics,
        facts=facts,
        curve=[rows[step] for step in sorted(rows)],
        replies=_replies(paths.replies(number)),
        win_rates=win_rates,
    )


def _other_facts(
    paths: RunPaths, number: int, *, win_rates: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The seconds of each of ``OTHER_STAGES`` that the round has."""
    screening = paths.screening(number)
    made = (
        _facts_of(screening.candidates, screening.gains, screening.questions),
        _facts_of(paths.development_replies(number)),
        [*win_rates.values()],
    )
    return {
        name: {"seconds": sum(float(facts.get("seconds", 0.0)) for facts in of_it)}
        for name, of_it in zip(OTHER_STAGES, made, strict=True)
        if of_it
    }


def _facts_of(*tables: Path) -> list[Mapping[str, Any]]:
    """Those of the finished ones."""
    return [marker.facts for table in tables if (marker := read_done(table)) is not None]


def _round_of_summary(entry: Mapping[str, Any]) -> StoredRound:
    """What the summary alone says of a round."""
    facts: dict[str, dict[str, Any]] = {
        name: {"seconds": spent} for name, spent in entry.get("seconds", {}).items() if name in STAGES or spent
    }
    compared, ranking = entry.get("win_rates", {}), facts.setdefault("ranking", {})
    for name in ("judge_cost", "judge_tokens"):  # those of the entry are of the comparisons, too
        whole = entry.get(name, 0)
        ranking[name] = None if whole is None else whole - sum(each.get(name) or 0 for each in compared.values())
    return StoredRound(
        number=entry["round"],
        metrics=_metrics(entry),
        facts=facts,
        curve=[],
        replies=[],
        win_rates=compared,
    )


def _metrics(metrics: Mapping[str, Any]) -> Mapping[str, Any]:
    """The metrics of a round; those of older versions had no arms, but two accuracies."""
    if not metrics or "arms" in metrics:
        return metrics
    arms = {}
    for arm, name, bounds in (("thought", "accuracy", "accuracy"), ("room_to_reason", "direct_accuracy", "direct")):
        if metrics.get(name) is not None:
            low, high = metrics[f"{bounds}_low"], metrics[f"{bounds}_high"]
            arms[arm] = {"accuracy": metrics[name], "low": low, "high": high, "n": metrics.get("n")}
    return {**metrics, "arms": arms}


def _development(folder: Path) -> Mapping[str, Any]:
    """Accuracy on development questions under its name in the summary; empty where they were not asked."""
    metrics = read_json_object(folder / METRICS) or {}
    return {f"development_{name}": metrics[name] for name in ("n", "accuracy") if name in metrics}


def _replies(folder: Path) -> list[HeldOutReply]:
    try:
        rows = list(TableRows(folder, HeldOutReply))
    except UserError:
        return []
    return [replace(row, arm=_FORMER_ARMS.get(row.arm, row.arm)) for row in rows]


def _win_rates(folder: Path) -> dict[str, Mapping[str, Any]]:
    markers = {table.name: read_done(table) for table in sorted(folder.glob("*"))}
    return {name: marker.facts for name, marker in markers.items() if marker is not None}


def _findings(summary: Mapping[str, Any], rounds: Sequence[StoredRound]) -> Mapping[str, Any]:
    """Those of the summary; otherwise what the replies of the rounds alone show."""
    if "comparisons" in summary:
        return {name: summary[name] for name in ("thought_effect", "controls", "comparisons")}
    problems: dict[str, str] = {}
    outcomes = [readings_of(each.replies, problems=problems) for each in rounds if each.replies and each.metrics]
    # Rounds are named by their position, so none may be missing.
    whole = [each.number for each in rounds if each.replies or each.metrics] == list(range(len(outcomes)))
    compared = comparisons(outcomes, {}, problems=problems, seed=0) if whole and len(outcomes) > 1 else []
    return {"thought_effect": None, "controls": {}, "comparisons": comparison_entries(compared)}


def _text(path: Path) -> str:
    return f"# {path.name}\n{path.read_text(encoding='utf-8', errors='replace')}"


def _config(path: Path) -> Mapping[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return values if isinstance(values, dict) else {}
