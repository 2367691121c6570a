import pytest

from thoughtrank.errors import UserError
from thoughtrank.judging.openai.unusable_server import UnusableServerDetector


def add(detector, *calls):
    for call in calls:
        detector.add_failure(call, url="http://h/v1", example="<html>")


def test_three_first_calls_that_bring_no_completion_stop_the_run():
    detector = UnusableServerDetector()
    add(detector, "a", "b")
    with pytest.raises(UserError, match=r"http://h/v1 replied to none of 3 calls .*<html>.*judge\.base_url"):
        add(detector, "c")


def test_attempts_at_one_call_are_one_call():
    detector = UnusableServerDetector()
    add(detector, *"abababab")


def test_one_completion_shows_that_the_settings_are_right():
    detector = UnusableServerDetector()
    add(detector, "a", "b")
    detector.add_completion()
    add(detector, *"cdefgh")
