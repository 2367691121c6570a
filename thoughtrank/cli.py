"""The command line: compose the config, check it, run the pipeline."""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from thoughtrank import __version__
from thoughtrank.api.compose import (
    CONFIG_FOLDER,
    CONFIG_NAME,
    VERSION_BASE,
    config_error,
    group_choices,
    plain_values,
    values_with_references,
)
from thoughtrank.api.overrides import override_texts
from thoughtrank.config.argument_order import overrides_first
from thoughtrank.config.folders import writing_faults
from thoughtrank.config.former_keys import present_keys
from thoughtrank.config.python_none import null_for_none
from thoughtrank.config.run_identity import operational_config_keys
from thoughtrank.config.secret_check import secret_faults
from thoughtrank.entry_point import prepare_program
from thoughtrank.errors import UserError
from thoughtrank.output.terminal import ended_by_closed_output, print_error, print_faults, print_text, print_traceback
from thoughtrank.process.module_path import search_working_folder_last
from thoughtrank.process.stop_signals import handle_stop_signals, stop_status
from thoughtrank.report.sweep_jobs import (
    NO_FOLDER,
    Outcome,
    SweepJob,
    begin_sweep,
    read_jobs,
    record_job,
    redact_sweep_config,
    same_run_fault,
    sweep_arguments,
    sweep_folder,
)
from thoughtrank.report.sweep_plan import SweepFolder, is_planned, planning_folder
from thoughtrank.run import do_run, run_paths
from thoughtrank.storage.full_disk import full_disk_as_user_error
from thoughtrank.storage.run_log import log_line, log_size
from thoughtrank.storage.run_names import run_name
from thoughtrank.user_input.user_paths import user_path
from thoughtrank.user_input.value_faults import encoding_faults

_RAISE_ERRORS = "HYDRA_FULL_ERROR"
"""Environment variable: with 1, Hydra raises its errors. Otherwise it prints them and ends the process with status 1."""
_SHOWING = ("--help", "-h", "--hydra-help", "--version", "--cfg", "-c", "--info", "-i")
"""Flags with which Hydra only prints something."""
_failures: list[str] = []
_sweeps: list[SweepFolder] = []
"""The folder of the sweep that this process has started, if it has."""


def main() -> None:
    """Entry point of ``train.py``, ``thoughtrank`` and ``python -m thoughtrank``.

    Exit status: 0 if everything requested exists, 2 after an error that the user can fix, 130 and 143 after SIGINT and
    SIGTERM, 1 for bugs. In a sweep the jobs after a failed one still run, and the status is 2 for any failure.
    """
    prepare_program()
    handle_stop_signals()
    arguments = overrides_first([*sys.argv[1:], *sweep_arguments(sys.argv[1:])])
    sys.argv[1:] = null_for_none(present_keys(arguments))
    _sweeps.clear()
    try:
        _compose_and_run(sweep_folder(sys.argv[1:]))
        if not all(map(_end_sweep, _sweeps)):
            sys.exit(2)
    except KeyboardInterrupt:
        if stop_status() is None:
            print_error("\ninterrupted; finished work is kept: run the same command again to resume")
        sys.exit(130)
    except UserError as error:
        _fail(error)
    finally:
        for sweep in _sweeps:
            sweep.clean_up()
    if _failures:
        sys.exit(2)


def _compose_and_run(folder: Path | None) -> None:
    """Run or sweep. What Hydra reports about the command line becomes a plain message.

    Args:
        folder: of a sweep, where the command line names it.
    """
    shown = os.environ.get(_RAISE_ERRORS)
    os.environ[_RAISE_ERRORS] = "1"
    try:
        shows = any(each.partition("=")[0] in _SHOWING for each in sys.argv[1:])
        with full_disk_as_user_error(folder or Path()), ended_by_closed_output(active=shows):
            if any(_asks_for_version(each) for each in sys.argv[1:]):
                print_text(f"thoughtrank {__version__} (Hydra {hydra.__version__})")
            else:
                _hydra_main()
    except UserError as error:
        _fail(error)
    except Exception as error:
        if (status := stop_status()) is not None:
            sys.exit(status)  # what was stopped may fail in any way
        fault = config_error(error)
        if fault is None:
            _end_with_bug()
        _fail(fault)
    finally:
        if shown is None:
            del os.environ[_RAISE_ERRORS]
        else:
            os.environ[_RAISE_ERRORS] = shown


def _asks_for_version(argument: str) -> bool:
    """Whether it is the flag, perhaps only the beginning of its name, to which Hydra would answer with its own version."""
    return len(argument) > 2 and "--version".startswith(argument)


def _fail(error: UserError) -> None:
    _failures.extend(error.faults)
    print_faults(error.faults)


def _end_with_bug() -> NoReturn:
    print_traceback()
    sys.exit(1)


def _end_sweep(sweep: SweepFolder) -> bool:
    """Compare the jobs of a sweep; False where one of them failed."""
    from thoughtrank.report.sweep_seeds import seed_groups
    from thoughtrank.report.sweep_table import comparison_text, write_comparison

    jobs = read_jobs(sweep.path)
    if jobs:
        groups = seed_groups(jobs)
        print_text(f"\n{comparison_text(jobs, groups)}")
    if jobs and not sweep.planned:
        with full_disk_as_user_error(sweep.path):
            written = " and ".join(map(str, write_comparison(sweep.path, jobs, groups)))
            print_text(f"\nthe same as a table: {written}")
    return all(job.outcome != "failed" for job in jobs)


@hydra.main(config_path=str(CONFIG_FOLDER), config_name=CONFIG_NAME, version_base=VERSION_BASE)
def _hydra_main(composed: DictConfig) -> None:
    hydra_config = HydraConfig.get()
    if hydra_config.mode == RunMode.MULTIRUN:
        overrides = tuple(str(each) for each in hydra_config.overrides.task)
        _sweep_job(composed, number=int(hydra_config.job.num), overrides=overrides, folder=Path(hydra_config.sweep.dir))
        return
    try:
        values = plain_values(composed)
        do_run(
            values,
            choices=_choices(values),
            stored=values_with_references(composed),
        )
    except UserError as error:
        _fail(error)
    except Exception:
        if (status := stop_status()) is not None:
            sys.exit(status)  # what was stopped may fail in any way
        _end_with_bug()


def _sweep_job(composed: DictConfig, *, number: int, overrides: tuple[str, ...], folder: Path) -> None:
    """One job of a sweep, perhaps in a process of a launcher. Its errors are recorded, and the other jobs continue."""
    search_working_folder_last()
    print_text(f"\n=== job {number}: {' '.join(overrides)}")
    redact_sweep_config(folder)
    paths, name = None, ""
    logged = 0
    planned = bool(composed.get("dry_run"))  # which writes nothing
    try:
        values = plain_values(composed)
        choices = _choices(values)
        with suppress(UserError):  # reported with all other faults
            paths = run_paths(values, choices=choices)
            name = run_name(paths.folder, runs_dir=user_path(values["runs_dir"]))
            logged = log_size(paths)
        summary = do_run(values, choices=choices, stored=values_with_references(composed), sweep=folder.name)
        if planned and paths is not None:
            this = SweepJob(number=number, overrides=overrides, run=name, outcome="planned").redacted()
            if fault := same_run_fault(this, read_jobs(folder), operational=operational_config_keys(values)):
                raise UserError(fault)
    except Exception as error:
        if (status := stop_status()) is not None:
            sys.exit(status)
        # One line: of a UserError the whole of it, of a bug the first.
        bug = f"{type(error).__name__}: {error}".partition("\n")[0]
        reason = " ".join("; ".join(error.faults).split()) if isinstance(error, UserError) else bug
        if isinstance(error, UserError):
            print_faults(error.faults)
        else:
            print_traceback()
        if paths is not None and log_size(paths) == logged and not planned:
            # It failed before its run began, and so before anything was logged. Perhaps its folder cannot be written.
            with suppress(OSError):
                paths.folder.mkdir(parents=True, exist_ok=True)
                log_line(paths, f"stopped: {error}")
        job = SweepJob(
            number=number,
            overrides=overrides,
            run=name,
            outcome="failed",
            error=reason,
            log=str(paths.log) if paths and not planned else None,
        )
    else:
        job = SweepJob(
            number=number,
            overrides=overrides,
            run=name,
            outcome=_outcome(summary, planned=planned),
            log=str(paths.log) if paths and not planned else None,
            summary=str(summary) if summary else None,
        )
    # Raised, so that the sweep fails wherever its jobs run.
    with full_disk_as_user_error(folder):
        record_job(folder, job)


def _outcome(summary: Path | None, *, planned: bool) -> Outcome:
    """Of a job that did not fail."""
    if summary is not None:
        return "finished"
    return "planned" if planned else "stopped"


def _choices(values: Mapping[str, Any]) -> dict[str, str]:
    return group_choices(HydraConfig.get().runtime, values=values)


class SweepStart(Callback):
    """What is done before the first job of a sweep, whether the command line asks for the sweep or a config does."""

    def on_multirun_start(self, config: DictConfig, **_: object) -> None:
        """See ``Callback``; exit status 2 if the sweep cannot start.

        A config or a command line that contains a secret is refused before Hydra writes them into the sweep's folder.
        """
        values = OmegaConf.to_container(config)
        assert isinstance(values, dict)
        overrides = [str(each) for each in config.hydra.overrides.task]
        settings = {str(key): value for key, value in values.items() if key != "hydra"}
        folder = Path(config.hydra.sweep.dir)
        typed = dict(each.partition("=")[::2] for each in overrides)
        faults = [
            *secret_faults(settings, overrides=overrides),
            *dict.fromkeys([*encoding_faults(settings, where=""), *encoding_faults(typed, where="")]),
            *writing_faults("hydra.sweep.dir", str(folder), folder=folder),
        ]
        if (meant := user_path(str(folder))) != folder:
            faults.append(f"hydra.sweep.dir={folder}: Hydra would make a folder called ~: give the path as {meant}")
        if folder == NO_FOLDER:
            faults.append(f"hydra.sweep.dir: a config that sweeps has to name its folder, such as {NO_FOLDER}/mine")
        if faults:
            print_faults(faults)
            sys.exit(2)
        sweep = SweepFolder(folder)
        if is_planned(settings, typed=typed):
            sweep = planning_folder(folder)
            with open_dict(config):
                config.hydra.sweep.dir = str(sweep.path)
                config.hydra.overrides.hydra.extend(override_texts({"hydra.sweep.dir": str(sweep.path)}))
        _sweeps.append(sweep)
        begin_sweep(sweep.path)
