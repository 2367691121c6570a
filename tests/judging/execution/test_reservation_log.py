import json

import pytest

from thoughtrank.judging.execution.reservation_log import ReservationLog


def test_reservations_of_a_killed_process_stay_open(tmp_path):
    path = tmp_path / "_reservations.jsonl"
    first = ReservationLog(path)
    first.begin("a", 0.5)
    first.begin("b", 0.25)
    first.end("a", 0.5)
    assert first.open_amount == pytest.approx(0.25)
    first.close()
    with path.open("ab") as file:
        file.write(b'\n{"key": "c", "rese')  # killed while it wrote, so before it sent
    second = ReservationLog(path)
    assert second.open_amount == pytest.approx(0.25)
    second.begin("d", 1.0)
    second.close()
    assert ReservationLog(path).open_amount == pytest.approx(1.25)


def test_free_attempts_leave_no_file(tmp_path):
    reservations = ReservationLog(tmp_path / "_reservations.jsonl")
    reservations.begin("a", 0.0)
    assert not reservations.path.exists()


def test_raised_bounds_are_written_once_and_read_again(tmp_path):
    path = tmp_path / "_reservations.jsonl"
    reservations = ReservationLog(path)
    reservations.raise_bounds({})
    assert not path.exists()
    for factor in (1.5, 1.5, 1.2, 4.0):
        reservations.raise_bounds({"completion_tokens": factor})
    reservations.raise_bounds({"prompt_tokens": 2.0})
    reservations.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["raised_bounds"] for line in lines] == [
        {"completion_tokens": 1.5},
        {"completion_tokens": 4.0},
        {"prompt_tokens": 2.0},
    ]
    again = ReservationLog(path)
    assert again.raised_bounds == {"completion_tokens": 4.0, "prompt_tokens": 2.0}
    assert again.open_amount == 0.0


def test_calls_that_exhausted_their_retries_are_known_to_the_next_attempt_only(tmp_path):
    path = tmp_path / "_reservations.jsonl"
    first = ReservationLog(path)
    first.begin("a", 0.5)
    first.add_exhausted("a")
    assert first.exhausted == set()
    first.close()
    second = ReservationLog(path)
    assert (second.exhausted, second.open_amount) == ({"a"}, 0.5)
