"""``python -m thoughtrank.report RUN [RUN ...]``: builds the report of one or several runs from their stored tables."""

import argparse
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from thoughtrank.entry_point import entry_point
from thoughtrank.output.terminal import print_text
from thoughtrank.report.figures.write_figures import figure_lines, write_figures
from thoughtrank.report.html.stored_run import read_run
from thoughtrank.report.html.write_report import write_report
from thoughtrank.report.wandb_report import make_report
from thoughtrank.storage.full_disk import full_disk_as_user_error
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.user_input.user_paths import user_path


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the report; a fault that the user can fix is printed as one line, with exit status 2.

    Args:
        arguments: command line; None takes ``sys.argv``.
    """
    parser = argparse.ArgumentParser(
        prog="python -m thoughtrank.report",
        description="Build the report of a run, or of several runs side by side, as one HTML file.",
    )
    parser.add_argument("runs", type=user_path, nargs="+", metavar="RUN", help="run folder, such as runs/quickstart")
    parser.add_argument(
        "--output",
        type=user_path,
        help="the file; by default report.html in the run folder, or in this folder for several runs",
    )
    parser.add_argument(
        "--figures",
        type=user_path,
        metavar="FOLDER",
        help="write pictures of one run there instead: accuracy and prefixes as SVG, and screenshots of its report",
    )
    parser.add_argument("--open", action="store_true", help="show it in the browser")
    parser.add_argument(
        "--wandb",
        action="store_true",
        help="build a W&B Report instead; without an account its specification is written",
    )
    parser.add_argument("--entity", help="with --wandb: user or team; by default that of the account")
    parser.add_argument("--project", help="with --wandb: project; by default that of the run")
    options = parser.parse_args(arguments)
    if options.figures is not None and len(options.runs) > 1:
        parser.error("--figures takes one run")
    default = RunPaths(options.runs[0]).report if len(options.runs) == 1 else Path("report.html")
    path = options.output or default
    with entry_point(), full_disk_as_user_error(path):
        if options.figures is not None:
            for line in figure_lines(write_figures(options.runs[0], options.figures)):
                print_text(line)
            return
        if options.wandb:
            _make_wandb_report(options.runs, folder=path.parent, entity=options.entity, project=options.project)
            return
        written = write_report(options.runs, path)
        print_text(f"{written.path} ({written.megabytes:.1f} MB, {written.seconds:.1f} s)")
        if options.open:
            webbrowser.open(written.path.resolve().as_uri())


def _make_wandb_report(folders: Sequence[Path], *, folder: Path, entity: str | None, project: str | None) -> None:
    made = make_report([read_run(each) for each in folders], folder=folder, entity=entity, project=project)
    print_text(f"{made.specification} (the specification of a W&B Report)")
    print_text(made.url or "not sent to W&B, not logged in: run 'wandb login', then this command again")


if __name__ == "__main__":
    main()
