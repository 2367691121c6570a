"""A finished run: whether it has everything that is asked for, undamaged, and its results as they are printed."""

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from thoughtrank.output.terminal import print_text
from thoughtrank.report.effect_text import closing_lines
from thoughtrank.report.results_table import arms_table, audit_line, results_table
from thoughtrank.report.win_rate_text import win_rate_table
from thoughtrank.storage.damage import damaged_files
from thoughtrank.storage.json_files import read_json_object
from thoughtrank.storage.run_paths import RunPaths

_NAMED = 5


def was_finished(paths: RunPaths, *, settings: Mapping[str, object]) -> bool:
    """Whether a run was finished with these ``settings``; also if its summary can no longer be read."""
    # os.path: False also for a name that cannot exist, which the preflight reports.
    if not all(map(os.path.exists, (paths.summary, paths.export / "config.json"))):
        return False
    summary = read_json_object(paths.summary)
    return summary is None or bool(summary.get("finished", settings) == settings)


def damage(paths: RunPaths) -> list[str]:
    """Files of a finished run that are damaged, by their path in the run folder."""
    return [*([] if _has_results(paths) else [paths.summary.name]), *damaged_files(paths)]


def damage_text(run: str, damaged: Sequence[str]) -> str:
    """What happens to them, as one sentence."""
    more = f" and {len(damaged) - _NAMED} more" if len(damaged) > _NAMED else ""
    return (
        f"run {run} was finished, but files in its folder are damaged: {', '.join(damaged[:_NAMED])}{more}. They are restored "
        "from the cache, or recomputed if the cache lacks them"
    )


def print_results(summary: Mapping[str, Any], *, minutes: float | None) -> None:
    """Print the table of a run's results, and where its model is.

    Args:
        summary: the contents of ``summary.json``.
        minutes: how long this attempt took; None to leave it out.
    """
    print_text("")
    for line in closing_lines(summary):
        print_text(line)
    print_text(results_table(summary["rounds"]))
    if arms := arms_table(summary["rounds"]):
        print_text(f"\nright answers by arm:\n{arms}")
    if compared := win_rate_table(summary["rounds"]):
        print_text(f"\njudged preferences, blind and in both orders:\n{compared}")
    if audit := audit_line(summary["rounds"]):
        print_text(audit)
    export = summary["export"]
    duration = "" if minutes is None else f" ({minutes:.1f} minutes)"
    print_text(f"\nmodel of round {summary['exported_round']}: {export}{duration}")
    print_text(
        f"its README.md shows how to load it; chat with it: python -m thoughtrank.chat {shlex.quote(str(export))}"
    )
    report = RunPaths(Path(export).parent).report
    if report.exists():
        print_text(f"report: {report}")


def _has_results(paths: RunPaths) -> bool:
    summary = read_json_object(paths.summary) or {}
    rounds = summary.get("rounds")
    return {"exported_round", "export", "finished"} <= summary.keys() and isinstance(rounds, list) and bool(rounds)
