import pytest

from thoughtrank.errors import UserError
from thoughtrank.judging.openai.unusable_server import UnusableServerDetector


def add(detector, *completions):
    for is_completion in completions:
        detector.add(is_completion=is_completion, url="http://h/v1", example="<html>")


def test_three_first_replies_that_are_no_completion_stop_the_run():
    detector = UnusableServerDetector()
    add(detector, False, False)
    with pytest.raises(UserError, match=r"http://h/v1 replied to none of 3 calls .*<html>.*judge\.base_url"):
        add(detector, False)


def test_one_completion_shows_that_the_settings_are_right():
    detector = UnusableServerDetector()
    add(detector, False, False, True, False, False, False, False)
