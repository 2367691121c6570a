"""Runs from Python, in scripts and notebooks: ``from thoughtrank.api import run; run(["rounds=1"])``."""

from thoughtrank.process.module_path import UserFoldersLast, replaced_module

try:
    # Also during the imports: a file beside a script or a notebook must not replace a module that a library imports.
    with UserFoldersLast():
        from collections.abc import Mapping, Sequence
        from pathlib import Path
        from typing import Any

        from thoughtrank.api.compose import compose
        from thoughtrank.api.overrides import override_texts
        from thoughtrank.errors import UserError, replaced_module_error
        from thoughtrank.output.terminal_encoding import escape_unprintable
        from thoughtrank.run import do_run
        from thoughtrank.storage.json_files import read_json
except (ImportError, AttributeError) as error:
    if (file := replaced_module(error)) is None:
        raise
    with UserFoldersLast():
        from thoughtrank.errors import replaced_module_error
    raise replaced_module_error(file) from None

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
        config_dir: a folder with YAML files of your own, as for ``--config-dir``; ``~`` is the home directory.

    Returns:
        What ``summary.json`` contains; None where the run is not finished afterwards (``dry_run``, ``stop_after``), and on all
        machines but the first.

    Raises:
        UserError: something that you can fix, one sentence per entry of ``faults``; finished work is kept.
    """
    escape_unprintable()
    try:
        with UserFoldersLast():
            texts = override_texts(overrides)
            composed = compose(texts, config_dir=config_dir)
            summary = do_run(composed.values, choices=composed.choices, stored=composed.stored, command=texts)
    except UserError as error:
        # Where inside this package, and after which error of a library, is no help to whoever has to fix it.
        raise error.with_traceback(None) from None
    except (ImportError, AttributeError) as error:
        if (file := replaced_module(error)) is None:
            raise
        raise replaced_module_error(file) from None
    return None if summary is None else read_json(summary)
