"""The sections on judge and costs, on training, and on config and versions."""

from typing import Any

from thoughtrank.records import OTHER_STAGES, STAGES
from thoughtrank.report.html.embedding import escaped
from thoughtrank.report.html.machine import machine_text, versions
from thoughtrank.report.html.markup import details, note, section, table
from thoughtrank.report.html.stored_run import StoredRound, StoredRun
from thoughtrank.report.html.totals import duration_text, other_cost, total_cost, total_seconds
from thoughtrank.report.html.training_texts import epochs_text, round_text, training_settings
from thoughtrank.report.labels import control_label
from thoughtrank.report.text_layout import dollars, percent
from thoughtrank.storage.judge_costs import known_cost, total_of

_AUDIT_TEXTS = {
    "looks": "judge calls",
    "swap_consistency": "same order after a swap",
    "swap_pairs": "pairs in swapped calls",
    "first_position_share": "first shown is ranked first",
    "first_position_expected": "the same for an unbiased judge",
    "length_slope": "length slope per doubling",
    "malformed_share": "malformed replies",
    "refused_share": "refused",
    "failed_share": "failed",
    "same_family": "judge and model of one family",
}


def judge_section(run: StoredRun, *, name: str) -> str:
    """The audit of the judge, and what the run cost in dollars and time."""
    ranked = [each for each in run.rounds if "ranking" in each.facts]
    parts = []
    audited = [each for each in ranked if each.facts["ranking"].get("audit")]
    if audited:
        rows = [
            [text, *(_audit_value(key, each.facts["ranking"]["audit"].get(key)) for each in audited)]
            for key, text in _AUDIT_TEXTS.items()
        ]
        header = ["", *(f"round {each.number}" for each in audited)]
        parts.append(table(header, rows, caption="Audit of the judge"))
    else:
        parts.append(note(_why_no_audit(run)))
    if run.rounds:
        parts.append(_spend(run))
    return section(f"{name}-judge", "Judge and cost", *parts)


def _why_no_audit(run: StoredRun) -> str:
    judge = run.config.get("judge")
    if isinstance(judge, dict) and str(judge.get("_target_")).endswith(".ReferenceJudge"):
        return (
            "Answers were ranked by comparing them with the reference answers. No model judged, so there is nothing to audit "
            "and nothing to pay."
        )
    return "There is no audit of a judge: no model judged, or the run is older than the audit."


def _audit_value(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return "–"
    if key in ("looks", "swap_pairs"):
        return f"{value:,}"
    return f"{value:+.2f}" if key == "length_slope" else percent(value)


def _spend(run: StoredRun) -> str:
    stages = [name for name in (*STAGES, *OTHER_STAGES) if any(name in each.seconds for each in run.rounds)]
    rows = [
        [
            f"round {each.number}",
            *_judge_cells(each),
            *(_seconds_text(each, stage) for stage in stages),
            duration_text(sum(each.seconds.values())),
        ]
        for each in run.rounds
    ]
    tokens = sum(each.judge_tokens for each in run.rounds)
    sums = [sum(each.seconds.get(stage, 0.0) for each in run.rounds) for stage in stages]
    of_rounds = sum(sum(each.seconds.values()) for each in run.rounds)
    cost = total_of(each.cost for each in run.rounds)
    rows.append(["all rounds", dollars(cost), f"{tokens:,}", *map(duration_text, [*sums, of_rounds])])
    unknown = ["–"] * len(stages)
    for title, figures in run.controls.items():
        spent = dollars(known_cost(figures)), f"{figures['judge_tokens']:,}" if "judge_tokens" in figures else "–"
        rows.append([f"control {control_label(title)}", *spent, *unknown, duration_text(figures.get("seconds", 0.0))])
    if other := other_cost(run):
        rows.append(["unfinished, or no longer asked for", dollars(other), "–", *unknown, "–"])
    if len(rows) > len(run.rounds) + 1:
        rows.append(["everything", dollars(total_cost(run)), "–", *unknown, duration_text(total_seconds(run))])
    titles = [stage.replace("_", " ") for stage in stages]
    return table(["", "judge", "judge tokens", *titles, "total"], rows, caption=_machine(run))


def _machine(run: StoredRun) -> str:
    """The caption of the table: what it is, and on what it ran."""
    machine = machine_text(run)
    return f"Judge calls in US dollars and tokens, and computing time by stage{machine and f', on {machine}'}"


def _judge_cells(of_round: StoredRound) -> tuple[str, str]:
    """Dollars and tokens of all judge calls of a round."""
    if "ranking" not in of_round.facts and not of_round.win_rates:
        return ("–", "–")
    return dollars(of_round.cost), f"{of_round.judge_tokens:,}"


def _seconds_text(of_round: StoredRound, stage: str) -> str:
    seconds = of_round.seconds.get(stage)
    return "–" if seconds is None else duration_text(seconds)


def training_section(run: StoredRun, *, name: str) -> str:
    """The place for the curves, which the page draws, and a table of the trainings."""
    trained = [each for each in run.rounds if each.curve]
    if not trained:
        return section(f"{name}-training", "Training", missing="No round has a training curve.")
    rows = []
    for each in trained:
        facts = each.facts.get("training", {})
        last = each.curve[-1]
        rows.append(
            [
                f"round {each.number}",
                str(facts.get("examples", "–")),
                str(facts.get("epochs", "–")),
                str(facts.get("steps", last["step"])),
                f"{each.curve[0].get('loss', float('nan')):.3f} → {last.get('loss', float('nan')):.3f}",
                str(facts.get("precision", "–")),
                duration_text(float(facts.get("seconds", 0.0))),
            ]
        )
    cumulative = training_settings(run).get("examples") == "all"
    header = [
        "",
        "examples of all rounds so far" if cumulative else "examples",
        "epochs",
        "steps",
        "loss, first → last step",
        "precision",
        "time",
    ]
    chart = (
        f'<div class="curves" data-curves="{escaped(name)}"><p class="note">All rounds on one axis of optimizer steps; a '
        f"dashed line is where a round begins. {_round_text(run)}Drag to zoom, double-click to zoom out.</p></div>"
    )
    caption = "Trainings by round; an epoch is one pass over the examples"
    repeated = epochs_text(run)
    parts = [chart, table(header, rows, caption=caption), note(repeated) if repeated else ""]
    return section(f"{name}-training", "Training", *parts)


def _round_text(run: StoredRun) -> str:
    """What every round trains, and why the loss then jumps between rounds."""
    text = round_text(run)
    jumps = " So the loss jumps there." if training_settings(run).get("start") == "base" else ""
    return f"{text}{jumps} " if text else ""


def curves_of(run: StoredRun) -> dict[str, Any]:
    """The logged values of all trainings over one count of steps, as columns, and where each round begins."""
    columns: dict[str, list[float | None]] = {"step": []}
    starts, offset = [], 0.0
    names = [name for each in run.rounds for row in each.curve for name in row if name != "step"]
    wanted = [name for name in dict.fromkeys(names) if name in ("loss", "lr", "gradient_norm", "tokens_per_second")]
    for each in run.rounds:
        if not each.curve:
            continue
        starts.append({"round": each.number, "step": offset + each.curve[0]["step"]})
        for row in each.curve:
            columns["step"].append(offset + row["step"])
            for name in wanted:
                columns.setdefault(name, []).append(_number(row.get(name)))
        offset += each.curve[-1]["step"]
    return {"columns": columns, "starts": starts}


def _number(value: object) -> float | None:
    """None also for values that JSON does not have."""
    return float(value) if isinstance(value, int | float) and abs(value) < float("inf") else None


def settings_section(run: StoredRun, *, name: str) -> str:
    """Config and versions, folded."""
    found = versions(run)
    parts = []
    if found:
        parts.append(table(["", "value"], [[key, str(value)] for key, value in found.items()], caption="Versions"))
    if run.config_text:
        parts.append(details("The whole config", f'<pre tabindex="0">{escaped(run.config_text)}</pre>'))
    missing = None if parts else "The run folder has neither a config nor versions."
    return section(f"{name}-settings", "Config and versions", *parts, missing=missing)
