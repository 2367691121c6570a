"""The command line: compose the config, check it, run the pipeline."""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from omegaconf.resolvers import oc

from thoughtrank.config.composition_errors import composition_fault
from thoughtrank.config.folders import writing_faults
from thoughtrank.config.preflight import config_faults
from thoughtrank.config.secret_check import secret_faults
from thoughtrank.config.stored_config import reference_to_variable
from thoughtrank.entry_point import prepare_program
from thoughtrank.errors import UserError
from thoughtrank.output.terminal import print_error, print_faults, print_text, print_traceback
from thoughtrank.process.module_path import search_working_folder_last
from thoughtrank.process.stop_signals import handle_stop_signals, stop_status
from thoughtrank.report.sweep_jobs import (
    SweepJob,
    begin_sweep,
    read_jobs,
    record_job,
    redact_sweep_config,
    sweep_arguments,
    sweep_folder,
)
from thoughtrank.run import do_run, run_paths
from thoughtrank.storage.full_disk import full_disk_as_user_error
from thoughtrank.storage.run_log import log_line, log_size

_PACKAGE = Path(__file__).parent
CONFIG_FOLDER = next(folder for folder in (_PACKAGE / "conf", _PACKAGE.parent / "conf") if folder.is_dir())
"""In an installed wheel ``conf`` lies inside the package, in a checkout beside it."""

_RAISE_ERRORS = "HYDRA_FULL_ERROR"
"""Environment variable: with 1, Hydra raises its errors. Otherwise it prints them and ends the process with status 1."""
_CONFIG_LIBRARIES = ("hydra", "hydra_plugins", "omegaconf", "yaml", "antlr4")
_failures: list[str] = []


def main() -> None:
    """Entry point of ``train.py``, ``thoughtrank`` and ``python -m thoughtrank``.

    Exit status: 0 if everything requested exists, 2 after an error that the user can fix, 130 and 143 after SIGINT and
    SIGTERM, 1 for bugs. In a sweep the jobs after a failed one still run, and the status is 2 for any failure.
    """
    prepare_program()
    handle_stop_signals()
    sys.argv.extend(sweep_arguments(sys.argv[1:]))
    folder = sweep_folder(sys.argv[1:])
    if folder is not None:
        if faults := writing_faults("hydra.sweep.dir", str(folder), folder=folder):
            print_faults(faults)
            sys.exit(2)
        begin_sweep(folder)
    try:
        _compose_and_run(folder)
        if folder is not None and not _end_sweep(folder):
            sys.exit(2)
    except KeyboardInterrupt:
        if stop_status() is None:
            print_error("\ninterrupted; finished work is kept: run the same command again to resume")
        sys.exit(130)
    except UserError as error:
        _fail(error)
    if _failures:
        sys.exit(2)


def _compose_and_run(folder: Path | None) -> None:
    """Run or sweep. What Hydra reports about the command line becomes a plain message.

    Args:
        folder: of a sweep.
    """
    shown = os.environ.get(_RAISE_ERRORS)
    os.environ[_RAISE_ERRORS] = "1"
    try:
        with full_disk_as_user_error(folder or Path()):
            _hydra_main()
    except UserError as error:
        _fail(error)
    except Exception as error:
        if (status := stop_status()) is not None:
            sys.exit(status)  # what was stopped may fail in any way
        if not _is_about_the_config(error):
            _end_with_bug()
        _fail(UserError(_composition_fault(error)))
    finally:
        if shown is None:
            del os.environ[_RAISE_ERRORS]
        else:
            os.environ[_RAISE_ERRORS] = shown


def _is_about_the_config(error: Exception) -> bool:
    """Whether Hydra, or a library it reads configs with, has raised an error: all others are caught where they arise."""
    if isinstance(error, HydraException | OmegaConfBaseException):
        return True
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    module = str(trace.tb_frame.f_globals.get("__name__", "")) if trace is not None else ""
    return module.partition(".")[0] in _CONFIG_LIBRARIES


def _composition_fault(error: Exception) -> str:
    return composition_fault(
        str(error),
        cause=str(error.__cause__ or ""),
        override=error.override if isinstance(error, OverrideParseException) else None,
        options=(error.options or ()) if isinstance(error, MissingConfigException) else (),
    )


def _fail(error: UserError) -> None:
    _failures.extend(error.faults)
    print_faults(error.faults)


def _end_with_bug() -> NoReturn:
    print_traceback()
    sys.exit(1)


def _end_sweep(folder: Path) -> bool:
    """Compare the jobs of a sweep; False where one of them failed."""
    from thoughtrank.report.sweep_seeds import seed_groups
    from thoughtrank.report.sweep_table import comparison_text, write_comparison

    jobs = read_jobs(folder)
    if jobs:
        groups = seed_groups(jobs)
        print_text(f"\n{comparison_text(jobs, groups)}")
        with full_disk_as_user_error(folder):
            written = " and ".join(map(str, write_comparison(folder, jobs, groups)))
            print_text(f"\nthe same as a table: {written}")
    return all(job.outcome != "failed" for job in jobs)


@hydra.main(config_path=str(CONFIG_FOLDER), config_name="config", version_base="1.3")
def _hydra_main(composed: DictConfig) -> None:
    hydra_config = HydraConfig.get()
    if hydra_config.mode == RunMode.MULTIRUN:
        overrides = tuple(str(each) for each in hydra_config.overrides.task)
        _sweep_job(composed, number=int(hydra_config.job.num), overrides=overrides, folder=Path(hydra_config.sweep.dir))
        return
    try:
        values = _plain(composed)
        do_run(values, choices=_choices(values), stored=_with_references(composed))
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
    paths = None
    logged = 0
    try:
        values = _plain(composed)
        choices = _choices(values)
        with suppress(UserError):  # reported with all other faults
            paths = run_paths(values, choices=choices)
            logged = log_size(paths)
        summary = do_run(values, choices=choices, stored=_with_references(composed), sweep=folder.name)
    except Exception as error:
        if (status := stop_status()) is not None:
            sys.exit(status)
        faults = error.faults if isinstance(error, UserError) else [f"{type(error).__name__}: {error}"]
        if isinstance(error, UserError):
            print_faults(error.faults)
        else:
            print_traceback()
        if paths is not None and log_size(paths) == logged:
            # It failed before its run began, and so before anything was logged. Perhaps its folder cannot be written.
            with suppress(OSError):
                paths.folder.mkdir(parents=True, exist_ok=True)
                log_line(paths, f"stopped: {error}")
        job = SweepJob(
            number=number,
            overrides=overrides,
            run=paths.folder.name if paths else "",
            outcome="failed",
            error="; ".join(faults).partition("\n")[0],
            log=str(paths.log) if paths else None,
        )
    else:
        job = SweepJob(
            number=number,
            overrides=overrides,
            run=paths.folder.name if paths else "",
            outcome="stopped" if summary is None else "finished",
            log=str(paths.log) if paths else None,
            summary=str(summary) if summary else None,
        )
    # Raised, so that the sweep fails wherever its jobs run.
    with full_disk_as_user_error(folder):
        record_job(folder, job)


def _choices(values: dict[str, Any]) -> dict[str, str]:
    """Config group to the name of the chosen file."""
    choices = {str(group): str(choice) for group, choice in HydraConfig.get().runtime.choices.items()}
    # Hydra does not record a choice that is a list: prefixes=[alnum,words].
    composed_of = "+".join(key for key, each in values["prefixes"].items() if isinstance(each, dict))
    return {"prefixes": composed_of, **choices}


class SecretCheck(Callback):
    """Ends a sweep whose config or command line contains a secret before Hydra writes them into the sweep's folder."""

    def on_multirun_start(self, config: DictConfig, **_: object) -> None:
        """See ``Callback``; exit status 2."""
        values = OmegaConf.to_container(config)
        assert isinstance(values, dict)
        overrides = [str(each) for each in config.hydra.overrides.task]
        settings = {str(key): value for key, value in values.items() if key != "hydra"}
        faults = secret_faults(settings, overrides=overrides)
        if faults:
            print_faults(faults)
            sys.exit(2)


def _plain(composed: DictConfig) -> dict[str, Any]:
    """The composed config as plain values.

    Raises:
        UserError: an interpolation leads nowhere, or a value that has to be given is missing; with all faults of the others.
    """
    try:
        # Both resolve interpolations.
        missing = sorted(OmegaConf.missing_keys(composed))
        resolved = OmegaConf.to_container(composed, resolve=True)
    except OmegaConfBaseException as error:
        raise UserError(f"config: {str(error).splitlines()[0]}") from error
    assert isinstance(resolved, dict)
    values = {str(key): value for key, value in resolved.items()}
    if missing:
        others = [fault for fault in config_faults(_without(values, missing)) if not fault.endswith(": missing value")]
        raise UserError(*(f"{key}: missing value; give it as {key}=..." for key in missing), *others)
    return values


def _without(values: Mapping[str, Any], keys: Sequence[str], *, where: str = "") -> dict[str, Any]:
    """A config without some of its keys, which are given as they are typed."""
    return {
        key: _without(value, keys, where=f"{where}{key}.") if isinstance(value, Mapping) else value
        for key, value in values.items()
        if f"{where}{key}" not in keys
    }


def _with_references(composed: DictConfig) -> dict[str, Any]:
    """The composed config as plain values, in which ``${oc.env:NAME}`` stays as it is."""
    OmegaConf.register_new_resolver("oc.env", reference_to_variable, replace=True)
    try:
        return _plain(composed)
    finally:
        OmegaConf.register_new_resolver("oc.env", oc.env, replace=True)
