import errno
import os
import re

import pytest

from thoughtrank.storage.run_log import log_line, log_size, log_start, start_date
from thoughtrank.storage.run_paths import RunPaths


@pytest.fixture
def paths(tmp_path):
    return RunPaths(tmp_path)


def test_every_message_is_a_line_with_time_and_process_after_the_earlier_ones(paths):
    log_line(paths, "started: rounds=2")
    log_line(paths, "stopped: größer")
    lines = paths.log.read_text(encoding="utf-8").splitlines()
    stamp = rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d \[{os.getpid()}\] "
    assert [re.sub(stamp, "", line) for line in lines] == ["started: rounds=2", "stopped: größer"]


def test_the_size_tells_whether_anything_was_logged_since(paths):
    assert log_size(paths) == 0
    log_line(paths, "started")
    first = log_size(paths)
    assert first == paths.log.stat().st_size > 0
    log_line(paths, "ended")
    assert log_size(paths) > first


def test_a_torn_last_line_does_not_swallow_the_next_one(tmp_path):
    paths = RunPaths(tmp_path)
    assert log_size(paths) == 0
    log_line(paths, "started")
    with paths.log.open("a") as file:
        file.write("torn")
    log_line(paths, "ended \ud800")
    first, torn, last = paths.log.read_text().splitlines()
    assert first.endswith("started")
    assert torn == "torn"
    assert last.endswith("ended \ufffd")
    assert log_size(paths) == paths.log.stat().st_size


def test_a_full_disk_does_not_hide_the_error_behind_one_of_the_log(tmp_path):
    paths = RunPaths(tmp_path)
    paths.log.symlink_to("/dev/full")
    log_line(paths, "stopped: the disk is full")


def test_other_errors_are_raised(tmp_path):
    paths = RunPaths(tmp_path)
    paths.log.mkdir()
    with pytest.raises(OSError, match="directory") as caught:
        log_line(paths, "started")
    assert caught.value.errno == errno.EISDIR


def test_the_start_of_a_run_is_the_day_of_its_first_attempt(paths):
    assert start_date(paths) is None
    paths.log.write_text("2026-11-27 23:59:59 [7] started: rounds=2\n")
    log_start(paths, command=["rounds=3"])
    assert start_date(paths) == "2026-11-27"


@pytest.mark.parametrize("text", ["", "torn", "2026-11-27 23:59:59 [7] ended after 2.0 minutes\n"])
def test_a_log_that_begins_otherwise_has_no_start(paths, text):
    paths.log.write_text(text)
    assert start_date(paths) is None
