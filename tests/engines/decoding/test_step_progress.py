"""A group that is decoded again reports nothing twice."""

from thoughtrank.engines.decoding.step_progress import StepProgress


def test_only_what_exceeds_the_earlier_attempt_is_reported():
    reports = []
    progress = StepProgress(lambda tokens, finished: reports.append((tokens, finished)))
    progress(10, 1)
    progress(10, 0)
    progress.restart()
    progress(8, 0)
    progress(8, 1)
    assert reports == [(10, 1), (10, 0)]
    progress(8, 2)
    assert reports[2:] == [(4, 2)]


def test_nobody_has_to_listen():
    StepProgress(None)(1, 1)
