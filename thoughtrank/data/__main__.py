"""``python -m thoughtrank.data export RUN`` and ``python -m thoughtrank.data import FILE --to FOLDER``."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from thoughtrank.config.override_quoting import override_of
from thoughtrank.data.export_examples import export_data
from thoughtrank.data.import_candidates import import_files
from thoughtrank.data.run_components import TRUST_FLAG
from thoughtrank.data.run_reader import run_questions
from thoughtrank.entry_point import entry_point
from thoughtrank.output.terminal import print_text, print_warning
from thoughtrank.records import Question
from thoughtrank.storage.full_disk import full_disk_as_user_error
from thoughtrank.storage.imported_candidates import QUESTIONS
from thoughtrank.user_input.user_paths import user_path


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; a fault that the user can fix is printed as one line, with exit status 2.

    Args:
        arguments: command line; None takes ``sys.argv``.
    """
    parser = argparse.ArgumentParser(
        prog="python -m thoughtrank.data", description="Export data from a run, or import candidates for one."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    export = commands.add_parser("export", help="write a run's examples as JSON lines for other trainers")
    export.add_argument("run", type=user_path, help="run folder, such as runs/quickstart")
    export.add_argument("--to", type=user_path, help="folder for the files; by default data/ in the run folder")
    import_ = commands.add_parser(
        "import", help="check candidates from elsewhere, for a run that starts by ranking them"
    )
    import_.add_argument(
        "files", type=user_path, nargs="+", help=".jsonl or .parquet with question, thought and answer in each row"
    )
    import_.add_argument(
        "--to", type=user_path, required=True, help="folder for the import, which train.py takes as candidates="
    )
    import_.add_argument(
        "--run", type=user_path, help="run folder; rows can then give the question_id of one of its training questions"
    )
    for command in (export, import_):
        command.add_argument(
            TRUST_FLAG,
            action="store_true",
            help="also run code that the run's config names outside this package; it is printed before it runs",
        )
    options = parser.parse_args(arguments)
    with entry_point(), full_disk_as_user_error(options.to or options.run):
        if options.command == "export":
            _export(run_folder=options.run, folder=options.to, trust_code=options.trust_code)
        else:
            known = {} if options.run is None else run_questions(options.run, trust_code=options.trust_code)
            _import(files=options.files, folder=options.to, known=known)


def _export(*, run_folder: Path, folder: Path | None, trust_code: bool) -> None:
    exported = export_data(run_folder=run_folder, folder=folder, trust_code=trust_code)
    for path, rows in exported.rows.items():
        print_text(f"{rows:6d} rows  {path}{'' if rows else ' (not written)'}")
    for note in exported.notes:
        print_text(f"note: {note}")


def _import(*, files: Sequence[Path], folder: Path, known: Mapping[str, Question]) -> None:
    imported = import_files(files=files, folder=folder, known=known)
    for row in imported.skipped_rows:
        print_warning(f"left out {row}")
    if imported.single_candidates:
        print_warning(f"{imported.single_candidates} questions have a single candidate: no ranking, no example")
    if imported.without_reference:
        print_warning(
            f"{imported.without_reference} questions have no reference answer: choose a judge that needs none, such as "
            "judge=gpt4"
        )
    questions = len(imported.questions)
    candidates = override_of("candidates", str(folder))
    print_text(
        f"{imported.candidates.total()} candidates of {questions} questions, {len(imported.skipped_rows)} rows left out\n"
        "rank them, train on the best, and evaluate on the questions of questions= (word problems by default):\n"
        f"  python train.py {candidates} rounds=1"
    )
    if questions > 1:
        print_text(
            "or hold out a fifth of their questions for the evaluation:\n"
            f"  python train.py {candidates} rounds=1 {_held_out_of(folder, questions=questions)}"
        )


def _held_out_of(folder: Path, *, questions: int) -> str:
    """Overrides for a run that holds out a fifth of the imported questions and trains on the others."""
    path = override_of("questions.path", str(folder / QUESTIONS))
    return f"questions=file {path} questions.held_out={max(1, questions // 5)}"


if __name__ == "__main__":
    main()
