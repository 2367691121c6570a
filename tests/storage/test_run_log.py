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
