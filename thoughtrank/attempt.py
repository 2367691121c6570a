"""One attempt at a run, which has the config of the first one, locks the run folder and logs how it ended."""

import os
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from thoughtrank.config.components import Components
from thoughtrank.config.dry_run.plan import plan_text
from thoughtrank.config.preflight import checked_config
from thoughtrank.config.resolved import (
    missing_devices,
    read_resolved,
    resolve,
    with_resolved,
    write_resolved,
)
from thoughtrank.config.row_warnings import warn_about_rows
from thoughtrank.config.run_identity import config_differences
from thoughtrank.config.schema import RunConfig
from thoughtrank.config.stored_config import read_stored_config, write_stored_config
from thoughtrank.config.variable_digests import changed_variables, write_variable_digests
from thoughtrank.errors import UserError
from thoughtrank.evaluation.math_equality import comparisons_over_limit
from thoughtrank.finetuning.distributed.multi_node import MultiNodeTraining
from thoughtrank.output.redaction import redacted_values
from thoughtrank.output.terminal import print_plan, print_text, print_warning
from thoughtrank.process.stop_signals import at_stop, stop_status
from thoughtrank.report.finished_run import damage, damage_text, print_results, was_finished
from thoughtrank.storage.json_files import read_json
from thoughtrank.storage.run_log import log_line, log_start
from thoughtrank.storage.run_names import run_name
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.storage.stage_reuse import Store


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt at a run.

    Attributes:
        config: the whole config.
        components: made from it.
        nodes: the machines that train.
        values: the composed config as plain values.
        stored: the same as it is kept: with references to environment variables, and without secrets.
        paths: of the run.
        sweep: the sweep this run is a job of, for the logger.
        command: the overrides as they were given; None for those of the command line.
    """

    config: RunConfig
    components: Components
    nodes: MultiNodeTraining
    values: dict[str, Any]
    stored: dict[str, Any]
    paths: RunPaths
    sweep: str | None
    command: Sequence[str] | None = None

    @property
    def _name(self) -> str:
        return run_name(self.paths.folder, runs_dir=self.config.runs_folder)

    def run(self) -> Path | None:
        """The summary of the finished run; None if ``stop_after`` ended it before."""
        store = Store(run_folder=self.paths.folder, cache_folder=self.config.cache_folder)
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

    def resumed(self) -> "Attempt":
        """This attempt with ``auto`` as the first one resolved it, perhaps on another machine; itself if it is the first.

        Raises:
            UserError: this machine lacks the run's device.
        """
        started = read_resolved(self.paths.resolved)
        if not started or self.config_faults():
            return self
        if faults := missing_devices(self.values, started, run=self._name):
            raise UserError(*faults)
        config, components = checked_config(with_resolved(self.values, started))
        return replace(self, config=config, components=components)

    def _as_started(self) -> "Attempt":
        """The same under the lock: another machine may have started it since. The first attempt stores what it resolved."""
        here = resolve(self.config, self.components)
        started = read_resolved(self.paths.resolved)
        if not started:
            write_resolved(self.paths.resolved, here)
        return self if started in ({}, here) else self.resumed()

    def _continue(self, store: Store) -> Path | None:
        """Show the plan, and do the work."""
        first_round = self.paths.first_unfinished_round()
        print_plan(plan_text(config=self.config, components=self.components, run=self._name, first_round=first_round))
        warn_about_rows(self.components.questions)
        needs_judge = self.config.stop_after != "generation"
        if needs_judge and (warning := self.components.judge.availability_warning()):
            print_warning(warning)
        return self._run_logged(store)

    def _run_logged(self, store: Store) -> Path | None:
        """Run, and log the reason of a failure in the run folder: a multirun job's own output may be lost."""
        from thoughtrank.pipeline import run_pipeline

        started = time.monotonic()
        with at_stop(lambda name: log_line(self.paths, f"stopped by {name}")):
            log_start(self.paths, command=sys.argv[1:] if self.command is None else self.command)
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
            print_text(
                f"stopped after {self.config.stop_after} as requested; the same command without stop_after resumes the run"
            )
            return None
        print_results(summary, paths=self.paths, minutes=minutes)
        if stopped := comparisons_over_limit():
            print_warning(f"{stopped} comparisons with a reference answer exceeded a limit and count as wrong")
        return self.paths.summary

    def is_finished(self) -> bool:
        """Whether everything requested exists already, undamaged."""
        return self._was_finished() and not damage(self.paths)

    def _was_finished(self) -> bool:
        if self.config.stop_after is not None or not os.path.exists(self.paths.summary):  # noqa: PTH110  (impossible names)
            return False
        from thoughtrank.rounds.run_results import finished_settings

        return was_finished(self.paths, settings=finished_settings(self.config))

    def warn_about_damage(self) -> None:
        """Print what is damaged in a run that was finished, and now has to be restored."""
        if self._was_finished():
            print_warning(damage_text(self._name, damage(self.paths)))

    def _show_finished(self) -> Path:
        print_text(f"run {self._name} is finished already; rounds={self.config.rounds + 1} would extend it")
        print_results(read_json(self.paths.summary), paths=self.paths, minutes=None)
        return self.paths.summary

    def _check_same_config(self) -> None:
        """Attempts at one run must agree in every key that can change results.

        Raises:
            UserError: this one does not.
        """
        if faults := self.config_faults():
            raise UserError(*faults)

    def config_faults(self) -> list[str]:
        """What is another than in the first attempt, and may not be, a line each; or why that cannot be read."""
        try:
            differences = self._differences()
        except UserError as error:
            return list(error.faults)
        if differences:
            listed = ";".join(f"\n  {each}" for each in differences)
            return [
                f"run {self._name} was started with another config:{listed}.\n"
                "Choose another run=, which uses all finished stages that these settings do not change, or set these back"
            ]
        return []

    def _differences(self) -> list[str]:
        if not self.paths.config.exists():
            return []
        before = read_stored_config(self.paths.config)
        changed, compared = changed_variables(self.paths.variables, values=self.values)
        differences = config_differences(redacted_values(before), redacted_values(self.values), without=compared)
        return [*differences, *(f"{key} came from an environment variable and had another value" for key in changed)]

    def _write_config(self) -> None:
        """Write the config of the first attempt; later ones leave it."""
        if self.paths.config.exists():
            return
        self.paths.folder.mkdir(parents=True, exist_ok=True)
        write_variable_digests(self.paths.variables, stored=self.stored, values=self.values)
        write_stored_config(self.paths.config, self.stored)


def _reason(error: BaseException) -> str:
    """Why an attempt ended, for its log; bugs with their traceback."""
    if isinstance(error, UserError):
        return f"stopped: {error}"
    return traceback.format_exc() if isinstance(error, Exception) else f"stopped by {type(error).__name__}"
