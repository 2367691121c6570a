"""The command line: compose the config, check it, run the pipeline."""

import os
import signal
import sys
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

import hydra
import yaml
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from thoughtrank.config import RunConfig, config_differences, default_run_name, load_config
from thoughtrank.errors import UserError
from thoughtrank.plan import plan_text
from thoughtrank.preflight import Parts, make_parts, preflight
from thoughtrank.store import RunPaths, Store, read_json

_PACKAGE = Path(__file__).parent
CONFIG_FOLDER = next(folder for folder in (_PACKAGE / "conf", _PACKAGE.parent / "conf") if folder.is_dir())
"""In an installed wheel ``conf`` lies inside the package, in a checkout beside it."""

_failures: list[str] = []


def main() -> None:
    """Entry point of ``train.py``, ``thoughtrank`` and ``python -m thoughtrank``.

    Exit status: 0 when everything asked for exists, 2 after an error the user can put right, 130 and 143 when interrupted
    or told to stop, 1 for bugs.
    """
    signal.signal(signal.SIGTERM, _stop)
    try:
        _hydra_main()
    except KeyboardInterrupt:
        print("\ninterrupted; what is finished is kept, the same command goes on", file=sys.stderr)
        sys.exit(130)
    if _failures:
        sys.exit(2)


def _stop(number: int, frame: FrameType | None) -> None:
    print("\nstopped; what is finished is kept, the same command goes on", file=sys.stderr, flush=True)
    sys.exit(128 + number)


@hydra.main(config_path=str(CONFIG_FOLDER), config_name="config", version_base="1.3")
def _hydra_main(composed: DictConfig) -> None:
    try:
        values = _plain(composed)
        choices = {str(group): str(choice) for group, choice in HydraConfig.get().runtime.choices.items()}
        # Hydra does not record a choice that is a list: prefixes=[alnum,words].
        choices.setdefault(
            "prefixes", "+".join(key for key, each in values["prefixes"].items() if isinstance(each, dict))
        )
        _run(values, choices)
    except UserError as error:
        _failures.extend(error.faults)
        for fault in error.faults:
            print(f"error: {fault}", file=sys.stderr)


def _plain(composed: DictConfig) -> dict[str, Any]:
    """The composed config as plain values.

    Raises:
        UserError: a value that has to be given is missing, or an interpolation leads nowhere.
    """
    missing = sorted(OmegaConf.missing_keys(composed))
    if missing:
        raise UserError(*(f"{key}: missing value; give it as {key}=..." for key in missing))
    try:
        values = OmegaConf.to_container(composed, resolve=True)
    except OmegaConfBaseException as error:
        raise UserError(f"config: {str(error).splitlines()[0]}") from error
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}


def _run(values: dict[str, Any], choices: dict[str, str]) -> None:
    config = load_config(values)
    parts = make_parts(config)
    preflight(config, parts)
    run = config.run or default_run_name(values, choices)
    paths = RunPaths(Path(config.runs_dir) / run)
    if config.dry_run:
        print(plan_text(config=config, parts=parts, run=run))
        return
    store = Store(run_folder=paths.folder, cache_folder=Path(config.cache_dir))
    _check_same_config(paths, values)
    with store.locked():
        # Once more: another process may have begun, or finished, this run while this one waited.
        _check_same_config(paths, values)
        if _is_finished(config, paths):
            return
        _write_config(paths, values)
        print(plan_text(config=config, parts=parts, run=run), flush=True)
        _warn_about_rows(parts)
        _run_logged(config, parts, store, values)


def _run_logged(config: RunConfig, parts: Parts, store: Store, values: dict[str, Any]) -> None:
    """Run, and leave the reason of a failure in the run folder: a multirun job's own output may be lost."""
    from thoughtrank.pipeline import run_pipeline

    started = time.monotonic()
    _log(store.paths, f"started: {' '.join(sys.argv[1:])}")
    try:
        summary = run_pipeline(config=config, parts=parts, store=store, values=values)
    except UserError as error:
        _log(store.paths, f"stopped: {error}")
        raise
    except Exception:
        _log(store.paths, traceback.format_exc())
        raise
    minutes = (time.monotonic() - started) / 60
    _log(store.paths, f"ended after {minutes:.1f} minutes")
    if summary is None:
        print(f"stopped after {config.stop_after} as asked; the same command without stop_after goes on")
    else:
        _print_results(summary, minutes=minutes)


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
    from thoughtrank.summary import results_table

    print()
    print(results_table(summary["rounds"]))
    print()
    export = summary["export"]
    took = "" if minutes is None else f" ({minutes:.1f} minutes)"
    print(f"model of round {summary['exported_round']}: {export}{took}")
    print(f"its README.md shows how to load it; talk to it: python -m thoughtrank.chat_with {export}")


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


def _warn_about_rows(parts: Parts) -> None:
    bad_rows = getattr(parts.questions, "bad_rows", [])
    for row in bad_rows[:10]:
        print(f"warning: left out {row}", file=sys.stderr)
    if len(bad_rows) > 10:
        print(f"warning: left out {len(bad_rows) - 10} more rows", file=sys.stderr)


def _log(paths: RunPaths, message: str) -> None:
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    with paths.log.open("a", encoding="utf-8") as file:
        file.write(f"{stamp} [{os.getpid()}] {message}\n")
