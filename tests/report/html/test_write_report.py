import errno
import re

from stored_runs import stored_run

from thoughtrank.records import Question
from thoughtrank.report.html import write_report as module
from thoughtrank.report.html.write_report import report_of_running, write_report
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.storage.tables import read_table


def test_the_file_is_replaced_as_a_whole(tmp_path):
    folder = stored_run(tmp_path / "run")
    path = tmp_path / "new" / "report.html"
    written = write_report([folder], path)
    assert written.path == path
    assert written.megabytes == path.stat().st_size / 1e6
    assert path.read_text().endswith("</body>\n</html>\n")
    before = path.read_bytes()
    write_report([folder], path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_runs_of_one_name_are_told_apart_by_their_folders(tmp_path):
    folders = [stored_run(tmp_path / name / "runs" / "same", rounds=1, seed=seed) for seed, name in enumerate("ab")]
    folders.append(stored_run(tmp_path / "other", rounds=1))
    page = write_report(folders, tmp_path / "report.html").path.read_text()
    options = re.findall(r'<option value="\d"(?: selected)?>([^<]*)</option>', page)
    assert sorted(options[:3]) == ["a/runs/same", "b/runs/same", "other"]


def test_a_running_run_stores_its_questions_with_the_report(tmp_path):
    paths = RunPaths(stored_run(tmp_path / "run", rounds=1))
    report_of_running(paths, questions={0: [Question("h", "held out")], 1: [Question("q", "how many?")]})
    assert [each.text for each in read_table(paths.questions, Question)] == ["held out", "how many?"]
    assert paths.report.exists()


def test_no_failure_of_the_report_ends_the_run(tmp_path, monkeypatch, capsys):
    paths = RunPaths(stored_run(tmp_path / "run", rounds=1))
    for error in (OSError(errno.ENOSPC, "No space left on device"), ZeroDivisionError("a bug\nin two lines")):

        def fail(runs, error=error):
            raise error

        monkeypatch.setattr(module, "report_page", fail)
        report_of_running(paths, questions={})
        printed = capsys.readouterr().err
        assert printed.startswith(f"warning: {paths.report} was not written ({type(error).__name__}: ")
        assert printed.count("\n") == 1
        assert not paths.report.exists()
