"""One run, from plain config values: check everything, show the plan, do what is still to be done, show the results."""

import os
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from thoughtrank.config.dry_run import plan_text
from thoughtrank.config.preflight import Components, find_faults, make_components, preflight
from thoughtrank.config.schema import RunConfig, config_differences, default_run_name, load_config
from thoughtrank.errors import UserError
from thoughtrank.finetuning.distributed.multi_node import MultiNodeTraining
from thoughtrank.finetuning.distributed.rendezvous import Rendezvous
from thoughtrank.storage.store import RunPaths, Store, read_json

_NOT_NEEDED_TO_PLAN = {"questions", "engine", "judge", "strategy", "training", "logger", "disk"}
"""What a machine may lack, or a command have wrong, while the plan of the run can still be told."""


def run_paths(values: Mapping[str, Any], *, choices: Mapping[str, str]) -> RunPaths:
    """Where a run with this config lies.

    Args:
        values: the composed config.
        choices: config group to the name of the chosen file, for the default name.
    """
    return RunPaths(Path(values["runs_dir"]) / (values["run"] or default_run_name(values, choices)))


def do_run(values: dict[str, Any], *, choices: Mapping[str, str], sweep: str | None = None) -> Path | None:
    """Do what is still to be done of one run.

    Args:
        values: the composed config.
        choices: config group to the name of the chosen file.
        sweep: the sweep this run is a job of, for the logger.

    Raises:
        UserError: what the user has to put right; what is finished is kept.

    Returns:
        Its summary; None where it was only planned, stopped as ``stop_after`` asked, or is another machine's run.
    """
    config = load_config(values)
    parts = make_components(config)
    num_nodes = 1 if config.dry_run else getattr(parts.strategy, "num_nodes", 1)
    with MultiNodeTraining(Rendezvous.find(os.environ, num_nodes=num_nodes)) as nodes:
        if nodes.rendezvous.node_rank:
            nodes.follow(devices=parts.strategy.devices)
            return None
        paths = run_paths(values, choices=choices)
        if config.dry_run:
            _plan_only(config, parts, paths)
            return None
        preflight(config, parts)
        return _do_run(config, parts, nodes, values=values, paths=paths, sweep=sweep)


def _plan_only(config: RunConfig, parts: Components, paths: RunPaths) -> None:
    """Show the plan, also on a machine that could not carry it out, and then what is missing for that.

    Raises:
        UserError: every fault.
    """
    faults = find_faults(config, parts)
    if not faults.keys() - _NOT_NEEDED_TO_PLAN:
        print(plan_text(config=config, parts=parts, run=paths.folder.name), flush=True)
    if faults:
        raise UserError(*(fault for each in faults.values() for fault in each))


def _do_run(
    config: RunConfig,
    parts: Components,
    nodes: MultiNodeTraining,
    *,
    values: dict[str, Any],
    paths: RunPaths,
    sweep: str | None,
) -> Path | None:
    store = Store(run_folder=paths.folder, cache_folder=Path(config.cache_dir))
    _check_same_config(paths, values)
    with store.locked():
        # Once more: another process may have begun, or finished, this run while this one waited.
        _check_same_config(paths, values)
        if _is_finished(config, paths):
            return paths.summary
        _write_config(paths, values)
        print(plan_text(config=config, parts=parts, run=paths.folder.name), flush=True)
        _warn_about_rows(parts)
        return _run_logged(config, parts, store, nodes, values=values, sweep=sweep)


def _run_logged(
    config: RunConfig,
    parts: Components,
    store: Store,
    nodes: MultiNodeTraining,
    *,
    values: dict[str, Any],
    sweep: str | None,
) -> Path | None:
    """Run, and leave the reason of a failure in the run folder: a multirun job's own output may be lost."""
    from thoughtrank.pipeline import run_pipeline

    started = time.monotonic()
    log_line(store.paths, f"started: {' '.join(sys.argv[1:])}")
    try:
        summary = run_pipeline(config=config, parts=parts, store=store, nodes=nodes, values=values, sweep=sweep)
    except UserError as error:
        log_line(store.paths, f"stopped: {error}")
        raise
    except Exception:
        log_line(store.paths, traceback.format_exc())
        raise
    minutes = (time.monotonic() - started) / 60
    log_line(store.paths, f"ended after {minutes:.1f} minutes")
    if summary is None:
        print(f"stopped after {config.stop_after} as asked; the same command without stop_after goes on")
        return None
    _print_results(summary, minutes=minutes)
    return store.paths.summary


def _is_finished(config: RunConfig, paths: RunPaths) -> bool:
    """Whether everything asked for exists already; says so."""
    from thoughtrank.pipeline import finished_settings

    if not paths.summary.exists() or config.stop_after is not None or not (paths.export / "config.json").exists():
        return False
    summary = read_json(paths.summary)
    if summary["finished"] != finished_settings(config):
        return False
    print(f"run {paths.folder.name} is finished already; rounds={config.rounds + 2} would extend it")
    _print_results(summary, minutes=None)
    return True


def _print_results(summary: dict[str, Any], *, minutes: float | None) -> None:
    from thoughtrank.report.summary import audit_line, results_table

    print()
    print(results_table(summary["rounds"]))
    if audit := audit_line(summary["rounds"]):
        print(audit)
    print()
    export = summary["export"]
    took = "" if minutes is None else f" ({minutes:.1f} minutes)"
    print(f"model of round {summary['exported_round']}: {export}{took}")
    print(f"its README.md shows how to load it; talk to it: python -m thoughtrank.chat {export}")


def _check_same_config(paths: RunPaths, values: dict[str, Any]) -> None:
    """Attempts at one run must agree in everything that decides a table.

    Raises:
        UserError: this one does not.
    """
    if not paths.config.exists():
        return
    differences = config_differences(yaml.safe_load(paths.config.read_text(encoding="utf-8")), values)
    if differences:
        raise UserError(
            f"run {paths.folder.name} was begun with another config: {'; '.join(differences)}. "
            "Choose another run=, or set these back"
        )


def _write_config(paths: RunPaths, values: dict[str, Any]) -> None:
    """Write the config of the first attempt; later ones leave it."""
    if paths.config.exists():
        return
    paths.folder.mkdir(parents=True, exist_ok=True)
    partial = paths.config.with_suffix(".partial")
    partial.write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), encoding="utf-8")
    partial.replace(paths.config)


def _warn_about_rows(parts: Components) -> None:
    skipped_rows = getattr(parts.questions, "skipped_rows", [])
    for row in skipped_rows[:10]:
        print(f"warning: left out {row}", file=sys.stderr)
    if len(skipped_rows) > 10:
        print(f"warning: left out {len(skipped_rows) - 10} more rows", file=sys.stderr)


def log_line(paths: RunPaths, message: str) -> None:
    """Add to the log of a run."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    with paths.log.open("a", encoding="utf-8") as file:
        file.write(f"{stamp} [{os.getpid()}] {message}\n")


def log_size(paths: RunPaths) -> int:
    """Bytes in the log of a run; 0 where it has none."""
    return paths.log.stat().st_size if paths.log.exists() else 0
