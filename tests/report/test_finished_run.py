import pytest

from thoughtrank.report.finished_run import damage, damage_text, was_finished
from thoughtrank.storage.json_files import write_json
from thoughtrank.storage.run_paths import RunPaths

SETTINGS = {"rounds": 2}
SUMMARY = {"rounds": [{}], "exported_round": 0, "export": "export", "finished": SETTINGS}


@pytest.fixture
def paths(tmp_path):
    paths = RunPaths(tmp_path)
    paths.export.mkdir()
    write_json(paths.export / "config.json", {})
    write_json(paths.summary, SUMMARY)
    return paths


def test_a_run_is_finished_with_the_settings_that_it_was_asked_for(paths):
    assert was_finished(paths, settings=SETTINGS)
    assert not was_finished(paths, settings={"rounds": 3})
    assert damage(paths) == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"rounds": [], "exported_round": 0, "export": "", "finished": {}}']
)
def test_a_damaged_summary_is_named(paths, text):
    paths.summary.write_text(text)
    assert damage(paths) == ["summary.json"]


def test_a_run_with_a_damaged_summary_was_finished(paths):
    paths.summary.write_text("{")
    assert was_finished(paths, settings=SETTINGS)
    paths.summary.unlink()
    assert not was_finished(paths, settings=SETTINGS)


def test_many_damaged_files_are_counted():
    text = damage_text("mine", [f"file_{number}" for number in range(7)])
    assert "file_4 and 2 more." in text
    assert "file_5" not in text
