import subprocess
import sys
import webbrowser

import pytest
from stored_runs import stored_run

from thoughtrank.report.__main__ import main


def test_the_report_of_a_run_is_in_its_folder(tmp_path, capsys):
    folder = stored_run(tmp_path / "run", rounds=1)
    main([str(folder)])
    assert (folder / "report.html").exists()
    assert str(folder / "report.html") in capsys.readouterr().out


def test_that_of_several_runs_is_where_it_was_asked_for(tmp_path, monkeypatch):
    folders = [str(stored_run(tmp_path / name, rounds=1)) for name in "ab"]
    main([*folders, "--output", str(tmp_path / "both.html")])
    assert "Runs side by side" in (tmp_path / "both.html").read_text()
    monkeypatch.chdir(tmp_path)
    main(folders)
    assert (tmp_path / "report.html").exists()


def test_folders_may_be_given_by_the_home_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    stored_run(tmp_path / "run", rounds=0)
    main(["~/run", "--output=~/mine.html"])
    assert (tmp_path / "mine.html").exists()


def test_open_shows_the_file_in_the_browser(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    main([str(stored_run(tmp_path / "run", rounds=0)), "--open"])
    assert opened == [(tmp_path / "run" / "report.html").resolve().as_uri()]


def test_another_folder_is_one_message(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([str(tmp_path)])
    assert stopped.value.code == 2
    assert "is not a run folder" in capsys.readouterr().err


def test_it_loads_neither_torch_nor_transformers(tmp_path):
    program = (
        "import sys, thoughtrank.report.__main__; print(sorted({'torch', 'transformers', 'wandb'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
