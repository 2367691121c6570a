"""The commands ``python -m thoughtrank.data export`` and ``import``: what they print, and their exit status."""

import json
import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser

from thoughtrank.data.__main__ import main
from thoughtrank.storage.imported_candidates import ImportedCandidates

ANSWERS = ["It is 1", "It is 3"]


@pytest.fixture
def rows(tmp_path):
    """A file of candidates: two for each of six questions, and one unusable row."""
    path = tmp_path / "rows.jsonl"
    good = [{"question": f"Q{number}?", "thought": "t", "answer": answer} for number in range(6) for answer in ANSWERS]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*good, {"question": "Q0?", "answer": "a"}]))
    return path


def test_export_prints_what_it_wrote_or_what_is_missing(made_run, tmp_path, capsys):
    run = made_run(["Why?", "How?", "Who?"])
    with pytest.raises(SystemExit) as exit_status:
        main(["export", str(run.folder)])
    assert exit_status.value.code == 2
    assert "has no examples yet" in capsys.readouterr().err
    run.add_round(run.questions, ANSWERS)
    main(["export", str(run.folder), "--to", str(tmp_path / "out")])
    assert f"3 rows  {tmp_path}/out/messages.jsonl" in capsys.readouterr().out
    assert (tmp_path / "out" / "dataset_info.json").exists()


def test_import_reports_every_unusable_row_and_counts_the_others(rows, tmp_path, capsys):
    main(["import", str(rows), "--to", str(tmp_path / "import")])
    printed = capsys.readouterr()
    assert f"warning: left out {rows}:13: no 'thought'" in printed.err
    assert "6 questions have no reference answer" in printed.err
    assert "single candidate" not in printed.err
    assert "12 candidates of 6 questions, 1 rows left out" in printed.out


def test_folders_may_be_given_by_the_home_directory(rows, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    main(["import", f"~/{rows.name}", "--to=~/import"])
    assert len(ImportedCandidates(tmp_path / "import").questions()) == 6


def test_import_prints_commands_that_take_its_folder(rows, tmp_path, capsys):
    main(["import", str(rows), "--to", str(tmp_path / "import")])
    commands = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  python train.py")]
    plain, held_out = (dict(each.split("=", 1) for each in shlex.split(line)[2:]) for line in commands)
    assert plain == {"candidates": str(tmp_path / "import"), "rounds": "1"}
    assert held_out["questions.held_out"] == "1"
    assert len(ImportedCandidates(tmp_path / "import").questions()) == 6
    assert len(Path(held_out["questions.path"]).read_text().splitlines()) == 6


def test_import_into_a_folder_with_any_name_prints_commands_that_work_when_pasted(rows, tmp_path, capsys):
    folder = tmp_path / "größe im=1, <a>"
    main(["import", str(rows), "--to", str(folder)])
    commands = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  python train.py")]
    for line, key in zip(commands, ("candidates", "questions.path"), strict=True):
        parsed = OverridesParser.create().parse_overrides(shlex.split(line)[2:])
        values = {each.key_or_group: each.value() for each in parsed}
        assert Path(values[key]) in (folder, folder / "questions.jsonl")


def test_a_question_with_one_candidate_is_warned_of(tmp_path, capsys):
    path = tmp_path / "one.jsonl"
    path.write_text(json.dumps({"question": "Q?", "thought": "t", "answer": "a", "reference": 1}))
    main(["import", str(path), "--to", str(tmp_path / "import")])
    printed = capsys.readouterr()
    assert "1 questions have a single candidate" in printed.err
    assert "no reference answer" not in printed.err
    assert printed.out.count("python train.py") == 1


def test_a_fault_is_one_line_and_exit_status_2(tmp_path, capsys):
    with pytest.raises(SystemExit) as exit_status:
        main(["import", str(tmp_path / "none.jsonl"), "--to", str(tmp_path / "import")])
    assert exit_status.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert "does not exist" in line


def test_code_that_a_run_folder_names_runs_only_with_the_flag(made_run, tmp_path, capsys, monkeypatch):
    run = made_run(["Why?"])
    run.add_round(run.questions, ANSWERS)
    config = run.store.paths.config
    values = yaml.safe_load(config.read_text())
    (tmp_path / "foreign_code.py").write_text(
        "from pathlib import Path\n"
        f"Path({str(tmp_path / 'imported')!r}).touch()\n"
        "from thoughtrank.questions.question_file import QuestionFile\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    values["questions"]["_target_"] = "foreign_code.QuestionFile"
    config.write_text(yaml.safe_dump(values))
    for command in (["export", str(run.folder)], ["import", "none.jsonl", "--to", "to", "--run", str(run.folder)]):
        with pytest.raises(SystemExit) as exit_status:
            main(command)
        assert exit_status.value.code == 2
        [line] = capsys.readouterr().err.splitlines()
        assert "would import and run foreign_code.QuestionFile" in line
        assert "--trust-code" in line
    assert not (tmp_path / "imported").exists()
    main(["export", str(run.folder), "--to", str(tmp_path / "out"), "--trust-code"])
    assert "running foreign_code.QuestionFile, which the config of this run folder names" in capsys.readouterr().out
    assert (tmp_path / "imported").exists()


def faults_of(arguments, capsys):
    with pytest.raises(SystemExit) as exit_status:
        main([str(each) for each in arguments])
    assert exit_status.value.code == 2
    printed = capsys.readouterr().err
    assert "Traceback" not in printed
    return printed.splitlines()


@pytest.mark.parametrize("cut", [0, 40])
@pytest.mark.parametrize(
    "name",
    [
        "config.yaml",
        "round_1/1_candidates/part-00000.parquet",
        "round_1/2_rankings/part-00000.parquet",
        "round_1/3_examples/part-00000.parquet",
        "round_1/4_model/tokenizer.json",
    ],
)
def test_a_run_folder_with_a_cut_file_is_one_message(made_run, tiny_folder, tmp_path, name, cut, capsys):
    run = made_run(["Why?", "How?"])
    run.add_round(run.questions, ANSWERS)
    shutil.copytree(tiny_folder, run.store.paths.model(1), dirs_exist_ok=True)
    path = run.folder / name
    path.write_bytes(path.read_bytes()[:cut])
    [line] = faults_of(["export", run.folder, "--to", tmp_path / "out"], capsys)
    assert str(path.parent) in line


@pytest.mark.parametrize("stage", ["1_candidates", "2_rankings"])
def test_a_run_folder_without_one_of_its_tables_is_one_message(made_run, tmp_path, stage, capsys):
    run = made_run(["Why?", "How?"])
    run.add_round(run.questions, ANSWERS)
    shutil.rmtree(run.folder / "round_1" / stage)
    [line] = faults_of(["export", run.folder, "--to", tmp_path / "out"], capsys)
    assert stage in line


def test_a_folder_that_is_a_file_or_a_file_that_is_a_folder_is_one_message(made_run, rows, tmp_path, capsys):
    (tmp_path / "file").touch()
    for arguments in (
        ["import", rows, "--to", tmp_path / "file"],
        ["import", rows, "--to", tmp_path / "file" / "inner"],
        ["import", tmp_path, "--to", tmp_path / "import"],
        ["export", tmp_path / "file"],
        ["export", tmp_path],
    ):
        [line] = faults_of(arguments, capsys)
        assert str(tmp_path) in line
    run = made_run(["Why?"])
    run.store.paths.config.unlink()
    run.store.paths.config.mkdir()
    [line] = faults_of(["export", run.folder], capsys)
    assert "config.yaml" in line
