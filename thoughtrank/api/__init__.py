"""Runs from Python, in scripts and notebooks: ``from thoughtrank.api import run; run(["rounds=1"])``."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from thoughtrank.api.compose import compose
from thoughtrank.api.overrides import override_texts
from thoughtrank.errors import UserError
from thoughtrank.output.terminal_encoding import escape_unprintable
from thoughtrank.process.module_path import search_working_folder_last
from thoughtrank.run import do_run
from thoughtrank.storage.json_files import read_json

__all__ = ["UserError", "run"]


def run(
    overrides: Sequence[str] | Mapping[str, object] = (), *, config_dir: str | Path | None = None
) -> dict[str, Any] | None:
    """Do what is still to be done of one run, as ``thoughtrank OVERRIDE...`` does.

    It prints what the command prints, and may be called repeatedly, from any thread, and while an event loop runs. The process,
    its signal handlers and its module path are afterwards as they were; Ctrl-C, or a notebook's stop button, raises
    ``KeyboardInterrupt``, and the same call resumes the run.

    Args:
        overrides: as on the command line, ``["rounds=1", "judge=gpt4"]``, or as a mapping, whose values need no quotes:
            ``{"rounds": 1, "questions.path": "my questions.jsonl", "optimizer": {"lr": 1e-4}}``.
        config_dir: a folder with YAML files of your own, as for ``--config-dir``.

    Returns:
        What ``summary.json`` contains; None where the run is not finished afterwards (``dry_run``, ``stop_after``), and on all
        machines but the first.

    Raises:
        UserError: something that you can fix, one sentence per entry of ``faults``; finished work is kept.
    """
    escape_unprintable()
    try:
        with _working_folder_last():
            texts = override_texts(overrides)
            composed = compose(texts, config_dir=config_dir)
            summary = do_run(composed.values, choices=composed.choices, stored=composed.stored, command=texts)
    except UserError as error:
        # Where inside this package, and after which error of a library, is no help to whoever has to fix it.
        raise error.with_traceback(None) from None
    return None if summary is None else read_json(summary)


@contextmanager
def _working_folder_last() -> Iterator[None]:
    """As in the command: no file beside a notebook replaces a module that a library imports in the middle of a run."""
    before = [*sys.path]
    search_working_folder_last()
    during = [*sys.path]
    try:
        yield
    finally:
        if sys.path == during:
            sys.path[:] = before
