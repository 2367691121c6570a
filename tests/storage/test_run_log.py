import errno
import os
import re

import pytest

from thoughtrank.storage.run_log import log_line, log_size
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
