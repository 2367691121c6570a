"""Writes every figure of a run into a folder: SVG files, screenshots of its report, and its results as text."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from thoughtrank.report.effect_text import closing_lines
from thoughtrank.report.figures.run_figures import accuracy_figure, prefix_figure, prefix_results_of
from thoughtrank.report.figures.screenshots import take_screenshots, why_no_browser
from thoughtrank.report.figures.svg_file import SCHEMES, Scheme
from thoughtrank.report.html.headline import headline
from thoughtrank.report.html.stored_run import StoredRun, read_run
from thoughtrank.report.html.write_report import write_report
from thoughtrank.report.results_table import results_table
from thoughtrank.storage.files import replacing
from thoughtrank.storage.json_files import read_json_object


@dataclass(slots=True)
class Figures:
    """What was made of one run.

    Attributes:
        paths: of the files.
        left_out: one sentence for each figure that could not be made.
    """

    paths: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def write_figures(run_folder: Path, folder: Path) -> Figures:
    """Write the figures of a run; those of an earlier call are replaced.

    Args:
        run_folder: of the run, or of a study that keeps ``summary.json`` only.
        folder: where they go.

    Raises:
        UserError: it is no run folder.
    """
    run, made = read_run(run_folder), Figures()
    folder.mkdir(parents=True, exist_ok=True)
    _add_accuracy(run, folder, made)
    _add_prefixes(run, folder, made)
    if any(each.replies for each in run.rounds):
        _write(folder / "results.txt", _results(run), made)
        _add_screenshots(run, folder, made)
    else:
        made.left_out.append("screenshots and results.txt: the folder has no tables of replies")
    return made


def _add_accuracy(run: StoredRun, folder: Path, made: Figures) -> None:
    if accuracy_figure(run, scheme="light") is None:
        made.left_out.append("accuracy: no round has one")
        return
    _write_both(folder / "accuracy", lambda scheme: accuracy_figure(run, scheme=scheme) or "", made)


def _add_prefixes(run: StoredRun, folder: Path, made: Figures) -> None:
    number, results = prefix_results_of(run)
    if not results:
        made.left_out.append("prefixes: the folder has no ranked candidates")
        return
    _write_both(folder / "prefixes", lambda scheme: prefix_figure(results, round_number=number, scheme=scheme), made)


def _add_screenshots(run: StoredRun, folder: Path, made: Figures) -> None:
    if (missing := why_no_browser()) is not None:
        made.left_out.append(f"screenshots: {missing}")
    else:
        with tempfile.TemporaryDirectory() as place:
            report = write_report([run.paths.folder], Path(place) / "report.html").path
            made.paths += take_screenshots(report, folder)


def _results(run: StoredRun) -> str:
    """Headline and closing table as text, for pages that quote them."""
    summary = read_json_object(run.paths.summary) or {}
    table = [*closing_lines(summary), results_table(summary["rounds"])] if run.finished else []
    return "\n".join([headline(run), *table]) + "\n"


def _write_both(path: Path, figure: Callable[[Scheme], str], made: Figures) -> None:
    for scheme in SCHEMES:
        _write(path.with_name(f"{path.name}-{scheme}.svg"), figure(scheme), made)


def _write(path: Path, text: str, made: Figures) -> None:
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")
    made.paths.append(path)


def figure_lines(made: Figures) -> Sequence[str]:
    """What was made and left out, one line each."""
    return [*map(str, made.paths), *(f"left out: {each}" for each in made.left_out)]
