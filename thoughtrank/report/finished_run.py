"""A finished run: whether it has everything that is asked for, undamaged, and its results as they are printed."""

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from thoughtrank.output.terminal import print_text
from thoughtrank.report.effect_text import closing_lines
from thoughtrank.report.html.headline import headline
from thoughtrank.report.html.stored_run import read_run
from thoughtrank.report.results_table import arms_table, audit_line, family_line, results_table
from thoughtrank.report.text_layout import wrapped
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


def print_results(summary: Mapping[str, Any], *, paths: RunPaths, minutes: float | None) -> None:
    """Print the headline and the table of a run's results, and where its model and its report are.

    All lines fit 100 columns but those of the paths.

    Args:
        summary: the contents of ``summary.json``.
        paths: of the run.
        minutes: how long this attempt took; None to leave it out.
    """
    print_text(f"\n{wrapped(headline(read_run(paths.folder)))}\n")
    for line in closing_lines(summary):
        print_text(wrapped(line))
    print_text(results_table(summary["rounds"]))
    if families := family_line(summary["rounds"]):
        print_text(wrapped(families))
    if arms := arms_table(summary["rounds"]):
        print_text(f"\nright answers by arm:\n{arms}")
    if compared := win_rate_table(summary["rounds"], controls=summary.get("controls")):
        print_text(f"\njudged preferences, blind and in both orders:\n{compared}")
    if audit := audit_line(summary["rounds"]):
        print_text(wrapped(audit))
    export = summary["export"]
    duration = "" if minutes is None else f" (this attempt took {minutes:.1f} minutes)"
    print_text(f"\nmodel of round {summary['exported_round']}: {export}{duration}")
    print_text(
        f"its README.md shows how to load it; chat with it:\n  python -m thoughtrank.chat {shlex.quote(str(export))}"
    )
    if paths.report.exists():
        print_text(f"report: {paths.report}")


def _has_results(paths: RunPaths) -> bool:
    summary = read_json_object(paths.summary) or {}
    rounds = summary.get("rounds")
    return {"exported_round", "export", "finished"} <= summary.keys() and isinstance(rounds, list) and bool(rounds)
