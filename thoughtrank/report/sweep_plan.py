"""A sweep that is only planned: its jobs are recorded beside the sweep's own folder, and nothing of that is left behind."""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class SweepFolder:
    """Where the jobs of a sweep are recorded.

    Attributes:
        path: of the folder.
        planned: it is for the plan alone.
        new_parents: folders that it is in and that did not exist before, the nearest first.
    """

    path: Path
    planned: bool = False
    new_parents: tuple[Path, ...] = ()

    def clean_up(self) -> None:
        """Remove the folder of a plan."""
        if self.planned:
            shutil.rmtree(self.path, ignore_errors=True)
            for parent in self.new_parents:
                with suppress(OSError):  # not empty any more
                    parent.rmdir()


def is_planned(settings: Mapping[str, Any], *, typed: Mapping[str, str]) -> bool:
    """Whether a sweep is a dry run.

    Args:
        settings: the config without what was typed.
        typed: the overrides of the command line.
    """
    return str(typed.get("dry_run", settings.get("dry_run"))).lower() == "true"


def planning_folder(folder: Path) -> SweepFolder:
    """A folder for the plan of the sweep in ``folder``, on the same disk, which machines that run jobs may share."""
    path = folder.with_name(f".{folder.name}-dry_run-{os.getpid()}")
    return SweepFolder(path, planned=True, new_parents=tuple(each for each in path.parents if not each.exists()))
