"""Writes ``report.html`` into a run folder, or elsewhere for several runs."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from thoughtrank.output.terminal import print_warning
from thoughtrank.records import Question
from thoughtrank.report.html.page import report_page
from thoughtrank.report.html.stored_run import StoredRun, read_run
from thoughtrank.storage.files import replacing
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.storage.tables import part_path, write_part


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """A report that was written.

    Attributes:
        path: of the file.
        megabytes: its size.
        seconds: that it took.
    """

    path: Path
    megabytes: float
    seconds: float


def write_report(run_folders: Sequence[Path], path: Path) -> WrittenReport:
    """Build the report of one or several runs from their stored tables; an older file is replaced at once.

    Raises:
        UserError: one of the folders is no run folder.
        OSError: the file cannot be written.
    """
    began = time.monotonic()
    page = report_page(_told_apart([read_run(folder) for folder in run_folders]))
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        replacing(path) as partial,
        partial.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file,
    ):
        file.writelines(page)
    return WrittenReport(path, path.stat().st_size / 1e6, time.monotonic() - began)


def _told_apart(runs: Sequence[StoredRun]) -> list[StoredRun]:
    """The runs; those of one name get as much of their paths as tells them apart."""
    names = Counter(run.name for run in runs)
    same = [run.paths.folder.resolve().parts for run in runs if names[run.name] > 1]
    depth = next(
        (
            count
            for count in range(2, 1 + max(map(len, same), default=1))
            if len({each[-count:] for each in same}) == len(same)
        ),
        1,
    )
    return [
        replace(run, name="/".join(run.paths.folder.resolve().parts[-depth:])) if names[run.name] > 1 else run
        for run in runs
    ]


def report_of_running(paths: RunPaths, *, questions: Mapping[int, Sequence[Question]]) -> None:
    """Write the report during a run, which must not fail because of it: whatever goes wrong is one warning.

    Args:
        paths: of the run.
        questions: round to its questions, which are stored as a table for the report; 0: the held-out ones.
    """
    try:
        paths.questions.mkdir(exist_ok=True)
        for number, asked in questions.items():
            write_part(part_path(paths.questions, number), asked, record_type=Question)
        write_report([paths.folder], paths.report)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        print_warning(
            f"{paths.report} was not written ({reason}); the run is not affected, and 'python -m thoughtrank.report "
            f"{paths.folder}' writes it again"
        )
