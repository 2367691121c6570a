"""A W&B Report of one or several runs, built in code from what `logger=wandb` logs and what the run folders hold.

Building it needs neither account nor network. Every metric that a panel names is a key that the logger writes.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thoughtrank.errors import UserError, install_line
from thoughtrank.output.printable import markdown_text
from thoughtrank.report.effect_text import effect_line
from thoughtrank.report.findings import finding_scalars
from thoughtrank.report.html.comparison_headline import comparison_headline
from thoughtrank.report.html.headline import headline
from thoughtrank.report.html.round_candidates import reported_questions
from thoughtrank.report.html.round_statistics import RoundStatistics
from thoughtrank.report.html.run_comparison import chosen_by_development, compare_runs
from thoughtrank.report.html.stored_run import StoredRun
from thoughtrank.report.text_layout import percent
from thoughtrank.storage.json_files import write_json
from thoughtrank.storage.run_paths import RunPaths

if TYPE_CHECKING:
    from wandb_workspaces.reports.v2 import PanelGrid, Report

SPECIFICATION = "wandb_report.json"
_ROUND = "round/number"
_GRID_COLUMNS = 8
_READING = (
    "How to read it: accuracy is over held-out questions. An arm forces or forbids a thought; the controls are models trained "
    "on the same answers without thoughts, or on other examples. The thought effect is the smaller of two differences to the "
    "control without thoughts, and counts only if its whole interval is above zero."
)


@dataclass(frozen=True, slots=True)
class MadeReport:
    """A report, and where it went.

    Attributes:
        specification: the file with what W&B stores of it.
        url: of the saved report; None without an account.
    """

    specification: Path
    url: str | None


def make_report(runs: Sequence[StoredRun], *, folder: Path, entity: str | None, project: str | None) -> MadeReport:
    """Build the report and write its specification; save it where an account is logged in.

    Args:
        runs: at least one.
        folder: for the specification.
        entity: W&B user or team; None for the account's own. Without an account a placeholder is written.
        project: W&B project; None for that of the first run's config.

    Raises:
        UserError: wandb-workspaces is not installed, or W&B refused the report.
    """
    entity, can_save = _account(entity)
    report = build_report(runs, entity=entity, project=project or _project(runs[0]))
    path = folder / SPECIFICATION
    write_json(path, specification(report))
    return MadeReport(path, _save(report) if can_save else None)


def build_report(runs: Sequence[StoredRun], *, entity: str, project: str) -> "Report":
    """The report as an object of wandb-workspaces.

    Raises:
        UserError: the package is not installed.
    """
    workspaces = _workspaces()
    several = len(runs) > 1
    top = comparison_headline(compare_runs(runs)) if several else headline(runs[0])
    title = f"{len(runs)} runs" if several else runs[0].name
    blocks: list[Any] = [
        workspaces.H1(text=title),
        workspaces.P(text=top),
        workspaces.MarkdownBlock(text=_READING),
        workspaces.H2(text="Arms and controls by round"),
        _accuracy_panels(runs),
        workspaces.H2(text="Prefixes"),
        *(workspaces.MarkdownBlock(text=_prefix_grid(run)) for run in runs),
        workspaces.H2(text="Ranks, gains and lengths of the thoughts"),
        _distribution_panels(runs),
        workspaces.H2(text="Training"),
        _training_panels(runs),
    ]
    if several:
        blocks += [workspaces.H2(text="What made the difference"), _sweep_panels(runs)]
    effects = "\n".join(
        f"- {markdown_text(run.name)}: {effect_line(run.findings['thought_effect'], examples=run.examples)}"
        for run in runs
    )
    blocks += [workspaces.H2(text="Thought effect"), workspaces.MarkdownBlock(text=effects)]
    return workspaces.Report(
        entity=entity, project=project, title=f"thoughtrank: {title}"[:128], description=top, blocks=blocks
    )


def specification(report: "Report") -> dict[str, Any]:
    """What W&B stores of a report. There is no public way to it yet."""
    model = report._to_model()
    spec = json.loads(model.spec.model_dump_json(by_alias=True, exclude_none=True))
    return {"displayName": report.title, "description": report.description, "spec": spec}


def _accuracy_panels(runs: Sequence[StoredRun]) -> "PanelGrid":
    workspaces = _workspaces()
    metrics = [each.metrics for run in runs for each in run.evaluated]
    arms = dict.fromkeys(
        arm for each in metrics for arm, figures in each.get("arms", {}).items() if figures.get("accuracy") is not None
    )
    names = ["accuracy", *(f"{arm}_accuracy" for arm in arms if arm != "thought")]
    names += ["unseen_accuracy"] if any(each.get("unseen_accuracy") is not None for each in metrics) else []
    lines = [f"round/{name}" for name in names]
    findings = dict.fromkeys(
        name for run in runs for name, value in finding_scalars(run.findings).items() if value is not None
    )
    controls = [f"findings/{name}" for name in findings if name.startswith("control_") and name.endswith("accuracy")]
    panels: list[Any] = [
        workspaces.LinePlot(title="accuracy by round", x=_ROUND, y=["round/accuracy"]),
        workspaces.LinePlot(title="every arm by round", x=_ROUND, y=lines),
        workspaces.ScalarChart(title="accuracy of the last round", metric=workspaces.SummaryMetric("accuracy")),
    ]
    if controls:
        panels.append(workspaces.BarPlot(title="controls", metrics=controls))
    if any(run.findings["thought_effect"] for run in runs):
        effect = workspaces.SummaryMetric("thought_effect")
        panels.append(workspaces.ScalarChart(title="thought effect in points", metric=effect))
    return _grid(runs, panels)


def _distribution_panels(runs: Sequence[StoredRun]) -> "PanelGrid":
    workspaces = _workspaces()
    names = ["ranks", "thought_lengths"]
    if any("gains" in each.facts for run in runs for each in run.rounds):
        names.insert(1, "gains")
    panels = [workspaces.LinePlot(title=name.replace("_", " "), x=_ROUND, y=[f"round/{name}"]) for name in names]
    last = max((each.number for run in runs for each in run.rounds if "ranking" in each.facts), default=0)
    tables = [
        workspaces.WeavePanelSummaryTable(table_name=f"{name}/round_{last}") for name in ("prefixes", "candidates")
    ]
    return _grid(runs, [*panels, *(tables if last else [])])


def _training_panels(runs: Sequence[StoredRun]) -> "PanelGrid":
    workspaces = _workspaces()
    names = dict.fromkeys(name for run in runs for each in run.rounds for row in each.curve for name in row)
    wanted = [name for name in ("loss", "gradient_norm", "lr", "tokens_per_second") if name in names]
    panels = [
        workspaces.LinePlot(title=name.replace("_", " "), x="training/step", y=[f"training/{name}"]) for name in wanted
    ]
    return _grid(runs, panels)


def _sweep_panels(runs: Sequence[StoredRun]) -> "PanelGrid":
    workspaces = _workspaces()
    compared = compare_runs(runs)
    names = ["development_accuracy", "accuracy"] if chosen_by_development(compared) else ["accuracy"]
    columns = [workspaces.ParallelCoordinatesPlotColumn(metric=workspaces.Config(name)) for name in compared[0].varied]
    columns += [workspaces.ParallelCoordinatesPlotColumn(metric=workspaces.SummaryMetric(name)) for name in names]
    panels = [
        workspaces.ParameterImportancePlot(with_respect_to=names[0]),
        workspaces.ParallelCoordinatesPlot(columns=columns),
        workspaces.RunComparer(),
    ]
    return _grid(runs, panels)


def _grid(runs: Sequence[StoredRun], panels: Sequence[Any]) -> "PanelGrid":
    """Panels over these runs only."""
    workspaces = _workspaces()
    names = ", ".join(json.dumps(run.name) for run in runs)
    return workspaces.PanelGrid(
        runsets=[workspaces.Runset(name="runs", filters=f"Name in [{names}]")], panels=list(panels)
    )


def _prefix_grid(run: StoredRun) -> str:
    """The win rates of the last ranked round as a Markdown table."""
    ranked = [each.number for each in run.rounds if "ranking" in each.facts]
    if not ranked:
        return f"{markdown_text(run.name)} has not ranked a round yet."
    statistics = RoundStatistics(ranked[-1])
    for group in reported_questions(RunPaths(run.paths.folder), ranked[-1], selection={}):
        statistics.add(group)
    cells = [f"**{markdown_text(each.prefix)}** {percent(each.win_rate)}" for each in statistics.prefixes()]
    cells += [""] * (-len(cells) % _GRID_COLUMNS)
    rows = [cells[at : at + _GRID_COLUMNS] for at in range(0, len(cells), _GRID_COLUMNS)]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    title = f"{markdown_text(run.name)}, round {ranked[-1]}: prefix and its win rate"
    return "\n".join([title, "", "|  " * _GRID_COLUMNS + "|", "|---" * _GRID_COLUMNS + "|", *lines])


def _account(entity: str | None) -> tuple[str, bool]:
    """The entity, and whether a report can be saved: with a key, and unless W&B is set to be offline."""
    import wandb

    if os.environ.get("WANDB_MODE") in ("offline", "disabled") or not wandb.login(prompt=False, verify=False):
        return entity or "ENTITY", False
    return entity or str(wandb.Api().default_entity), True


def _project(run: StoredRun) -> str:
    logger = run.config.get("logger")
    # Runs of older versions have the keys of their only logger at the top.
    settings = logger.get("wandb", logger) if isinstance(logger, dict) else None
    return str(settings.get("project") or "thoughtrank") if isinstance(settings, dict) else "thoughtrank"


def _save(report: "Report") -> str:
    try:
        return str(report.save().url)
    except Exception as error:  # whatever its client raises
        reason = str(error).partition("\n")[0]
        raise UserError(
            f"W&B did not take the report ({reason}): its specification is kept; check --entity and --project"
        ) from error


def _workspaces() -> Any:
    from importlib import import_module
    from importlib.util import find_spec

    if find_spec("wandb_workspaces") is None:
        raise UserError(f"--wandb needs the package wandb-workspaces: {install_line('report')}")
    return import_module("wandb_workspaces.reports.v2")
