"""``python -m thoughtrank.report.study STUDY [STUDY ...]``: keeps the summaries of a study's runs, and makes its tables and
pictures from them."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from thoughtrank.entry_point import entry_point
from thoughtrank.output.terminal import print_text
from thoughtrank.report.figures.svg_file import SCHEMES, Scheme
from thoughtrank.report.study.comparison import comparison_path, read_comparison, update_comparison
from thoughtrank.report.study.kept_runs import StudyRun, by_setting, collect, read_runs, settings_of
from thoughtrank.report.study.plots import accuracy, differences_figure, effects_figure, genuine_fraction, rounds_figure
from thoughtrank.report.study.prefix_wins import keep_prefix_wins
from thoughtrank.report.study.tables import study_tables
from thoughtrank.storage.files import write_text
from thoughtrank.storage.full_disk import full_disk_as_user_error
from thoughtrank.user_input.user_paths import user_path


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the results of studies; a fault that the user can fix is printed as one line, with exit status 2.

    Args:
        arguments: command line; None takes ``sys.argv``.
    """
    parser = argparse.ArgumentParser(
        prog="python -m thoughtrank.report.study",
        description="Keep the summaries of the finished runs of a study, and write its tables and pictures.",
    )
    parser.add_argument(
        "studies", type=user_path, nargs="+", metavar="STUDY", help="folder of a study, such as experiments/exploration"
    )
    parser.add_argument(
        "--runs-dir",
        type=user_path,
        default=Path("runs"),
        help="where the runs are, in a folder named as the study: runs",
    )
    parser.add_argument(
        "--prefixes",
        action="store_true",
        help="keep which questions each prefix of the first setting solves, too",
    )
    options = parser.parse_args(arguments)
    with entry_point():
        for study in options.studies:
            with full_disk_as_user_error(study):
                for line in write_study(
                    study, runs=options.runs_dir / study.resolve().name, with_prefixes=options.prefixes
                ):
                    print_text(line)


def write_study(study: Path, *, runs: Path, with_prefixes: bool = False) -> list[str]:
    """Keep the summaries of the finished runs, and write tables and pictures of all that are kept.

    Args:
        study: the folder of the study.
        runs: the folder of its run folders; it need not exist.
        with_prefixes: keep the genuine wins of the prefixes of the first setting as well.

    Returns:
        One line for each file that was written, and for what is missing.

    Raises:
        UserError: the folder holds no study of several runs.
    """
    order = settings_of(study)
    finished = collect(runs, study)
    kept = read_runs(study)
    if not kept:
        return [f"left out: {study}: no run of it is finished, neither in {runs} nor among the summaries it keeps"]
    lines = []
    if with_prefixes:
        first = next(iter(by_setting(finished, order=order).values()), [])
        lacking = [run.name for run in first if not keep_prefix_wins(run, study)]
        lines += [f"left out: the prefixes of {name}: it has no ranked candidates" for name in lacking]
    if update_comparison(study, by_setting(finished, order=order), kept=kept):
        lines.append(str(comparison_path(study)))
    elif not read_comparison(study, kept):
        lines.append(
            f"left out: comparisons between settings: {runs} does not have the replies of all {len(kept)} runs"
        )
    for name, text in study_files(study, kept, order=order).items():
        write_text(study / name, text)
        lines.append(str(study / name))
    return lines


def study_files(study: Path, kept: Sequence[StudyRun], *, order: Sequence[str]) -> dict[str, str]:
    """The name and the text of each file that is made from what a study keeps."""
    groups = by_setting(kept, order=order)
    compared = read_comparison(study, kept)
    files = {"results.md": study_tables(groups, compared)}
    for scheme in SCHEMES:
        pictures = _pictures(groups, compared, scheme=scheme)
        files |= {f"{name}-{scheme}.svg": text for name, text in pictures.items() if text is not None}
    return files


def _pictures(
    groups: Mapping[str, Sequence[StudyRun]], compared: Mapping[str, Any], *, scheme: Scheme
) -> dict[str, str | None]:
    by_round = "mean and range over seeds"
    return {
        "accuracy": rounds_figure(groups, accuracy, label=f"accuracy by round, {by_round}", scheme=scheme),
        "genuine": rounds_figure(
            groups, genuine_fraction, label=f"training questions with a genuine win, {by_round}", scheme=scheme
        ),
        "differences": differences_figure(groups, compared, scheme=scheme),
        "effects": effects_figure(groups, scheme=scheme),
    }


if __name__ == "__main__":
    main()
