"""One run, from plain config values: check everything, show the plan, do what is still to be done, show the results."""

import os
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from thoughtrank.config.components import Components
from thoughtrank.config.dry_run import plan_text
from thoughtrank.config.preflight import checked_config, find_faults, preflight
from thoughtrank.config.resolved import (
    missing_devices,
    read_resolved,
    resolve,
    with_resolved,
    write_resolved,
)
from thoughtrank.config.run_name import config_differences, default_run_name
from thoughtrank.config.schema import RunConfig
from thoughtrank.config.stored_config import read_stored_config, redact_referenced_variables, write_stored_config
from thoughtrank.errors import UserError
from thoughtrank.finetuning.distributed.multi_node import MultiNodeTraining
from thoughtrank.finetuning.distributed.rendezvous import Rendezvous
from thoughtrank.output.redaction import redacted_values, use_key_variables
from thoughtrank.stop_signals import at_stop, stop_status
from thoughtrank.storage.full_disk import full_disk_as_user_error
from thoughtrank.storage.json_files import read_json
from thoughtrank.storage.run_log import log_line, log_start
from thoughtrank.storage.run_names import run_name_fault
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.storage.store import Store

_NOT_NEEDED_TO_PLAN = {"questions", "engine", "judge", "strategy", "training", "logger", "folders", "disk"}
"""What a machine may lack, or a command have wrong, while the plan of the run can still be shown."""


def run_paths(values: Mapping[str, Any], *, choices: Mapping[str, str]) -> RunPaths:
    """The paths of the run with this config.

    Args:
        values: the composed config.
        choices: config group to the name of the chosen file, for the default name.

    Raises:
        UserError: the folder would not be inside ``runs_dir``, or cannot exist.
    """
    name = str(values["run"] or default_run_name(values, choices))
    if fault := run_name_fault(name):
        raise UserError(f"run: {fault}, not {name!r}")
    return RunPaths(Path(values["runs_dir"]) / name)


def do_run(
    values: dict[str, Any],
    *,
    choices: Mapping[str, str],
    stored: Mapping[str, Any] | None = None,
    sweep: str | None = None,
) -> Path | None:
    """Do what is still to be done of one run.

    Args:
        values: the composed config.
        choices: config group to the name of the chosen file.
        stored: the config as it is kept, with references to environment variables; None for ``values``.
        sweep: the sweep this run is a job of, for the logger.

    Raises:
        UserError: what the user has to fix; finished work is kept.

    Returns:
        Its ``summary.json``; None if it was only planned, stopped by ``stop_after``, or is run by another machine.
    """
    stored = values if stored is None else stored
    use_key_variables(values)
    redact_referenced_variables(stored)
    config, components = checked_config(values)
    num_nodes = 1 if config.dry_run else components.strategy.num_nodes
    with MultiNodeTraining(Rendezvous.find(os.environ, num_nodes=num_nodes)) as nodes:
        if nodes.rendezvous.node_rank:
            nodes.follow(devices=components.strategy.devices)
            return None
        paths = run_paths(values, choices=choices)
        if config.dry_run:
            _plan_only(config, components, paths)
            return None
        attempt = _Attempt(
            config=config,
            components=components,
            nodes=nodes,
            values=values,
            stored=redacted_values(dict(stored)),
            paths=paths,
            sweep=sweep,
        )
        finished = attempt.is_finished()
        if not finished:
            attempt = attempt.resumed()
        preflight(attempt.config, attempt.components, finished=finished)
        with full_disk_as_user_error(paths.folder):
            return attempt.run()


def _plan_only(config: RunConfig, components: Components, paths: RunPaths) -> None:
    """Show the plan, also on a machine that could not run it, and then what is missing for that.

    Raises:
        UserError: every fault.
    """
    faults = find_faults(config, components)
    if not faults.keys() - _NOT_NEEDED_TO_PLAN:
        print(plan_text(config=config, components=components, run=paths.folder.name), flush=True)
    if faults:
        raise UserError(*(fault for each in faults.values() for fault in each))


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """One attempt at a run; the fields are those of ``do_run``, and ``stored`` has no secrets."""

    config: RunConfig
    components: Components
    nodes: MultiNodeTraining
    values: dict[str, Any]
    stored: dict[str, Any]
    paths: RunPaths
    sweep: str | None

    def run(self) -> Path | None:
        """The summary of the finished run; None if ``stop_after`` ended it before."""
        store = Store(run_folder=self.paths.folder, cache_folder=Path(self.config.cache_dir))
        self._check_same_config()
        if self.is_finished():
            # Without the lock: the folder of a finished run may be read-only.
            return self._show_finished()
        with store.locked():
            # Again: another process may have started, or finished, this run while this one waited for the lock.
            self._check_same_config()
            if self.is_finished():
                return self._show_finished()
            self._write_config()
            return self._as_started()._continue(store)

    def resumed(self) -> "_Attempt":
        """This attempt with ``auto`` as the first one resolved it, perhaps on another machine; itself if it is the first.

        Raises:
            UserError: this machine lacks the run's device.
        """
        started = read_resolved(self.paths.resolved)
        if not started or self._differences():
            return self
        if faults := missing_devices(self.values, started, run=self.paths.folder.name):
            raise UserError(*faults)
        config, components = checked_config(with_resolved(self.values, started))
        return replace(self, config=config, components=components)

    def _as_started(self) -> "_Attempt":
        """The same under the lock: another machine may have started it since. The first attempt stores what it resolved."""
        here = resolve(self.config, self.components)
        started = read_resolved(self.paths.resolved)
        if not started:
            write_resolved(self.paths.resolved, here)
        return self if started in ({}, here) else self.resumed()

    def _continue(self, store: Store) -> Path | None:
        """Show the plan, and do the work."""
        print(plan_text(config=self.config, components=self.components, run=self.paths.folder.name), flush=True)
        self._warn_about_skipped_rows()
        return self._run_logged(store)

    def _run_logged(self, store: Store) -> Path | None:
        """Run, and log the reason of a failure in the run folder: a multirun job's own output may be lost."""
        from thoughtrank.pipeline import run_pipeline

        started = time.monotonic()
        with at_stop(lambda name: log_line(self.paths, f"stopped by {name}")):
            log_start(self.paths, command=sys.argv[1:])
            try:
                summary = run_pipeline(
                    config=self.config,
                    components=self.components,
                    store=store,
                    nodes=self.nodes,
                    values=self.stored,
                    sweep=self.sweep,
                )
            except BaseException as error:
                if stop_status() is None:
                    log_line(self.paths, _reason(error))
                raise
            minutes = (time.monotonic() - started) / 60
            log_line(self.paths, f"ended after {minutes:.1f} minutes")
        if summary is None:
            print(
                f"stopped after {self.config.stop_after} as requested; the same command without stop_after resumes the run"
            )
            return None
        _print_results(summary, minutes=minutes)
        return self.paths.summary

    def is_finished(self) -> bool:
        """Whether everything requested exists already."""
        results = (self.paths.summary, self.paths.export / "config.json")
        # os.path: False also for a name that cannot exist, which the preflight reports.
        if self.config.stop_after is not None or not all(map(os.path.exists, results)):
            return False
        from thoughtrank.pipeline import finished_settings

        return bool(read_json(self.paths.summary)["finished"] == finished_settings(self.config))

    def _show_finished(self) -> Path:
        print(f"run {self.paths.folder.name} is finished already; rounds={self.config.rounds + 2} would extend it")
        _print_results(read_json(self.paths.summary), minutes=None)
        return self.paths.summary

    def _check_same_config(self) -> None:
        """Attempts at one run must agree in every key that can change results.

        Raises:
            UserError: this one does not.
        """
        if differences := self._differences():
            raise UserError(
                f"run {self.paths.folder.name} was started with another config: {'; '.join(differences)}. "
                "Choose another run=, or set these back"
            )

    def _differences(self) -> list[str]:
        if not self.paths.config.exists():
            return []
        before = read_stored_config(self.paths.config)
        return config_differences(redacted_values(before), redacted_values(self.values))

    def _write_config(self) -> None:
        """Write the config of the first attempt; later ones leave it."""
        if self.paths.config.exists():
            return
        self.paths.folder.mkdir(parents=True, exist_ok=True)
        write_stored_config(self.paths.config, self.stored)

    def _warn_about_skipped_rows(self) -> None:
        skipped = self.components.questions.skipped_rows
        for row in skipped[:10]:
            print(f"warning: skipped {row}", file=sys.stderr)
        if len(skipped) > 10:
            print(f"warning: skipped {len(skipped) - 10} more rows", file=sys.stderr)


def _reason(error: BaseException) -> str:
    """Why an attempt ended, for its log; bugs with their traceback."""
    if isinstance(error, UserError):
        return f"stopped: {error}"
    return traceback.format_exc() if isinstance(error, Exception) else f"stopped by {type(error).__name__}"


def _print_results(summary: Mapping[str, Any], *, minutes: float | None) -> None:
    from thoughtrank.report.effect_text import closing_lines
    from thoughtrank.report.results_table import arms_table, audit_line, results_table

    print()
    for line in closing_lines(summary):
        print(line)
    print(results_table(summary["rounds"]))
    if arms := arms_table(summary["rounds"]):
        print(f"\nright answers by arm:\n{arms}")
    if audit := audit_line(summary["rounds"]):
        print(audit)
    print()
    export = summary["export"]
    duration = "" if minutes is None else f" ({minutes:.1f} minutes)"
    print(f"model of round {summary['exported_round']}: {export}{duration}")
    print(f"its README.md shows how to load it; chat with it: python -m thoughtrank.chat {export}")
