"""One run, from plain config values: its name, its check, its plan, and then an attempt at it."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from thoughtrank.attempt import Attempt
from thoughtrank.config.components import Components
from thoughtrank.config.dry_run.plan import plan_text
from thoughtrank.config.preflight import all_faults, checked_config, find_faults, preflight
from thoughtrank.config.row_warnings import warn_about_rows
from thoughtrank.config.run_identity import default_run_name
from thoughtrank.config.schema import RunConfig
from thoughtrank.config.stored_config import redact_referenced_variables
from thoughtrank.errors import UserError
from thoughtrank.finetuning.distributed.multi_node import MultiNodeTraining
from thoughtrank.finetuning.distributed.rendezvous import Rendezvous
from thoughtrank.output.redaction import redacted_values, use_key_variables
from thoughtrank.output.terminal import print_plan
from thoughtrank.storage.full_disk import full_disk_as_user_error
from thoughtrank.storage.run_names import run_name, run_name_fault
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.user_input.user_paths import user_path

_NOT_NEEDED_TO_PLAN = {"questions", "engine", "judge", "strategy", "training", "logger", "folders", "disk", "memory"}
"""What a machine may lack, or a command have wrong, while the plan of the run can still be shown."""


def run_paths(values: Mapping[str, Any], *, choices: Mapping[str, str]) -> RunPaths:
    """The paths of the run with this config.

    Args:
        values: the composed config.
        choices: config group to what was chosen, for the default name.

    Raises:
        UserError: the folder would not be inside ``runs_dir``, or cannot exist.
    """
    parent = values["runs_dir"]
    if not isinstance(parent, str):
        raise UserError(f"runs_dir: give the path of a folder, not {parent!r}")
    name = str(values["run"] or default_run_name(values, choices))
    if fault := run_name_fault(name):
        raise UserError(f"run: {fault}, not {name!r}")
    return RunPaths(user_path(parent) / name)


def do_run(
    values: dict[str, Any],
    *,
    choices: Mapping[str, str],
    stored: Mapping[str, Any] | None = None,
    sweep: str | None = None,
    command: Sequence[str] | None = None,
) -> Path | None:
    """Do what is still to be done of one run.

    Args:
        values: the composed config.
        choices: config group to what was chosen, for the default name.
        stored: the config as it is kept, with references to environment variables; None for ``values``.
        sweep: the sweep this run is a job of, for the logger.
        command: the overrides as they were given, for the log of the run; None for those of the command line.

    Raises:
        UserError: what the user has to fix; finished work is kept.

    Returns:
        Its ``summary.json``; None if it was only planned, stopped by ``stop_after``, or is run by another machine.
    """
    stored = values if stored is None else stored
    use_key_variables(values)
    redact_referenced_variables(stored)
    config, components = checked_config(values)
    rendezvous, paths = _rendezvous_and_paths(config, components, values=values, choices=choices)
    with MultiNodeTraining(rendezvous) as nodes:
        if nodes.rendezvous.node_rank:
            nodes.follow(devices=components.strategy.devices)
            return None
        attempt = Attempt(
            config=config,
            components=components,
            nodes=nodes,
            values=values,
            stored=redacted_values(dict(stored)),
            paths=paths,
            sweep=sweep,
            command=command,
        )
        if config.dry_run:
            _plan_only(config, components, paths=paths, more_faults=attempt.config_faults())
            return None
        finished = attempt.is_finished()
        if not finished:
            attempt.warn_about_damage()
            attempt = attempt.resumed()
        preflight(attempt.config, attempt.components, finished=finished, more_faults=attempt.config_faults())
        with full_disk_as_user_error(paths.folder):
            return attempt.run()


def _rendezvous_and_paths(
    config: RunConfig, components: Components, *, values: Mapping[str, Any], choices: Mapping[str, str]
) -> tuple[Rendezvous, RunPaths]:
    """Where the machines of a run meet, and where the run is stored.

    Raises:
        UserError: one of them cannot be; together with every other fault.
    """
    faults: list[str] = []
    num_nodes = 1 if config.dry_run else components.strategy.num_nodes
    try:
        rendezvous = Rendezvous.find(os.environ, num_nodes=num_nodes)
    except UserError as error:
        faults += error.faults
    try:
        paths = run_paths(values, choices=choices)
    except UserError as error:
        faults += error.faults
    if faults:
        raise UserError(*faults, *all_faults(config, components))
    return rendezvous, paths


def _plan_only(config: RunConfig, components: Components, *, paths: RunPaths, more_faults: Sequence[str]) -> None:
    """Show the plan, also on a machine that could not run it, which rows are left out, and then what is missing for the run.

    Raises:
        UserError: every fault.
    """
    faults = find_faults(config, components)
    if not faults.keys() - _NOT_NEEDED_TO_PLAN:
        try:
            first_round = paths.first_unfinished_round()
            run = run_name(paths.folder, runs_dir=config.runs_folder)
            print_plan(plan_text(config=config, components=components, run=run, first_round=first_round))
        except Exception:
            # A setting that is at fault may leave nothing to plan with; the faults say so.
            if not faults:
                raise
        if "questions" not in faults:
            warn_about_rows(components.questions)
    if faults or more_faults:
        raise UserError(*(fault for each in faults.values() for fault in each), *more_faults)
