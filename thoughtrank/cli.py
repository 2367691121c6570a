"""The command line: compose the config, check it, run the pipeline."""

import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from omegaconf.resolvers import oc

from thoughtrank.config.folders import writing_faults
from thoughtrank.config.secret_check import secret_faults
from thoughtrank.config.stored_config import reference_to_variable
from thoughtrank.errors import UserError
from thoughtrank.output.printable import printable
from thoughtrank.output.redaction import redacted
from thoughtrank.output.terminal_encoding import escape_unprintable
from thoughtrank.report.sweep_table import (
    SweepJob,
    begin_sweep,
    comparison_text,
    read_jobs,
    record_job,
    redact_sweep_config,
    sweep_arguments,
    sweep_folder,
    write_comparison,
)
from thoughtrank.run import do_run, run_paths
from thoughtrank.stop_signals import handle_stop_signals, stop_status
from thoughtrank.storage.run_log import log_line, log_size

_PACKAGE = Path(__file__).parent
CONFIG_FOLDER = next(folder for folder in (_PACKAGE / "conf", _PACKAGE.parent / "conf") if folder.is_dir())
"""In an installed wheel ``conf`` lies inside the package, in a checkout beside it."""

_failures: list[str] = []


def main() -> None:
    """Entry point of ``train.py``, ``thoughtrank`` and ``python -m thoughtrank``.

    Exit status: 0 if everything requested exists, 2 after an error that the user can fix, 130 and 143 after SIGINT and
    SIGTERM, 1 for bugs. In a sweep the jobs after a failed one still run, and the status is 2 for any failure.
    """
    escape_unprintable()
    handle_stop_signals()
    sys.argv.extend(sweep_arguments(sys.argv[1:]))
    folder = sweep_folder(sys.argv[1:])
    if folder is not None:
        if faults := writing_faults("hydra.sweep.dir", str(folder), folder=folder):
            _print_faults(UserError(*faults))
            sys.exit(2)
        begin_sweep(folder)
    try:
        _hydra_main()
    except KeyboardInterrupt:
        if stop_status() is None:
            print("\ninterrupted; finished work is kept, the same command goes on", file=sys.stderr)
        sys.exit(130)
    if _failures or (folder is not None and not _end_sweep(folder)):
        sys.exit(2)


def _end_sweep(folder: Path) -> bool:
    """Compare the jobs of a sweep; False where one of them failed."""
    jobs = read_jobs(folder)
    if jobs:
        print(f"\n{comparison_text(jobs)}\n\nthe same as a table: {write_comparison(folder, jobs)}")
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
        _failures.extend(error.faults)
        _print_faults(error)
    except Exception:
        if (status := stop_status()) is not None:
            sys.exit(status)  # what was stopped may fail in any way
        _print_traceback()
        sys.exit(1)


def _sweep_job(composed: DictConfig, *, number: int, overrides: tuple[str, ...], folder: Path) -> None:
    """One job of a sweep. Whatever goes wrong in it is recorded, and the other jobs go on."""
    print(redacted(f"\n=== job {number}: {' '.join(overrides)}"), flush=True)
    redact_sweep_config(folder)
    paths = None
    logged = 0
    try:
        values = _plain(composed)
        choices = _choices(values)
        paths = run_paths(values, choices=choices)
        logged = log_size(paths)
        summary = do_run(values, choices=choices, stored=_with_references(composed), sweep=folder.name)
    except Exception as error:
        if (status := stop_status()) is not None:
            sys.exit(status)
        faults = error.faults if isinstance(error, UserError) else [f"{type(error).__name__}: {error}"]
        if isinstance(error, UserError):
            _print_faults(error)
        else:
            _print_traceback()
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
            run=paths.folder.name,
            outcome="stopped" if summary is None else "finished",
            log=str(paths.log),
            summary=str(summary) if summary else None,
        )
    record_job(folder, job)


def _choices(values: dict[str, Any]) -> dict[str, str]:
    """Config group to the name of the chosen file."""
    choices = {str(group): str(choice) for group, choice in HydraConfig.get().runtime.choices.items()}
    # Hydra does not record a choice that is a list: prefixes=[alnum,words].
    composed_of = "+".join(key for key, each in values["prefixes"].items() if isinstance(each, dict))
    return {"prefixes": composed_of, **choices}


def _print_faults(error: UserError) -> None:
    for fault in error.faults:
        print(f"error: {fault}", file=sys.stderr)


def _print_traceback() -> None:
    print(printable(redacted(traceback.format_exc())), file=sys.stderr, flush=True)


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
            _print_faults(UserError(*faults))
            sys.exit(2)


def _plain(composed: DictConfig) -> dict[str, Any]:
    """The composed config as plain values.

    Raises:
        UserError: a value that has to be given is missing, or an interpolation leads nowhere.
    """
    try:
        # Both resolve interpolations.
        missing = sorted(OmegaConf.missing_keys(composed))
        if missing:
            raise UserError(*(f"{key}: missing value; give it as {key}=..." for key in missing))
        values = OmegaConf.to_container(composed, resolve=True)
    except OmegaConfBaseException as error:
        raise UserError(f"config: {str(error).splitlines()[0]}") from error
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}


def _with_references(composed: DictConfig) -> dict[str, Any]:
    """The composed config as plain values, in which ``${oc.env:NAME}`` stays as it is."""
    OmegaConf.register_new_resolver("oc.env", reference_to_variable, replace=True)
    try:
        return _plain(composed)
    finally:
        OmegaConf.register_new_resolver("oc.env", oc.env, replace=True)
