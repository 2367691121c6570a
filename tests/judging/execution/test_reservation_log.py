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
